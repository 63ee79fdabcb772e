/* SPDX-License-Identifier: MIT
 *
 * Reports after one another: names that were found once need no helper again, which cannot be started any more; others are missing, and the
 * report says why.
 */
// expect: ERROR: malloc-debug: double-free
// expect: in first_owner *names_remembered.c:28
// expect: is the start of the 40-byte block
// expect: in first_owner *names_remembered.c:28
// expect: is the start of the 40-byte block
// expect: in first_owner *names_remembered.c:28
// expect: in main *names_remembered.c:43
// expect: ERROR: malloc-debug: double-free
// expect: /names_remembered+0x
// expect: Note: *symbol helper: too many open files
// errors: 2
// status: 0
// plain: no
#include <malloc_debug.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static char *volatile block;

static void first_owner(void)
{
	block = malloc(40);
}

static void second_owner(void)
{
	block = malloc(50);
	free(block);
	free(block);
}

int main(void)
{
	struct rlimit none = { 0 };

	getrlimit(RLIMIT_NOFILE, &none);
	first_owner();
	free(block);
	free(block);
	malloc_debug_describe(STDERR_FILENO, block);
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	malloc_debug_describe(STDERR_FILENO, block);
	second_owner();
	return 0;
}
