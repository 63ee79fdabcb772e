/* SPDX-License-Identifier: MIT
 *
 * 20000 threads, made and joined in groups of a hundred, each with blocks of its own; and a group of 500 that live at the same time. What is kept of dead
 * threads stays bounded.
 */
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/programs/ok.h"

#define AT_ONCE 100
#define AT_ONCE_MAX 500

static pthread_barrier_t barrier;

static void *work(void *arg)
{
	char *block = malloc(200 + (size_t)arg % 300), *other = calloc(1, 3000);

	CHECK(block && other && other[2999] == 0);
	memset(block, 1, 200);
	free(other);
	return block;
}

static void *work_together(void *arg)
{
	void *block = work(arg);

	pthread_barrier_wait(&barrier);
	return block;
}

static void run_group(void *(*start)(void *), int count, size_t first)
{
	pthread_t threads[AT_ONCE_MAX];
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	for (int i = 0; i < count; i++)
		CHECK(pthread_create(&threads[i], &attributes, start, (void *)(first + (size_t)i)) == 0);
	for (int i = 0; i < count; i++) {
		void *block;

		CHECK(pthread_join(threads[i], &block) == 0);
		free(block);
	}
	pthread_attr_destroy(&attributes);
}

int main(void)
{
	struct rusage early, late;

	for (size_t i = 0; i < 20000; i += AT_ONCE) {
		run_group(work, AT_ONCE, i);
		if (i == 2000)
			getrusage(RUSAGE_SELF, &early);
	}
	getrusage(RUSAGE_SELF, &late);
	CHECK(late.ru_maxrss - early.ru_maxrss < 32 << 10); /* KiB */
	CHECK(pthread_barrier_init(&barrier, NULL, AT_ONCE_MAX) == 0);
	run_group(work_together, AT_ONCE_MAX, 0);
	pthread_barrier_destroy(&barrier);
	puts("ok");
	return 0;
}
