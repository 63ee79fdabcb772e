#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Lists functions of the C library that programs import, that take memory or strings, and that no row of runtime/calls*.def
# has: how many programs import each, then its name. What takes pointers is told by the manual's prototypes where they are
# installed (package manpages-dev); without them every function that is not wrapped is listed.
#
# Left out in any case is what takes nothing of the caller's but numbers, structs of its own, and callbacks (the list below).
#
# Usage: tools/check-calls.sh [FOLDER]      FOLDER has the programs, by default /usr/bin.
set -u
folder=${1:-/usr/bin}
cd "$(dirname "$0")/.." || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

${CC:-cc} -E -P -I. runtime/calls_names.h | grep -o 'MD_NAME [A-Za-z0-9_]*' | sed 's/MD_NAME //' | sort -u > "$work/wrapped"
libc=$(ldconfig -p | sed -n 's/.*libc\.so\.6 (.*x86-64.*) => //p' | head -n 1)
nm -D --defined-only "${libc:-/lib/x86_64-linux-gnu/libc.so.6}" |
	awk '$2 ~ /[TWi]/ { sub(/@.*/, "", $3); print $3 }' | sort -u > "$work/libc"

# Names whose prototype in the manual has a pointer to memory or text.
for page in /usr/share/man/man2/*.2.gz /usr/share/man/man3/*.3.gz; do
	[ -f "$page" ] && zcat "$page" | sed -n '/^\.SH SYNOPSIS/,/^\.SH DESCRIPTION/p'
done 2> /dev/null | tr -d '"' | sed 's/\\f.//g; s/^\.[A-Z]* //' | tr '\n' ' ' | tr ';' '\n' |
	grep -E '(char|void|wchar_t|iovec|msghdr)[^,()]*\*|\[' |
	grep -oE '[A-Za-z_][A-Za-z0-9_]* *\(' | tr -d ' (' | sort -u > "$work/pointers"

for program in "$folder"/*; do
	[ -f "$program" ] && nm -D --undefined-only "$program" 2> /dev/null | awk '{ sub(/@.*/, "", $2); print $2 }' | sort -u
done | sort | uniq -c | sort -rn > "$work/imports"

skip='^(pthread_|sig|__sig|dl|__dl|sem_|mtx_|cnd_|thrd_|__cxa_|__libc_|_exit$|exit$|_Exit$|abort$|atexit$)'
skip="$skip|^(getpid|getppid|get[ug]id|gete[ug]id|set[ug]id|sete[ug]id)"
skip="$skip|^(malloc|calloc|realloc|reallocarray|free|cfree|memalign|aligned_alloc|posix_memalign|valloc)\$"
skip="$skip|^(pvalloc|mmap|mmap64|munmap|madvise|mprotect|sbrk|brk)\$"
skip="$skip|^(fclose|fileno|fileno_unlocked|fputc_unlocked|fsync|fdatasync|ioctl|fcntl|fcntl64|syscall|kill)\$"
skip="$skip|^(raise|fork|vfork|pipe|pipe2|dup|dup2|dup3|close|lseek|lseek64)\$"
skip="$skip|^(time|sleep|usleep|nanosleep|clock|clock_gettime|alarm|umask|isatty|fchmod|fchown|fchdir)\$"
skip="$skip|^(ftruncate|ftruncate64|dirfd|closedir|random|srandom|rand|srand)\$"
skip="$skip|longjmp|setjmp"

# A fortified or renamed function takes what the plain one takes.
awk -v folder="$work" -v skip="$skip" '
	function plain(name) {
		sub(/^__isoc(99|23)_/, "", name)
		sub(/^__/, "", name)
		sub(/_chk$/, "", name)
		sub(/64$/, "", name)
		sub(/_unlocked$/, "", name)
		return name
	}
	BEGIN {
		while ((getline line < (folder "/wrapped")) > 0) wrapped[line] = 1
		while ((getline line < (folder "/libc")) > 0) libc[line] = 1
		while ((getline line < (folder "/pointers")) > 0) pointers[line] = any = 1
	}
	libc[$2] && !wrapped[$2] && $2 !~ skip && (!any || pointers[$2] || pointers[plain($2)]) { printf "%6d %s\n", $1, $2 }
' "$work/imports"
