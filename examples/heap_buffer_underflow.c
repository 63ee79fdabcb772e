/* SPDX-License-Identifier: MIT
 *
 * heap-buffer-underflow: a loop that strips blanks from the end of a line does not stop at the start of an empty one.
 *
 *     malloc-debug run -- build/examples/heap_buffer_underflow
 *
 * Seen at the store, by a watchpoint of the processor; where the system allows none, when the block is freed.
 */
// expect: ERROR: malloc-debug: heap-buffer-underflow
// expect: 1 byte before the 80-byte block
// expect: in main *heap_buffer_underflow.c:20
// expect: SUMMARY: malloc-debug: heap-buffer-underflow *heap_buffer_underflow.c:* in main
// status: 0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *line = malloc(80);
	long last;

	strcpy(line, "");
	last = (long)strlen(line) - 1; /* -1 */
	line[last] = '\0';
	printf("line: \"%s\"\n", line);
	free(line);
	return 0;
}
