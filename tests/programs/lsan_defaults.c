/* SPDX-License-Identifier: MIT
 *
 * A program that was made for LeakSanitizer says how it wants to be searched.
 */
// build: -rdynamic
// options: leaks=1
// expect: malloc-debug: __lsan_default_options: leak_exitcode=4711: 
// expect: ERROR: malloc-debug: detected memory leaks
// expect: The largest 1 of 2 groups are shown
// expect: Suppressions used:
// expect: 1           3            1200  leak:^leak_known$
// expect: SUMMARY: malloc-debug: 30 byte(s) leaked in 2 allocation(s).
// status: 42
#include <stdlib.h>
#include <string.h>

const char *__lsan_default_options(void)
{
	return "exitcode=42:max_leaks=1:verbosity=1:exitcode=4711";
}

const char *__lsan_default_suppressions(void)
{
	return "# known\nleak:^leak_known$\n";
}

__attribute__((noinline)) static void leak(size_t bytes)
{
	memset(malloc(bytes), 1, bytes);
}

__attribute__((noinline)) static void leak_known(void)
{
	for (int i = 0; i < 3; i++)
		memset(malloc(400), 1, 400);
}

int main(void)
{
	leak_known();
	leak(10);
	leak(20);
	return 0;
}
