#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Copies the sources as they are in this folder, committed or not, to another one: what git does not ignore; outside of git all but what
# stands in build folders.
#
# Usage: tools/copy-sources.sh FOLDER     which is made
set -eu

mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
if [ -e .git ]; then
	# A file that was removed is still listed until that is committed.
	git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'for file; do [ -e "$file" ] && printf "%s\0" "$file"; done; :' sh
else
	find . -path './build*' -prune -o -type f -print0
fi | LC_ALL=C sort -zu | tar --null --no-recursion --files-from=- --create --file=- | tar --extract --directory="$folder" --file=-
