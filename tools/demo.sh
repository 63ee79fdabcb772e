#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Shows the library at work, and fails if something is not as it says:
#   1. a program as the distribution ships it: the same output and exit status with and without the library;
#   2. a program with a bug, and the report;
#   3. the same program stripped, and stripped with its debug information in a separate file.
#
# Usage: tools/demo.sh BUILD_FOLDER
set -u
if [ $# != 1 ]; then
	echo "usage: $0 BUILD_FOLDER" >&2
	exit 2
fi
build=$1 source=examples/heap_buffer_overflow.c
malloc_debug=$build/malloc-debug
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
color=never
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] && color=always

fail() {
	echo "demo: $*" >&2
	exit 1
}

title() {
	printf '\n--- %s\n\n' "$*"
}

# report PROGRAM TEXT ...: runs it under the library and prints the report, in which every TEXT must stand.
report() {
	program=$1
	shift
	"$malloc_debug" run --color="$color" --strip_path="$PWD/" -- "$program" > "$folder/output" 2> "$folder/report" ||
		fail "$program: exit status $?"
	for text; do
		grep -q -e "$text" "$folder/report" || fail "$program: not in the report: $text
$(cat "$folder/report")"
	done
}

# The parts of a report in which names of functions, files and lines stand.
stacks() {
	sed -n '/ERROR: /p; / here:$/,/^$/p; /^SUMMARY: /p' "$folder/report"
}

# --- 1. A program as it is -----------------------------------------------------

# Each prints the same whenever it runs, and makes many allocations. PYTHONMALLOC hands Python's small objects to malloc, too.
if command -v python3 > /dev/null; then
	set -- env PYTHONMALLOC=malloc PYTHONHASHSEED=0 python3 -c '
import json
table = [{"id": i, "name": "row %d" % i, "factors": [d for d in range(1, 50) if i % d == 0]} for i in range(20000)]
text = json.dumps(table)
print(len(text), "characters of JSON,", sum(len(row["factors"]) for row in json.loads(text)), "factors")'
elif command -v git > /dev/null && git rev-parse --git-dir > /dev/null 2>&1; then
	set -- git --no-pager log --stat --no-color
else # part of every Debian system
	set -- perl -e 'my %h; $h{"row $_"} = [1 .. $_ % 50] for 1 .. 20000; my $n = 0; $n += @$_ for values %h; print keys(%h) . " rows, $n cells\n"'
fi
for name; do
	case $name in
	env | *=*) ;;
	*) break ;;
	esac
done
title "1. $name as it is installed: the same output and exit status with and without the library"
"$@" > "$folder/plain"
plain_status=$?
: > "$folder/log"
"$malloc_debug" run --stats --program="$name*" --log="$folder/log" -- "$@" > "$folder/checked"
checked_status=$?
cmp "$folder/plain" "$folder/checked" || fail "$name printed something else"
[ "$plain_status" = "$checked_status" ] || fail "$name ended with status $checked_status, not $plain_status"
grep -q 'ERROR: ' "$folder/log" && fail "$name was reported: $(cat "$folder/log")"
grep -q '^  allocations' "$folder/log" || fail "$name did not run under the library: $(cat "$folder/log")"
head -n 3 "$folder/checked"
printf '\nThe same %s bytes of output twice, exit status %s, no error found. Counters under the library:\n\n' "$(wc -c < "$folder/plain")" \
	"$plain_status"
sed -n '/^Since start/,/^  live/p' "$folder/log" | tail -n 6

# --- 2. A program with a bug ---------------------------------------------------

title "2. A program with a bug, $source"
sed -n '/^static char/,/^}/p' "$source"
printf '\nIts report. The program goes on, and its output is as ever:\n\n'
example=$build/examples/heap_buffer_overflow
report "$example" 'ERROR: malloc-debug: heap-buffer-overflow' 'directly after the 10-byte block' 'in copy_name examples/heap_buffer_overflow.c:'
cat "$folder/report" "$folder/output"

# --- 3. Stripped ---------------------------------------------------------------

title "3. The same program after strip: modules, offsets and build-ids (all but the stacks left out here)"
stripped=$folder/stripped
strip --strip-all -o "$stripped" "$example" || fail "strip failed"
report "$stripped" 'ERROR: malloc-debug: heap-buffer-overflow' 'directly after the 10-byte block' '(BuildId: '
grep -q copy_name "$folder/report" && fail "a stripped program has names"
stacks

title "With its debug information in a file of its own beside it, as debug packages have it"
objcopy --only-keep-debug "$example" "$stripped.debug" && (cd "$folder" && objcopy --add-gnu-debuglink=stripped.debug stripped) ||
	fail "objcopy failed"
report "$stripped" 'ERROR: malloc-debug: heap-buffer-overflow' 'in copy_name examples/heap_buffer_overflow.c:'
stacks
