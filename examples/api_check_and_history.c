/* SPDX-License-Identifier: MIT
 *
 * Looking for damage before the free, and at what an address was used for earlier.
 *
 *     malloc-debug run -- build/examples/api_check_and_history
 *
 * The report comes from malloc_debug_check(), in the middle of the program: bisecting with such calls finds the statement that did it.
 */
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: directly after the 40-byte block
// expect: in main *api_check_and_history.c:49
// expect: in main *api_check_and_history.c:43
// expect: SUMMARY: malloc-debug: heap-buffer-overflow *api_check_and_history.c:43 in main
// output: before the loop: 0
// output: after the loop: 1
// output: 1 error reported, the last one a heap-buffer-overflow
// output: directly after the 40-byte block
// output: History: 2 events
// output: malloc *api_check_and_history.c:43 in main
// output: free *api_check_and_history.c:56 in main
// status: 0
#include <malloc_debug.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct log {
	int errors;
	char last[64];
};

static void remember(const struct malloc_debug_error *error, void *context)
{
	struct log *log = context;

	log->errors++;
	snprintf(log->last, sizeof log->last, "%s", error->slug);
}

int main(void)
{
	struct log log = { 0 };
	int *squares = malloc(10 * sizeof *squares);

	malloc_debug_on_error(remember, &log);
	printf("before the loop: %d\n", malloc_debug_check(squares));
	for (int i = 0; i <= 10; i++) /* the bug */
		squares[i] = i * i;
	int damaged = malloc_debug_check(squares);

	printf("after the loop: %d\n", damaged);
	printf("%d error reported, the last one a %s\n", log.errors, log.errors ? log.last : "nothing");
	fflush(stdout);
	malloc_debug_describe(STDOUT_FILENO, squares + 10);
	malloc_debug_hexdump(STDOUT_FILENO, squares, 16);
	free(squares);
	malloc_debug_show_history(STDOUT_FILENO, squares, 10);
	return 0;
}
