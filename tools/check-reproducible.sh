#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds library, command, manual pages and completions twice: in folders of different names, in different places, by one job and by two,
# with another locale, time zone and umask. Fails if any byte of what is installed differs.
#
# Usage: tools/check-reproducible.sh       (some three minutes)
set -eu
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MAKELEVEL MFLAGS

SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2> /dev/null || stat -c %Y VERSION)
export SOURCE_DATE_EPOCH
first=$work/a second=$work/another-folder/of-the/same-sources
tools/copy-sources.sh "$first"
tools/copy-sources.sh "$second"

(umask 022; cd "$first" && make -s -j1 OUT=build DESTDIR="$work/installed-a" install) > "$work/log" 2>&1 || { tail "$work/log"; exit 1; }
(umask 027; cd "$second" && LC_ALL=C.UTF-8 TZ=Pacific/Auckland LANG=de_DE.UTF-8 make -s -j2 OUT=build DESTDIR="$work/installed-b" install) \
	> "$work/log" 2>&1 || { tail "$work/log"; exit 1; }

if ! diff -r "$work/installed-a" "$work/installed-b"; then
	echo "check-reproducible.sh: two builds of the same sources differ" >&2
	exit 1
fi
list=$(grep -rl "$work" "$work/installed-a" || true)
if [ -n "$list" ]; then
	echo "check-reproducible.sh: the folder of the build stands in $list" >&2
	exit 1
fi
(cd "$work/installed-a" && find . -type f -exec sha256sum {} + | LC_ALL=C sort -k 2)
echo "check-reproducible.sh: two builds of the same sources give the same bytes"
