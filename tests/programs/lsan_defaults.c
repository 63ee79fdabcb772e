/* SPDX-License-Identifier: MIT
 *
 * A program that was made for LeakSanitizer says how it wants to be searched.
 */
// build: -rdynamic
// options: leaks=1
// expect: malloc-debug: __lsan_default_options: leak_exitcode=4711: 
// expect: ERROR: malloc-debug: detected memory leaks
// expect: The largest 1 of 2 groups are shown
// expect: SUMMARY: malloc-debug: 30 byte(s) leaked in 2 allocation(s).
// status: 42
#include <stdlib.h>
#include <string.h>

const char *__lsan_default_options(void)
{
	return "exitcode=42:max_leaks=1:verbosity=1:exitcode=4711";
}

__attribute__((noinline)) static void leak(size_t bytes)
{
	memset(malloc(bytes), 1, bytes);
}

int main(void)
{
	leak(10);
	leak(20);
	return 0;
}
