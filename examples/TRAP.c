/* SPDX-License-Identifier: MIT
 *
 * TRAP: a breakpoint that was left in the code.
 *
 *     malloc-debug run --crashes=trap -- build/examples/TRAP
 */
// options: crashes=trap
// expect: ERROR: malloc-debug: TRAP at pc
// expect: in check *TRAP.c:
// signal: 5
#include <signal.h>
#include <stdlib.h>

static void check(const int *value)
{
#if defined(__x86_64__)
	if (*value == 0)
		__asm__ volatile("int3");
#elif defined(__aarch64__)
	if (*value == 0)
		__asm__ volatile("brk #0");
#endif
}

int main(void)
{
	int *value = calloc(1, sizeof *value);

	check(value);
	free(value);
	return 0;
}
