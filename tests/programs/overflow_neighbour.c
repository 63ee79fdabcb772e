/* SPDX-License-Identifier: MIT
 *
 * A copy that runs from one block through the red zones over its neighbours: each damaged border is reported, nothing crashes, and blocks
 * that were not touched stay usable.
 */
// expect: ERROR: malloc-debug: heap-buffer-
// expect: overflow_neighbour.c:
// errors: any
// output: still alive
// status: 0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS 64

int main(void)
{
	char *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = malloc(24);
	/* Inside the zone whatever the distance of slots is: all others were made after or before this one. */
	memset(blocks[BLOCKS / 2], 'A', 24 + 200);
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	for (int i = 0; i < 10000; i++)
		free(memset(malloc(24), i, 24));
	puts("still alive");
	return 0;
}
