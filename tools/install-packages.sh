#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs the Debian packages that malloc-debug needs:
#   tools/install-packages.sh               to build the library and the command, and to read reports with symbols
#   tools/install-packages.sh --test        also what make check needs
#   tools/install-packages.sh --bench       also the tools that make bench compares with, and the programs it runs
#   tools/install-packages.sh --realworld   also the programs of make realworld
#   tools/install-packages.sh --package     also what builds and checks Debian packages: make deb, make check-deb, make check-abi
# --print only prints the names. Uses sudo when not root; asks nothing.
set -eu

# libunwind-x86_64.so.8 is loaded at run time (libunwind8); its header comes with libunwind-dev. libc6-dbg gives names inside the C library.
build="gcc g++ make libc6-dev libunwind8 libunwind-dev libdw-dev libelf-dev zlib1g-dev pkg-config binutils libc6-dbg"
# gdb, strace, valgrind: reports are checked against what these see. chromium (80 MB): pages are opened, clicked and looked at in it.
test="libcriterion-dev python3 python3-jsonschema asciidoctor gdb strace valgrind procps git chromium fonts-dejavu-core"
bench="python3 git sqlite3 perl lua5.4 redis-server redis-tools valgrind heaptrack libjemalloc2 libgoogle-perftools4 duma electric-fence libasan8"
realworld="bash dash coreutils grep sed mawk findutils diffutils patch tar xz-utils gzip bzip2 zstd zip unzip dpkg git python3
	libpython3.11-testsuite perl ruby lua5.4 nodejs default-jre-headless php-cli tcl jq bc dc m4 clang cmake bison flex gdb strace rustc cargo
	gettext sqlite3 redis-server redis-tools memcached nginx-light curl apache2-utils postgresql openssl openssh-client gpg gpg-agent man-db
	groff-base ghostscript imagemagick libxml2-utils vim ed less tmux file procps util-linux bsdextrautils bsdutils"

package="asciidoctor debhelper dpkg-dev fakeroot lintian debootstrap abigail-tools cmake pkg-config"

packages=$build print=no
for option; do
	case $option in
	--test) packages="$packages $test" ;;
	--bench) packages="$packages $bench" ;;
	--realworld) packages="$packages $realworld" ;;
	--package) packages="$packages $package" ;;
	--print) print=yes ;;
	*)
		sed -n 's/^# \{0,1\}//; 4,10p' "$0" >&2
		[ "$option" = --help ] && exit 0
		echo "install-packages.sh: unknown option $option" >&2
		exit 2
		;;
	esac
done
packages=$(printf '%s\n' $packages | sort -u | tr '\n' ' ')
if [ $print = yes ]; then
	echo "$packages"
	exit 0
fi
if ! command -v apt-get > /dev/null; then
	echo "install-packages.sh: no apt-get here; install these, or what your system calls them: $packages" >&2
	exit 1
fi

missing=
for package in $packages; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
	echo "install-packages.sh: all packages are installed"
	exit 0
fi
echo "install-packages.sh: installing$missing"
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root apt-get -q update
# Word splitting is meant: names of packages have no spaces.
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing
