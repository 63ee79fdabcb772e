#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Proves that check-layers.sh can fail: a small tree in which every rule is broken once, and a clean one.
set -u
check=$(cd "$(dirname "$0")" && pwd)/check-layers.sh
root=$(mktemp -d) || exit 2
trap 'rm -rf "$root"' EXIT
status=0

fail() {
	echo "check-layers-test: $*" >&2
	status=1
}

cd "$root" || exit 2
mkdir src report runtime examples tools
cat > src/clean.c <<'C'
#include "src/clean.h"
/* malloc(1) in a comment, and printf("x") too
   on two lines: free(p) */
static const char *text = "getenv(\"HOME\")"; // calloc(1, 2)
void md_boot_free(void *p) { table.free(p); table->malloc(3); my_printf("malloc(%d)", '"'); }
C
cat > runtime/unwind.c <<'C'
#include <libunwind.h>
#include "report/text.h"
void load(void) { dlopen("x", 1); }
C
echo '#include "malloc_debug.h"' > examples/clean.c
echo 'runtime/unwind.c dlopen  the unwinder' > tools/check-layers.allow
"$check" "$root" > out || fail "a clean tree was refused: $(cat out)"

# expect FILE LINE TEXT: with LINE added to FILE, the check must fail and print both.
expect() {
	[ -f "$1" ] && cp "$1" saved || : > saved
	printf '%s\n' "$2" >> "$1"
	if "$check" "$root" > out; then
		fail "not noticed in $1: $2"
	elif [ "$(wc -l < out)" != 1 ] || ! grep -qF "$2" out || ! grep -qF "$1:" out; then
		fail "$1: $2: reported as: $(cat out)"
	fi
	mv saved "$1"
}

expect src/clean.c '#include "report/text.h"'
expect src/clean.c '#include "runtime/os.h"'
expect src/clean.c '# include  "tests/support/fake.h"'
expect report/text.c '#include "runtime/os.h"'
expect report/text.c '#include "tests/support/fake.h"'
expect runtime/os.c '#include "tests/support/fake.h"'
expect runtime/os.c '#include <libunwind.h>'
expect src/clean.c '#include <libunwind-x86_64.h>'
expect examples/bug.c '#include "src/heap.h"'
expect examples/bug.c '#include <report/text.h>'
for word in malloc calloc free printf fprintf snprintf strdup fopen getenv dlopen; do
	expect src/clean.c "int x_$word = $word (0);"
done
expect report/text.c 'void f(void) { /* a */ printf("a"); }'
expect runtime/os.c 'char *home = getenv("HOME");'
expect tools/check-layers.allow 'src/clean.c malloc'
exit $status
