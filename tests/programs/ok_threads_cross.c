/* SPDX-License-Identifier: MIT
 *
 * Blocks made in one thread and freed in another, through a bounded queue; contents are checked on arrival.
 */
#include <pthread.h>
#include <string.h>

#include "tests/programs/ok.h"

#define PAIRS 4
#define ROOM 64

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned char *items[ROOM];
	size_t sizes[ROOM];
	unsigned head, tail;
};

static struct queue queues[PAIRS];
static long blocks = 20000;

static void *produce(void *argument)
{
	struct queue *queue = argument;

	for (long i = 0; i < blocks; i++) {
		size_t size = (size_t)(i * 37 % 1000 + (i % 100 == 0 ? 50000 : 1));
		unsigned char *p = i % 3 ? malloc(size) : calloc(1, size);

		memset(p, (int)i, size);
		pthread_mutex_lock(&queue->lock);
		while (queue->head - queue->tail == ROOM)
			pthread_cond_wait(&queue->changed, &queue->lock);
		queue->items[queue->head % ROOM] = p;
		queue->sizes[queue->head++ % ROOM] = size;
		pthread_cond_signal(&queue->changed);
		pthread_mutex_unlock(&queue->lock);
	}
	return NULL;
}

static void *consume(void *argument)
{
	struct queue *queue = argument;

	for (long i = 0; i < blocks; i++) {
		pthread_mutex_lock(&queue->lock);
		while (queue->head == queue->tail)
			pthread_cond_wait(&queue->changed, &queue->lock);
		unsigned char *p = queue->items[queue->tail % ROOM];
		size_t size = queue->sizes[queue->tail++ % ROOM];
		pthread_cond_signal(&queue->changed);
		pthread_mutex_unlock(&queue->lock);
		CHECK(p[0] == (unsigned char)i && p[size - 1] == (unsigned char)i);
		free(p);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[2 * PAIRS];

	if (argc > 1)
		blocks = atol(argv[1]);
	for (int i = 0; i < PAIRS; i++) {
		pthread_mutex_init(&queues[i].lock, NULL);
		pthread_cond_init(&queues[i].changed, NULL);
		CHECK(pthread_create(&threads[2 * i], NULL, produce, &queues[i]) == 0);
		CHECK(pthread_create(&threads[2 * i + 1], NULL, consume, &queues[i]) == 0);
	}
	for (int i = 0; i < 2 * PAIRS; i++)
		pthread_join(threads[i], NULL);
	puts("ok");
	return 0;
}
