/* SPDX-License-Identifier: MIT
 *
 * The picture of the zones: how freed neighbours merge. Allocates blocks, frees every other one, frees the rest, and shows the map
 * each time.
 *
 *     malloc-debug run -- build/examples/api_show_map
 *
 * A freed block is held back from reuse for a while; malloc_debug_purge() ends that at once, so that the map shows free runs. Without the
 * library the program runs as well, and shows nothing.
 */
// output: 64 blocks
// output: Zones of the heap
// output: every other one freed
// output: % fragmented
// output: all freed
// output: free slots 0 % fragmented
// output: done
// status: 0
#include <malloc_debug.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOCKS 64

static void show(const char *title)
{
	puts(title);
	fflush(stdout); /* the map is written past stdio */
	malloc_debug_show_map(STDOUT_FILENO);
}

int main(void)
{
	void *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = malloc(3000);
	show("64 blocks");

	for (int i = 0; i < BLOCKS; i += 2)
		free(blocks[i]);
	malloc_debug_purge(MALLOC_DEBUG_PURGE_KEEP_ZONES);
	show("every other one freed");

	for (int i = 1; i < BLOCKS; i += 2)
		free(blocks[i]);
	malloc_debug_purge(MALLOC_DEBUG_PURGE_KEEP_ZONES);
	show("all freed");
	puts("done");
	return 0;
}
