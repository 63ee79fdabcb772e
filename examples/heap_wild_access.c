/* SPDX-License-Identifier: MIT
 *
 * heap-wild-access: an index that was never set leads far away from its array.
 *
 *     malloc-debug run -- build/examples/heap_wild_access
 *
 * The address belongs to the heap, but no block was ever there, and the block before it is not in use either.
 */
// build: -fno-builtin
// options: guard=off
// expect: ERROR: malloc-debug: heap-wild-access
// expect: WRITE of size 16 at * in memset
// expect: in main *heap_wild_access.c:28
// expect: SUMMARY: malloc-debug: heap-wild-access *heap_wild_access.c:28 in main
// status: 0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *names = malloc(600);
	volatile long index = 1000;

	if (!names)
		return 1;
	free(names); /* and the index is of a table that was */
	memset(names + index * 16, 0, 16); /* the bug */
	puts("cleared");
	return 0;
}
