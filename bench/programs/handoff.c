/* SPDX-License-Identifier: MIT
 *
 * Producer and consumer: one thread allocates and writes messages, another reads and frees them. They travel in batches, so that what is
 * measured is the free of another thread's block and not the queue.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/programs/random.h"

enum { BATCH = 512, QUEUE = 16 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned long put, taken;
	uint64_t *messages[QUEUE][BATCH];
} queue = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static unsigned long batches;

static void *produce(void *unused)
{
	uint64_t seed = 7;

	(void)unused;
	for (unsigned long i = 0; i < batches; i++) {
		pthread_mutex_lock(&queue.lock);
		while (queue.put - queue.taken == QUEUE)
			pthread_cond_wait(&queue.changed, &queue.lock);
		pthread_mutex_unlock(&queue.lock);
		for (int k = 0; k < BATCH; k++) {
			size_t bytes = random_bytes(&seed);
			uint64_t *message = malloc(bytes);

			if (!message)
				abort();
			memset(message, (int)seed, bytes);
			*message = bytes; /* how much there is to read */
			queue.messages[i % QUEUE][k] = message;
		}
		pthread_mutex_lock(&queue.lock);
		queue.put++;
		pthread_cond_signal(&queue.changed);
		pthread_mutex_unlock(&queue.lock);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t producer;
	uint64_t sum = 0;

	batches = (argc > 1 ? strtoul(argv[1], NULL, 10) : 2000000) / BATCH;
	if (pthread_create(&producer, NULL, produce, NULL))
		return 1;
	for (unsigned long i = 0; i < batches; i++) {
		pthread_mutex_lock(&queue.lock);
		while (queue.put == queue.taken)
			pthread_cond_wait(&queue.changed, &queue.lock);
		pthread_mutex_unlock(&queue.lock);
		for (int k = 0; k < BATCH; k++) {
			uint64_t *message = queue.messages[i % QUEUE][k];

			sum += block_sum(message, *message);
			free(message);
		}
		pthread_mutex_lock(&queue.lock);
		queue.taken++;
		pthread_cond_signal(&queue.changed);
		pthread_mutex_unlock(&queue.lock);
	}
	pthread_join(producer, NULL);
	printf("%llu\n", (unsigned long long)sum);
	return 0;
}
