/* SPDX-License-Identifier: MIT
 *
 * Deep recursion with varied stacks: a few hundred paths through functions with different frames, so that allocations come from tens of
 * thousands of distinct stacks of up to 60 frames. Hard on whatever walks or remembers stacks.
 */
#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/programs/random.h"

enum { KEPT = 4096, PATHS = 400, LEVELS_MAX = 56, LEVELS_RANDOM = 3 };

static uint64_t seed = 11, sum;
static struct {
	uint64_t *words;
	size_t bytes;
} kept[KEPT];

typedef void step_function(int level, uint64_t path);
static step_function *const steps[4];

/* Exchanges a block at every second level on average, then goes one level down. Part of each step: it has no frame of its own. */
__attribute__((always_inline)) static inline void descend(int level, uint64_t path)
{
	uint64_t bits = random_next(&seed), turn = path + (uint64_t)level;

	if (bits & 4) {
		size_t place = bits >> 8 & (KEPT - 1), bytes = 16 + (bits >> 32) % 200;

		sum += block_sum(kept[place].words, kept[place].bytes);
		free(kept[place].words);
		kept[place].words = malloc(bytes);
		kept[place].bytes = bytes;
		if (!kept[place].words)
			abort();
		memset(kept[place].words, level, bytes);
	}
	/* The path decides the turns, but for the innermost levels: stacks share their outer part, as those of real programs do. */
	if (level > 0)
		steps[level <= LEVELS_RANDOM ? bits & 1 : random_next(&turn) & 3](level - 1, path);
}

/* What follows each call keeps it from being a jump: every level has a frame. */
__attribute__((noinline)) static void step_plain(int level, uint64_t path)
{
	descend(level, path);
	sum++;
}

__attribute__((noinline)) static void step_wide(int level, uint64_t path)
{
	volatile unsigned char space[200];

	space[level] = 1;
	descend(level, path);
	sum += space[level];
}

__attribute__((noinline)) static void step_alloca(int level, uint64_t path)
{
	volatile unsigned char *space = alloca(64 + (size_t)level * 8);

	space[level] = 2;
	descend(level, path);
	sum += space[level];
}

__attribute__((noinline)) static void step_saved(int level, uint64_t path)
{
	uint64_t before = sum;

	descend(level, path);
	sum += (before & 1) + (uint64_t)level + (path & 3);
}

static step_function *const steps[4] = { step_plain, step_wide, step_alloca, step_saved };

int main(int argc, char **argv)
{
	long descents = argc > 1 ? atol(argv[1]) : 200000;

	for (long i = 0; i < descents; i++) {
		uint64_t path = random_next(&seed) % PATHS * LEVELS_MAX * 2, start = path;

		steps[path & 3](1 + (int)(random_next(&start) % LEVELS_MAX), path);
	}
	for (int i = 0; i < KEPT; i++)
		free(kept[i].words);
	printf("%llu\n", (unsigned long long)sum);
	return 0;
}
