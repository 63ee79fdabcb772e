/* SPDX-License-Identifier: MIT
 *
 * Writes after free, found by malloc_debug_check() and by malloc_debug_purge(), which say how many.
 */
// options: guard=off
// expect: ERROR: malloc-debug: heap-use-after-free
// expect: the start of the 64-byte block
// expect: in main *write_after_free_purge.c:23
// expect: ERROR: malloc-debug: heap-use-after-free
// expect: 63 bytes inside the 64-byte block
// expect: in main *write_after_free_purge.c:24
// output: check 1, purge 1, purge 0
// status: 0
#include <malloc_debug.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	char *first = malloc(64);
	char *second = malloc(64);

	free(first);
	free(second);
	first[0] = 1;
	second[63] = 1;
	int check = malloc_debug_check(first);
	long purged = malloc_debug_purge(0);
	printf("check %d, purge %ld, purge %ld\n", check, purged, malloc_debug_purge(0));
	return 0;
}
