/* SPDX-License-Identifier: MIT
 *
 * What single operations cost, in ticks of the time stamp counter. Prints its rate in MHz, then one line for each operation: name, ticks.
 *
 * Each operation is done in a thread of its own at a stack depth of its own, in batches; what is printed is the lower quartile of the
 * batches: neither the luckiest, nor those during which the machine did something else. Costs of one feature are differences between runs
 * with and without it (bench/micro.py), so what else a batch does cancels out. An operation is left out where threads begin deeper than it
 * asks for: some tools have frames of their own there.
 */
#include <execinfo.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include "bench/programs/random.h"

enum { BATCH = 512, BATCHES = 400, BATCHES_WARM = 40, DEPTH = 8, DEPTH_MAX = 128 };

struct operation {
	const char *name;
	int depth;             /* frames from the caller of the operation to the start of the thread */
	uint64_t (*run)(void); /* does it BATCH times, returns the ticks */
};

struct task {
	const struct operation *operation;
	int levels;
	double ticks;
};

static void *blocks[BATCH];
static char text_static[] = "twenty-four letters here";
static char *heap, *heap_other; /* 8 KiB each, with a short text at the start */
static volatile size_t sink;    /* results go here, so that nothing is left out */

static void *must(void *block)
{
	if (!block)
		abort();
	return block;
}

static uint64_t run_malloc(void)
{
	uint64_t start = __rdtsc();

	for (int i = 0; i < BATCH; i++)
		blocks[i] = malloc(64);

	uint64_t ticks = __rdtsc() - start;

	for (int i = 0; i < BATCH; i++)
		free(blocks[i]);
	return ticks;
}

static uint64_t run_free(void)
{
	for (int i = 0; i < BATCH; i++)
		blocks[i] = must(malloc(64));

	uint64_t start = __rdtsc();

	for (int i = 0; i < BATCH; i++)
		free(blocks[i]);
	return __rdtsc() - start;
}

static uint64_t run_pair(void)
{
	uint64_t start = __rdtsc();

	for (int i = 0; i < BATCH; i++) {
		char *block = malloc(64);

		*(volatile char *)block = 1;
		free(block);
	}
	return __rdtsc() - start;
}

static uint64_t run_realloc(void)
{
	void *block = must(malloc(48));
	uint64_t start = __rdtsc();

	for (int i = 0; i < BATCH; i++)
		block = realloc(block, i & 1 ? 48 : 80);

	uint64_t ticks = __rdtsc() - start;

	free(block);
	return ticks;
}

static uint64_t run_lookup(void)
{
	for (int i = 0; i < BATCH; i++)
		blocks[i] = must(malloc(64));

	uint64_t start = __rdtsc();

	for (int i = 0; i < BATCH; i++)
		sink += malloc_usable_size(blocks[i]);

	uint64_t ticks = __rdtsc() - start;

	for (int i = 0; i < BATCH; i++)
		free(blocks[i]);
	return ticks;
}

/* Three functions with different frames below run_varied: 64 stacks, which one is not foreseeable. */
enum { VARIED_LEVELS = 3 };
typedef void step_function(int level, uint64_t bits);
static step_function *const steps[4];

#define STEP(name, bytes) \
	__attribute__((noinline)) static void name(int level, uint64_t bits) \
	{ \
		volatile char space[bytes]; \
\
		space[level] = 1; \
		if (level > 1) { \
			steps[bits & 3](level - 1, bits >> 2); \
		} else { \
			char *block = malloc(64); \
\
			*(volatile char *)block = space[level]; \
			free(block); \
		} \
		space[level] = 2; \
	}
STEP(step_8, 8)
STEP(step_40, 40)
STEP(step_104, 104)
STEP(step_200, 200)
static step_function *const steps[4] = { step_8, step_40, step_104, step_200 };

static uint64_t run_varied(void)
{
	static uint64_t seed = 1;
	uint64_t start = __rdtsc();

	for (int i = 0; i < BATCH; i++) {
		uint64_t bits = random_next(&seed);

		steps[bits & 3](VARIED_LEVELS, bits >> 2);
	}
	return __rdtsc() - start;
}

/* A function of the C library, BATCH times. */
#define RUN_CALL(name, call) \
	static uint64_t name(void) \
	{ \
		uint64_t start = __rdtsc(); \
\
		for (int i = 0; i < BATCH; i++) \
			sink += (size_t)(call); \
		return __rdtsc() - start; \
	}
