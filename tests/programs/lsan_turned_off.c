/* SPDX-License-Identifier: MIT
 *
 * A program that was made for LeakSanitizer wants no search at all, and its own calls for one do nothing.
 */
// build: -rdynamic
// options: leaks=1:leak_exitcode=7
// errors: 0
// output: found 0
// status: 3
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/programs/lsan.h"

int __lsan_is_turned_off(void)
{
	return 1;
}

__attribute__((noinline)) static void leak(size_t bytes)
{
	memset(malloc(bytes), 1, bytes);
}

int main(void)
{
	leak(10);
	printf("found %d\n", __lsan_do_recoverable_leak_check());
	__lsan_do_leak_check();
	return 3;
}
