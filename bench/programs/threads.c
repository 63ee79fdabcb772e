/* SPDX-License-Identifier: MIT
 *
 * Threads that come and go: each is created, allocates a few blocks, leaves one to its creator, and is joined. Eight are alive at a time.
 *   threads COUNT
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIVE = 8, BLOCKS = 4 };

static void *work(void *context)
{
	char *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(32u << i);
		if (!blocks[i])
			abort();
		memset(blocks[i], (int)(uintptr_t)context, 32u << i);
	}
	for (int i = 1; i < BLOCKS; i++)
		free(blocks[i]);
	return blocks[0];
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 20000;
	pthread_t alive[ALIVE];
	unsigned long sum = 0;

	for (long i = 0; i < count + ALIVE; i++) {
		if (i >= ALIVE) {
			void *block;

			if (pthread_join(alive[i % ALIVE], &block))
				return 1;
			sum += *(unsigned char *)block;
			free(block);
		}
		if (i < count && pthread_create(&alive[i % ALIVE], NULL, work, (void *)i))
			return 1;
	}
	printf("%lu\n", sum);
	return 0;
}
