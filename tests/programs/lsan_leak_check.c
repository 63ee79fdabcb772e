/* SPDX-License-Identifier: MIT
 *
 * LeakSanitizer's search at exit, made earlier: once, and not again at the exit.
 */
// options: leaks=1
// expect: ERROR: malloc-debug: detected memory leaks
// expect: Checked by __lsan_do_leak_check, 
// expect: SUMMARY: malloc-debug: 10 byte(s) leaked in 1 allocation(s).
// output: end
// status: 3
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/programs/lsan.h"

__attribute__((noinline)) static void leak(size_t bytes)
{
	memset(malloc(bytes), 1, bytes);
}

int main(void)
{
	leak(10);
	__lsan_do_leak_check();
	leak(20);
	__lsan_do_leak_check();
	printf("end\n");
	return 3;
}