RUN_CALL(run_memcpy_heap, memcpy(heap_other + 64, heap + 64, 16))
RUN_CALL(run_memcpy_static, memcpy(text_static, text_static + 8, 8))
/* Half a page apart: copies between addresses that are alike in their lower 12 bits are slow, whatever the allocator. */
RUN_CALL(run_memcpy_page, memcpy(heap_other + 2048, heap, 4096))
RUN_CALL(run_memset_heap, memset(heap + 128, i, 64))
RUN_CALL(run_strlen_heap, strlen(heap))
RUN_CALL(run_strlen_static, strlen(text_static))
RUN_CALL(run_strcmp_heap, strcmp(heap, heap_other))
RUN_CALL(run_snprintf_heap, snprintf(heap + 4096, 64, "%d %s", i, heap))

static uint64_t run_memcpy_stack(void)
{
	char from[16] = "fifteen letters", to[16];
	uint64_t start = __rdtsc();

	for (int i = 0; i < BATCH; i++)
		sink += (size_t)memcpy(to, from, sizeof from);
	return __rdtsc() - start;
}

static const struct operation operations[] = {
	{ "malloc", DEPTH, run_malloc },
	{ "free", DEPTH, run_free },
	{ "pair", DEPTH, run_pair },
	{ "realloc", DEPTH, run_realloc },
	{ "pair-depth-4", 4, run_pair },
	{ "pair-depth-10", 10, run_pair },
	{ "pair-depth-20", 20, run_pair },
	{ "pair-depth-30", 30, run_pair },
	{ "pair-varied-20", 20 - VARIED_LEVELS, run_varied },
	{ "usable-size", DEPTH, run_lookup },
	{ "memcpy-16-heap", DEPTH, run_memcpy_heap },
	{ "memcpy-16-stack", DEPTH, run_memcpy_stack },
	{ "memcpy-8-static", DEPTH, run_memcpy_static },
	{ "memcpy-4096-heap", DEPTH, run_memcpy_page },
	{ "memset-64-heap", DEPTH, run_memset_heap },
	{ "strlen-24-heap", DEPTH, run_strlen_heap },
	{ "strlen-24-static", DEPTH, run_strlen_static },
	{ "strcmp-24-heap", DEPTH, run_strcmp_heap },
	{ "snprintf-heap", DEPTH, run_snprintf_heap },
};

static int compare_ticks(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

__attribute__((noinline, noclone)) static void *descend(void *context)
{
	struct task *task = context;
	uint64_t ticks[BATCHES];

	if (task->levels > 0) {
		task->levels--;
		descend(task);
		__asm__ volatile("" ::: "memory"); /* keeps the call from being a jump: each level has a frame */
		return NULL;
	}
	for (int i = -BATCHES_WARM; i < BATCHES; i++) {
		uint64_t batch = task->operation->run();

		if (i >= 0)
			ticks[i] = batch;
	}
	qsort(ticks, BATCHES, sizeof ticks[0], compare_ticks);
	task->ticks = (double)ticks[BATCHES / 4] / BATCH;
	return NULL;
}

/* Frames of descend at level 0, and of all that called it; stands where run does, so its own frame is that of run. */
static uint64_t count_frames(void)
{
	void *frames[DEPTH_MAX];

	return (uint64_t)backtrace(frames, DEPTH_MAX) * BATCH;
}

static double measure(const struct operation *operation, int levels)
{
	struct task task = { operation, levels, 0 };
	pthread_t thread;

	if (pthread_create(&thread, NULL, descend, &task) || pthread_join(thread, NULL))
		abort();
	return task.ticks;
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

int main(void)
{
	static const struct operation count = { "frames", 0, count_frames };
	double start_us = now_us();
	uint64_t start = __rdtsc();
	double ticks[sizeof operations / sizeof operations[0]];

	heap = must(aligned_alloc(4096, 8192));
	heap_other = must(aligned_alloc(4096, 8192));
	strcpy(heap, text_static);
	strcpy(heap_other, text_static);

	int base = (int)measure(&count, 0);

	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
		if (operations[i].depth >= base)
			ticks[i] = measure(&operations[i], operations[i].depth - base);
	}
	printf("mhz %.0f\n", (double)(__rdtsc() - start) / (now_us() - start_us));
	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
		if (operations[i].depth >= base)
			printf("%s %.1f\n", operations[i].name, ticks[i]);
	free(heap);
	free(heap_other);
	return 0;
}
