/* SPDX-License-Identifier: MIT
 *
 * Steady mixed work for a given time, whose own need of memory stays the same: what grows meanwhile is the allocator's.
 *   soak SECONDS [KIB]
 * Two threads exchange blocks of random sizes and lifetimes, from a few thousand stacks, also with each other; buffers grow; big blocks
 * come and go; short threads are created and joined. With KIB, so much is kept for good each second: a test of whoever watches
 * (bench/soak).
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/programs/random.h"

enum { WORKERS = 2, BLOCKS = 20000, SHARED = 1024, LEVELS = 5 };

static _Atomic(void *) shared[SHARED]; /* blocks on their way from one thread to another: who takes one frees it */
static atomic_bool ended;

struct worker {
	uint64_t seed;
	uint64_t steps;
	void *blocks[BLOCKS];
};

typedef void step_function(struct worker *worker, int level, uint64_t bits);
static step_function *const steps[4];

static void *must(void *block)
{
	if (!block)
		abort();
	return block;
}

static void exchange(struct worker *worker, size_t bytes)
{
	uint64_t bits = random_next(&worker->seed);
	void **block = &worker->blocks[bits % BLOCKS];

	free(*block);
	*block = memset(must(malloc(bytes)), (int)bits, bytes);
	if ((bits >> 32) % 8 == 0)
		*block = atomic_exchange(&shared[(bits >> 40) % SHARED], *block);
}

static void grow_buffer(struct worker *worker)
{
	size_t goal = random_next(&worker->seed) % 20000;
	char *buffer = NULL;

	for (size_t bytes = 0; bytes < goal;) {
		size_t more = 1 + random_next(&worker->seed) % 400;

		buffer = must(realloc(buffer, bytes + more));
		memset(buffer + bytes, 1, more);
		bytes += more;
	}
	free(buffer);
}

static void use_big_block(struct worker *worker)
{
	size_t bytes = 65536 + random_next(&worker->seed) % (1u << 20);
	void *block = must(random_next(&worker->seed) & 1 ? calloc(1, bytes) : aligned_alloc(4096, bytes & ~(size_t)4095));

	memset(block, 1, 65536);
	free(block);
}

static void work_once(struct worker *worker, uint64_t bits)
{
	if (bits % 1024 == 0)
		use_big_block(worker);
	else if (bits % 256 == 1)
		grow_buffer(worker);
	else
		exchange(worker, random_bytes(&worker->seed));
}

/* Ways through functions with different frames: each way is another stack. What follows the call keeps it from being a jump. */
#define STEP(name, bytes) \
	__attribute__((noinline)) static void name(struct worker *worker, int level, uint64_t bits) \
	{ \
		volatile char space[bytes]; \
\
		space[level] = 1; \
		if (level > 0) \
			steps[bits & 3](worker, level - 1, bits >> 2); \
		else \
			work_once(worker, bits); \
		(void)space[level]; \
	}
STEP(step_8, 8)
STEP(step_56, 56)
STEP(step_120, 120)
STEP(step_248, 248)
static step_function *const steps[4] = { step_8, step_56, step_120, step_248 };

static void *work(void *context)
{
	struct worker *worker = context;

	while (!ended) {
		uint64_t bits = random_next(&worker->seed);

		steps[bits & 3](worker, LEVELS, bits >> 2);
		worker->steps++;
	}
	for (int i = 0; i < BLOCKS; i++)
		free(worker->blocks[i]);
	return NULL;
}

/* The whole life of a short thread. Its last block goes to whoever takes it. */
static void *work_shortly(void *context)
{
	uint64_t seed = *(uint64_t *)context;

	for (int i = 0; i < 50; i++)
		free(memset(must(malloc(random_bytes(&seed))), 0, 8));
	free(atomic_exchange(&shared[seed % SHARED], must(malloc(random_bytes(&seed)))));
	return NULL;
}

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static struct worker workers[WORKERS];
	static void *kept; /* a chain, so that it is no leak */
	double seconds = argc > 1 ? atof(argv[1]) : 10, start = now_seconds();
	size_t kept_each = argc > 2 ? strtoul(argv[2], NULL, 10) * 1024 / 10 : 0;
	pthread_t threads[WORKERS], brief;
	uint64_t seed = 17, steps_done = 0, briefs = 0;

	for (int i = 0; i < WORKERS; i++) {
		workers[i].seed = (uint64_t)i + 1;
		if (pthread_create(&threads[i], NULL, work, &workers[i]))
			return 1;
	}
	while (now_seconds() - start < seconds) {
		for (int i = 0; i < 10; i++) {
			random_next(&seed);
			if (pthread_create(&brief, NULL, work_shortly, &seed) || pthread_join(brief, NULL))
				return 1;
			briefs++;
		}
		if (kept_each >= sizeof(void *)) {
			void **link = memset(must(malloc(kept_each)), 1, kept_each);

			*link = kept;
			kept = link;
		}
		usleep(100000);
	}
	ended = 1;
	for (int i = 0; i < WORKERS; i++) {
		pthread_join(threads[i], NULL);
		steps_done += workers[i].steps;
	}
	for (int i = 0; i < SHARED; i++)
		free(shared[i]);
	printf("%.1f million steps, %llu short threads\n", (double)steps_done / 1e6, (unsigned long long)briefs);
	return 0;
}
