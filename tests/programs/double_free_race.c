/* SPDX-License-Identifier: MIT
 *
 * Two threads free the same block at the same moment, 300 times: one of them wins, the other has a double free, each time. One report,
 * because it is the same bug.
 */
// expect: ERROR: malloc-debug: double-free
// errors: 1
// output: findings 300
// status: 0
#include <malloc_debug.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 300

static pthread_barrier_t barrier;
static void *block;

static void *free_in_rounds(void *argument)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&barrier); /* the block is there */
		free(block);
		pthread_barrier_wait(&barrier); /* both have freed it */
	}
	return argument;
}

int main(void)
{
	struct malloc_debug_counts counts = { 0 };
	pthread_t threads[2];

	pthread_barrier_init(&barrier, NULL, 3);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, free_in_rounds, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		block = malloc(100);
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	malloc_debug_counters(&counts, sizeof counts);
	printf("findings %lu\n", counts.findings);
	return 0;
}
