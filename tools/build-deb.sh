#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds the Debian packages malloc-debug, libmalloc-debug-dev and their debug symbols from the sources as they are in this folder, and has
# lintian look at them. The version is that in VERSION, the date that of the last commit (or of VERSION): the same sources give the same packages.
# tools/install-packages.sh --package installs what is needed.
#
# Usage: tools/build-deb.sh FOLDER     where *.deb go; it is made anew
set -eu

source=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$source"
version=$(cat VERSION)
work=$folder/malloc-debug-$version

for tool in dpkg-buildpackage dh lintian; do
	if ! command -v $tool > /dev/null; then
		echo "build-deb.sh: $tool is not installed: tools/install-packages.sh --package" >&2
		exit 1
	fi
done

find "$folder" -mindepth 1 -maxdepth 1 \( -name '*.deb' -o -name 'malloc-debug*' \) -exec rm -rf {} +
tools/copy-sources.sh "$work"

when=$(git log -1 --format=%ct 2> /dev/null || stat -c %Y VERSION)
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$when}"
cd "$work"
mv tools/debian debian
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES # the packages are built as they are, not as our caller is
maintainer=$(sed -n 's/^Maintainer: //p' debian/control)
cat > debian/changelog <<END
malloc-debug ($version) unstable; urgency=medium

  * Version $version.

 -- $maintainer  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
END
dpkg-buildpackage --build=binary --no-sign --root-command=fakeroot -j2 > ../malloc-debug.log 2>&1 || {
	tail -30 ../malloc-debug.log >&2
	echo "build-deb.sh: the packages were not built: $folder/malloc-debug.log" >&2
	exit 1
}
cd ..
rm -rf "$work"
lintian --fail-on error --tag-display-limit 0 --allow-root malloc-debug_*.changes
ls -l ./*.deb
