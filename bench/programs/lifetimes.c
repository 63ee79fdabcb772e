/* SPDX-License-Identifier: MIT
 *
 * Random sizes, random lifetimes: each step reads and frees one of many live blocks, and allocates and writes another of another size.
 *   lifetimes STEPS THREADS
 * Each thread does all the steps on blocks of its own, so the wall time of two threads should be that of one.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/programs/random.h"

enum { BLOCKS = 8192, THREADS_MAX = 16 };

struct job {
	long steps;
	uint64_t seed;
	uint64_t sum;
};

struct block {
	uint64_t *words;
	size_t bytes;
};

static void *run(void *context)
{
	struct job *job = context;
	struct block *blocks = calloc(BLOCKS, sizeof *blocks);

	if (!blocks)
		abort();
	for (long i = 0; i < job->steps; i++) {
		struct block *block = &blocks[random_next(&job->seed) % BLOCKS];

		job->sum += block_sum(block->words, block->bytes);
		free(block->words);
		block->bytes = random_bytes(&job->seed);
		block->words = malloc(block->bytes);
		if (!block->words)
			abort();
		memset(block->words, (int)i, block->bytes);
	}
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i].words);
	free(blocks);
	return NULL;
}

int main(int argc, char **argv)
{
	long steps = argc > 1 ? atol(argv[1]) : 4000000;
	int threads = argc > 2 ? atoi(argv[2]) : 1;
	pthread_t thread[THREADS_MAX];
	struct job job[THREADS_MAX];
	uint64_t sum = 0;

	if (threads < 1 || threads > THREADS_MAX)
		return 2;
	for (int i = 0; i < threads; i++) {
		job[i] = (struct job){ .steps = steps, .seed = (uint64_t)i + 1 };
		if (i && pthread_create(&thread[i], NULL, run, &job[i]))
			return 1;
	}
	run(&job[0]);
	for (int i = 0; i < threads; i++) {
		if (i)
			pthread_join(thread[i], NULL);
		sum += job[i].sum;
	}
	printf("%llu\n", (unsigned long long)sum);
	return 0;
}
