#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Checks what may include and call what; prints each line that breaks a rule and fails if there is one.
#   src       includes only src (and the C library)
#   report    includes src and report
#   runtime   not tests, not tools; only runtime/unwind*.c include libunwind
#   examples  of ours only malloc_debug.h
#   src, report, runtime call nothing that allocates, prints, reads the environment or loads libraries by way of the C library, except as
#             tools/check-layers.allow says. Comments and texts in quotes do not count.
#
# Usage: tools/check-layers.sh [ROOT]      ROOT is the source folder, by default the one above this script.
set -u
cd "${1:-$(dirname "$0")/..}" || exit 2

failures=$(mktemp) || exit 2
trap 'rm -f "$failures"' EXIT

# complain RULE PATTERN FILE...: every line that matches (grep -E) breaks RULE.
complain() {
	rule=$1 pattern=$2
	shift 2
	for file; do
		[ -f "$file" ] || continue # a pattern that matched no file
		grep -nE "$pattern" "$file" | sed "s|^|$file:|; s|\$|    <- $rule|" >> "$failures"
	done
}

complain "src includes only src" '^[[:space:]]*#[[:space:]]*include[[:space:]]*"(report|runtime|tests|tools)/' src/*.[ch] src/*.def
complain "report includes only src and report" '^[[:space:]]*#[[:space:]]*include[[:space:]]*"(runtime|tests|tools)/' report/*.[ch]
complain "runtime includes neither tests nor tools" '^[[:space:]]*#[[:space:]]*include[[:space:]]*"(tests|tools)/' runtime/*.[ch]
for file in src/*.[ch] report/*.[ch] runtime/*.[ch]; do
	case $file in
	runtime/unwind*.c) ;;
	*) complain "only runtime/unwind*.c include libunwind" '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]libunwind' "$file" ;;
	esac
done
for file in examples/*.c examples/*.cc examples/*.h; do
	[ -f "$file" ] || continue
	grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*("|<(src|report|runtime)/)' "$file" | grep -v '"malloc_debug\.h"' |
		sed "s|^|$file:|; s|\$|    <- examples include nothing of ours but malloc_debug.h|" >> "$failures"
done

perl - $(ls src/*.[ch] report/*.[ch] runtime/*.[ch] 2> /dev/null) >> "$failures" <<'PERL'
my $list = 'tools/check-layers.allow';
my $banned = qr/(?<![\w.>])(malloc|calloc|realloc|free|strdup|strndup|asprintf|vasprintf|v?f?printf|v?snprintf|fopen|fputs|getenv|setenv|dlopen|dlsym|
	setlocale|strtol|strtoul|strtod|pthread_mutex_lock)\s*\(/x;
my (%allowed, %used);

if (open my $in, '<', $list) {
	while (<$in>) {
		next if /^\s*(#|$)/;
		my ($file, $word) = split;
		$allowed{"$file $word"} = $.;
	}
}
for my $file (@ARGV) {
	open my $in, '<', $file or next;
	local $/;
	my $text = my $shown = <$in>;
	# Comments and quoted texts become blanks; lines stay where they are.
	$text =~ s{(/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')}{ (my $blank = $1) =~ s/[^\n]/ /g; $blank }gse;
	my @shown = split /\n/, $shown;
	my $number = 0;
	for my $line (split /\n/, $text) {
		$number++;
		while ($line =~ /$banned/g) {
			my $word = $1;
			if ($allowed{"$file $word"}) {
				$used{"$file $word"} = 1;
			} else {
				print "$file:$number:$shown[$number - 1]    <- $word is not called here; see $list\n";
			}
		}
	}
}
for (sort keys %allowed) {
	print "$list:$allowed{$_}:$_    <- allowed, and not used: take the line out\n" unless $used{$_};
}
PERL

[ -s "$failures" ] || exit 0
cat "$failures"
exit 1
