/* SPDX-License-Identifier: MIT
 *
 * Writes over everything between its blocks, and over blocks that it has freed: the library's own records lie elsewhere, so that it goes on, finds
 * the damage, and can still be asked.
 */
// expect: ERROR: malloc-debug: heap-
// errors: any
// output: survived
// status: 0
#include <malloc_debug.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS 2000

static unsigned random_number(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 32);
}

int main(void)
{
	static char *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = malloc(i % 50 == 0 ? 100000 : random_number() % 3000);
	for (int i = 0; i < BLOCKS; i += 2)
		free(blocks[i]);
	/* From 32 bytes before to 64 bytes behind each, live or not: never outside of the zones' pages. */
	for (int i = 0; i < BLOCKS; i++) {
		char *from = (char *)((uintptr_t)(blocks[i] - 32) | 15) + 1;
		char *to = (char *)(((uintptr_t)blocks[i] | 4095) + 1);

		if (from < (char *)((uintptr_t)blocks[i] & ~(uintptr_t)4095))
			from = (char *)((uintptr_t)blocks[i] & ~(uintptr_t)4095);
		for (char *p = from; p < to && p < blocks[i] + 64; p++)
			*p = (char)random_number();
	}
	long found = malloc_debug_check_all();
	for (int i = 1; i < BLOCKS; i += 4)
		free(blocks[i]);
	for (int i = 3; i < BLOCKS; i += 4)
		blocks[i] = realloc(blocks[i], random_number() % 5000 + 1);
	for (int i = 0; i < BLOCKS; i += 2) { /* double frees */
		if (i % 100 == 0)
			free(blocks[i]);
	}
	for (int i = 3; i < BLOCKS; i += 4)
		free(blocks[i]);
	malloc_debug_purge(0);
	puts(found > 0 && malloc_debug_check_all() == 0 ? "survived" : "not found");
	return 0;
}
