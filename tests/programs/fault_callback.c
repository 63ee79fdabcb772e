/* SPDX-License-Identifier: MIT
 *
 * The program's callback about a bad access is called from the handler of that fault, and faults itself: it forks, its child runs into a
 * guard page, it runs into one, too, and all go on.
 */
// options: guard=all:symbolize=off:leaks=off
// status: 5
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: ERROR: malloc-debug: heap-use-after-free
// output: called
// output: child 3
// output: went on
// plain: no
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "malloc_debug.h"

static void run_into(void)
{
	volatile int *block = malloc(64);

	block[16] = 1;
	free((void *)block);
}

static void called(const struct malloc_debug_error *error, void *context)
{
	volatile int *freed = malloc(100);
	int status;
	pid_t child;

	puts("called");
	fflush(stdout);
	child = fork();
	if (!child) {
		run_into();
		_exit(3);
	}
	waitpid(child, &status, 0);
	printf("child %d\n", WEXITSTATUS(status));
	free((void *)freed);
	freed[5] = error != context;
}

int main(void)
{
	volatile char *block = malloc(10);

	malloc_debug_on_error(called, NULL);
	block[16] = 1;
	puts("went on");
	free((void *)block);
	return 5;
}
