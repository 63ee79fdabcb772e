/* SPDX-License-Identifier: MIT
 *
 * A report of leaks with leak_who: who points to blocks that are possibly lost, or still reachable.
 */
// options: leaks=1:leak_kinds=possible,reachable:leak_who=1
// expect: WARNING: malloc-debug: detected possible memory leaks
// expect: Possible leak of 100 bytes in 1 block
// expect: in make_all *snap_leak_who.c:36
// expect: it is reached from here:
// expect: global variable *snap_leak_who+0x
// expect: points 50 bytes into
// expect: 100-byte block by malloc in T0: *in make_all
// expect: Still reachable: 10000 bytes in 1 block
// expect: it is reached from here:
// expect: global variable *snap_leak_who+0x
// expect: points to the start of
// expect: 2000-byte block by calloc in T0: *in make_all
// expect: at offset 800 points to the start of
// expect: 10000-byte block by malloc in T0: *in make_all
// expect: Still reachable: 2000 bytes in 1 block
// expect: it is reached from here:
// expect: 2000-byte block by calloc in T0: *in make_all
// expect: SUMMARY: malloc-debug: 0 byte(s) leaked in 0 allocation(s).
// output: ok
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *inside;
static char **table;

static __attribute__((noinline, noclone)) void make_all(void)
{
	table = calloc(250, sizeof *table);
	table[100] = malloc(10000);
	inside = (char *)malloc(100) + 50;
}

/* Overwrites what calls before have left below. */
static __attribute__((noinline, noclone)) void wipe(void)
{
	volatile char below[8192];

	for (size_t i = 0; i < sizeof below; i++)
		below[i] = 0;
}

int main(void)
{
	make_all();
	wipe();
	return write(STDOUT_FILENO, "ok\n", 3) != 3;
}
