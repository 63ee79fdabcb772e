#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Rewrites the sample reports in README.adoc: between each pair of lines "// sample NAME begin" and "// sample NAME end" stands what the example NAME prints
# when it is run by the command in the head of its source. Long stacks and hexdumps are shortened: a line of dots stands for what was left out, and paths
# count from the source folder.
#
# Usage: tools/update-samples.sh [--check] BUILD_FOLDER README
#   --check   changes nothing; fails, with the difference, if a sample says something else than the example does now. Addresses, bytes of the pattern,
#             process numbers, times and the like differ from run to run and do not count.
set -u
check=
if [ "${1:-}" = --check ]; then
	check=yes
	shift
fi
if [ $# != 2 ]; then
	echo "usage: $0 [--check] BUILD_FOLDER README" >&2
	exit 2
fi
build=$(realpath "$1") readme=$2
root=$(realpath "$(dirname "$0")/..")
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT

# What the example prints on standard error (if that is nothing, on standard output), without the user's settings.
run_example() {
	source=$root/examples/$1.c
	[ -f "$source" ] || source=${source}c
	command=$(sed -n 's|^ \* *malloc-debug \(run .*\)|\1|p' "$source" | head -n 1)
	if [ -z "$command" ] || [ ! -x "$build/examples/$1" ]; then
		echo "$readme: sample $1: there is no such example, or it is not built" >&2
		exit 1
	fi
	printf '%s\n' '----' "\$ build/malloc-debug $command"
	# Word splitting is meant: the command has no quotes.
	(cd "$root" && env -i PATH="$PATH" HOME="${HOME:-/}" MALLOC_DEBUG_STRIP_PATH="$root/" MALLOC_DEBUG_COLOR=never \
		"$build/malloc-debug" $(printf '%s\n' "$command" | sed "s|build/examples/|$build/examples/|")) > "$folder/output" 2> "$folder/report"
	[ -s "$folder/report" ] || mv "$folder/output" "$folder/report"
	case $1 in
	api_show_map) sed -n '/^every other one freed/,$p' "$folder/report" ;; # the first of its three pictures is not needed
	*) cat "$folder/report" ;;
	esac | sed "s|$root/||g" | shorten
	echo '----'
}

# Frames outside of main, rows of a hexdump after the one that follows the marked one, and runs of a zone after the second.
shorten() {
	awk '
		/^    #[0-9]/ {
			if (!beyond_main)
				print
			else if (beyond_main++ == 1)
				print "    ..."
			if (/ in main /)
				beyond_main = 1
			next
		}
		{ beyond_main = 0 }
		/^(  |=>)0x[0-9a-f]*: / {
			if (!marked || rows++ < 1)
				print
			else if (rows == 2)
				print "  ..."
			if (/^=>/)
				marked = 1
			next
		}
		!/^        expected:/ { marked = rows = 0 }
		/^  [a-z]* run  *\[/ {
			if (++runs <= 2)
				print
			else if (runs == 3)
				print "  ..."
			next
		}
		{ runs = 0; print }
	'
}

# What differs between two runs becomes the same text.
mask() {
	sed -E 's/0x[0-9a-f]+/0x?/g; s/==[0-9]+==/==?==/; s/Process [0-9]+/Process ?/; s/[0-9]+\.[0-9]+ s/? s/g; s/ and now \(\? s\)\./ and now./; s/BuildId: [0-9a-f]+/BuildId: ?/
		s/allocated \? s to \? s after/allocated ? s after/
		s/^(=>|  )0x\?: .{48} .{16}/\10x?: ?/; s/^        expected:.*/        expected: ?/; s/expected( [0-9a-f]{2})+/expected ?/
		s/\.(c|cc):([0-9]+):[0-9]+/.\1:\2/; s/, [0-9]+\.[0-9] [KM]iB$/, ?/; s/^(  (metadata|mapped) +)[0-9.]+ [KM]iB/\1?/'
}

names=$(sed -n 's|^// sample \(.*\) begin$|\1|p' "$readme")
if [ -z "$names" ]; then
	echo "$readme: no line \"// sample NAME begin\"" >&2
	exit 1
fi
for name in $names; do
	if [ "$(grep -cxF "// sample $name end" "$readme")" != 1 ] || [ "$(grep -cxF "// sample $name begin" "$readme")" != 1 ]; then
		echo "$readme: sample $name: one line that begins it and one that ends it have to be there" >&2
		exit 1
	fi
	run_example "$name" > "$folder/sample.$name" || exit 1
	# One that says the same stays as it is, so that a change shows only what has changed.
	sed -n "\\|^// sample $name begin\$|,\\|^// sample $name end\$|{//!p}" "$readme" > "$folder/old"
	[ "$(mask < "$folder/old")" != "$(mask < "$folder/sample.$name")" ] || cp "$folder/old" "$folder/sample.$name"
done
awk -v folder="$folder" '
	/^\/\/ sample .* end$/ { inside = 0 }
	!inside { print }
	/^\/\/ sample .* begin$/ { inside = 1; while ((getline line < (folder "/sample." $3)) > 0) print line }
' "$readme" > "$folder/new" || exit 2
if [ -n "$check" ]; then
	mask < "$readme" > "$folder/readme.masked"
	mask < "$folder/new" > "$folder/new.masked"
	diff -u --label "$readme" --label "as the examples print now" "$folder/readme.masked" "$folder/new.masked"
else
	cmp -s "$folder/new" "$readme" || cat "$folder/new" > "$readme"
fi
