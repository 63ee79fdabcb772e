#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Rewrites the table of options in README.adoc, between the lines "// options begin" and "// options end", from the command's own table.
#
# Usage: tools/update-readme.sh [--check] COMMAND README
#   --check   changes nothing; fails, with the difference, if something would change
set -u
check=
if [ "${1:-}" = --check ]; then
	check=yes
	shift
fi
if [ $# != 2 ]; then
	echo "usage: $0 [--check] COMMAND README" >&2
	exit 2
fi
command=$1 readme=$2
table=$(mktemp) && new=$(mktemp) || exit 2
trap 'rm -f "$table" "$new"' EXIT

"$command" options --format=adoc > "$table" || exit 2
if [ "$(grep -cxF '// options begin' "$readme")" != 1 ] || [ "$(grep -cxF '// options end' "$readme")" != 1 ]; then
	echo "$readme: the lines \"// options begin\" and \"// options end\" have to be there, once each" >&2
	exit 1
fi
awk -v table="$table" '
	$0 == "// options end" { inside = 0 }
	!inside { print }
	$0 == "// options begin" { inside = 1; while ((getline line < table) > 0) print line }
' "$readme" > "$new" || exit 2
if [ -n "$check" ]; then
	diff -u --label "$readme" --label "as generated" "$readme" "$new"
else
	cmp -s "$new" "$readme" || cat "$new" > "$readme"
fi
