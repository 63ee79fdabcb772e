/* SPDX-License-Identifier: MIT
 *
 * heap-buffer-overflow: a copy of a string has no room for the NUL at its end.
 *
 *     malloc-debug run -- build/examples/heap_buffer_overflow
 *
 * Seen when the block is freed: one byte after it is not what the library left there.
 */
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: directly after the 10-byte block
// expect: in main *heap_buffer_overflow.c:33
// expect: in copy_name *heap_buffer_overflow.c:22
// expect: in main *heap_buffer_overflow.c:30
// expect: SUMMARY: malloc-debug: heap-buffer-overflow *heap_buffer_overflow.c:22 in copy_name
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

	puts(name);
	free(name);
	return 0;
}
