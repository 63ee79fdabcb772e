/* SPDX-License-Identifier: MIT
 *
 * Threads come and go, and hand blocks to each other, while leaks are looked for again and again. Nothing is lost but one block; what is just being
 * allocated, freed, moved, or on its way to a new thread must not be taken for leaked.
 */
// leaks: 60 | leaks=no | direct=1:100 reports=60
// leaks: 60 | leaks=no:check_every=1000 | direct=1:100 reports=60
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tests/programs/leak.h"

#define STARTERS 4

static atomic_int stop;
static char *_Atomic exchange[64];

static void *run(void *argument)
{
	char *block = (char *)argument;

	for (int i = 0; i < 50; i++) {
		block = (char *)realloc(block, 16 + (size_t)(i * 37 % 3000));
		block[0] = 1;
		block = atomic_exchange(&exchange[i], block);
	}
	free(block);
	return malloc(24);
}

static void *start(void *unused)
{
	while (!stop) {
		pthread_t threads[4];
		void *result;

		for (int i = 0; i < 4; i++) {
			char *block = keep(64);

			CHECK(pthread_create(&threads[i], NULL, run, block) == 0);
			block = NULL;
		}
		for (int i = 0; i < 4; i++) {
			pthread_join(threads[i], &result);
			free(result);
		}
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t starters[STARTERS];

	lose(100);
	for (int i = 0; i < STARTERS; i++)
		CHECK(pthread_create(&starters[i], NULL, start, NULL) == 0);
	for (int i = 0; i < atoi(argv[1]); i++) {
		look();
		usleep(3000);
	}
	stop = 1;
	for (int i = 0; i < STARTERS; i++)
		pthread_join(starters[i], NULL);
	say_ok();
	return 0;
}
