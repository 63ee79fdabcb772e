/* SPDX-License-Identifier: MIT
 *
 * Prints the map of 200 blocks, of every other one freed, and of all freed, each between marks that test_api.c looks for.
 */
#include <malloc_debug.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOCKS 200

static void show(const char *title, void *block)
{
	printf("=== %s %p\n", title, block);
	fflush(stdout);
	malloc_debug_show_map(STDOUT_FILENO);
}

int main(int argc, char **argv)
{
	static void *blocks[BLOCKS];
	size_t size = argc > 1 ? (size_t)atol(argv[1]) : 2000;

	setvbuf(stdout, NULL, _IOFBF, 4096); /* its buffer is made now, not in between */
	show("start", NULL);
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = malloc(size);
	show("live", blocks[BLOCKS / 2]);
	for (int i = 0; i < BLOCKS; i += 2)
		free(blocks[i]);
	malloc_debug_purge(MALLOC_DEBUG_PURGE_KEEP_ZONES);
	show("half", blocks[BLOCKS / 2]);
	for (int i = 1; i < BLOCKS; i += 2)
		free(blocks[i]);
	malloc_debug_purge(MALLOC_DEBUG_PURGE_KEEP_ZONES);
	show("merged", blocks[BLOCKS / 2]);
	malloc_debug_purge(0);
	show("end", NULL);
	return 0;
}
