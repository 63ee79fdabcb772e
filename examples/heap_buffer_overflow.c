/* SPDX-License-Identifier: MIT
 *
 * heap-buffer-overflow: a copy of a string has no room for the NUL at its end.
 *
 *     malloc-debug run -- build/examples/heap_buffer_overflow
 *
 * Seen when strcpy is called: what it will write does not fit the block.
 */
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: WRITE of size 11 at * in strcpy
// expect: directly after the 10-byte block
// expect: in copy_name *heap_buffer_overflow.c:26
// expect: in main *heap_buffer_overflow.c:32
// expect: in copy_name *heap_buffer_overflow.c:24
// expect: in main *heap_buffer_overflow.c:32
// expect: SUMMARY: malloc-debug: heap-buffer-overflow *heap_buffer_overflow.c:26 in copy_name
// status: 0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy_name(const char *name)
{
	char *copy = malloc(strlen(name)); /* should be strlen(name) + 1 */

	strcpy(copy, name);
	return copy;
}

int main(void)
{
	char *name = copy_name("red zones!");

	printf("named after %.3s\n", name);
	free(name);
	return 0;
}
