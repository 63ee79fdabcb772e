/* SPDX-License-Identifier: MIT
 *
 * A program whose threads allocate and free for ever. Its main thread has two owners of one address before that, prints the address, and lets
 * the threads go on until they have made some thousand calls; then it kills its process in the middle of it all ("kill"). Or each thread
 * makes a few calls and waits for all others ("end").
 *
 * history_busy kill|end THREADS
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCKS 16

static atomic_long calls, begun; /* threads that have made some */
static bool ends;
static pthread_mutex_t all_made = PTHREAD_MUTEX_INITIALIZER; /* held by the main thread until there are all */

static void *work(void *argument)
{
	unsigned seed = (unsigned)(unsigned long)argument;

	for (int round = 0; !ends || round < 4; round++) {
		void *blocks[BLOCKS];

		for (int i = 0; i < BLOCKS; i++)
			blocks[i] = malloc(16 + (size_t)rand_r(&seed) % 512);
		for (int i = 0; i < BLOCKS; i++)
			free(blocks[i]);
		calls += BLOCKS;
		begun += round == 0;
	}
	pthread_mutex_lock(&all_made);
	pthread_mutex_unlock(&all_made);
	return NULL;
}

static __attribute__((noinline)) void *first_owner(void)
{
	return malloc(7000);
}

static __attribute__((noinline)) void *second_owner(void)
{
	return malloc(6999);
}

int main(int argc, char **argv)
{
	long threads = argc > 2 ? atol(argv[2]) : 1;
	pthread_t *ids = calloc((size_t)threads, sizeof *ids);
	pthread_attr_t attributes;
	void *block = first_owner(), *again = NULL;

	free(block);
	for (int i = 0; i < 1000 && again != block; i++) {
		free(again);
		again = second_owner();
	}
	printf("%p\n", block);
	fflush(stdout);
	ends = !strcmp(argv[1], "end");
	pthread_mutex_lock(&all_made);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 256 << 10);
	for (long i = 0; i < threads; i++)
		if (pthread_create(&ids[i], &attributes, work, (void *)(i + 1)) != 0)
			return 1;
	while (begun < threads || (!ends && calls < 5000))
		usleep(1000);
	if (!ends)
		kill(getpid(), SIGKILL);
	pthread_mutex_unlock(&all_made);
	for (long i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	free(again);
	free(ids);
	return again == block ? 0 : 2;
}
