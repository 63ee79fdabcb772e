/* SPDX-License-Identifier: MIT
 *
 * Snapshots, searches and questions from several threads at once, while others allocate and free: each gets an answer, and none disturbs
 * the others.
 */
// output: ok
#include <malloc_debug.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/programs/ok.h"

#define BLOCKS 500

static _Atomic int stop;
static int nowhere;
static void *_Atomic shared;

static void *churn(void *seed)
{
	unsigned state = (unsigned)(uintptr_t)seed;
	char *blocks[BLOCKS] = { 0 };

	while (!stop) {
		state = state * 1103515245 + 12345;
		unsigned i = (state >> 16) % BLOCKS;

		free(blocks[i]);
		blocks[i] = malloc(1 + (state >> 8) % (i % 50 ? 500 : 100000));
		memset(blocks[i], (int)i, 1);
	}
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	return NULL;
}

static void *grow(void *unused)
{
	void **last = NULL;

	while (!stop) {
		void **block = malloc(64);

		*block = last;
		last = block;
		shared = block;
		usleep(100);
	}
	return unused;
}

static void *ask(void *kind)
{
	struct timespec begin, now;
	long answers = 0, last = 0;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		long result = 0;

		switch ((uintptr_t)kind) {
		case 0:
			result = malloc_debug_snapshot();
			CHECK(result > last);
			last = result;
			break;
		case 1:
			result = malloc_debug_growth(nowhere, 0);
			CHECK(result >= 0 || result == -ENODATA);
			break;
		case 2:
			result = malloc_debug_check_leaks(nowhere, NULL);
			CHECK(result >= 0 || result == -EBUSY);
			break;
		case 3:
			result = shared ? malloc_debug_who_points(nowhere, shared) : 0;
			CHECK(result >= 0 || result == -EBUSY);
			break;
		}
		answers += result >= 0;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - begin.tv_sec < 2 || answers < 3);
	return NULL;
}

int main(void)
{
	pthread_t working[4], asking[5];

	nowhere = open("/dev/null", O_WRONLY);
	for (uintptr_t i = 0; i < 4; i++)
		CHECK(pthread_create(&working[i], NULL, i ? churn : grow, (void *)i) == 0);
	for (uintptr_t i = 0; i < 5; i++)
		CHECK(pthread_create(&asking[i], NULL, ask, (void *)(i % 4)) == 0);
	for (int i = 0; i < 5; i++)
		CHECK(pthread_join(asking[i], NULL) == 0);
	stop = 1;
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(working[i], NULL) == 0);
	puts("ok");
	return 0;
}
