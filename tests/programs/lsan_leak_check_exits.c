/* SPDX-License-Identifier: MIT
 *
 * LeakSanitizer's search at exit, made earlier, ends the program if leaks are to be its exit status; what was printed before is not lost.
 */
// options: leak_exitcode=7
// expect: ERROR: malloc-debug: detected memory leaks
// expect: SUMMARY: malloc-debug: 10 byte(s) leaked in 1 allocation(s).
// output: first 1
// status: 7
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
	__lsan_disable();
	leak(5);
	__lsan_enable();
	if (__lsan_do_recoverable_leak_check() != 0) /* says nothing where there is nothing to say */
		return 1;
	printf("first 1\n");
	leak(10);
	__lsan_do_leak_check();
	printf("not reached\n");
	return 0;
}
