/* SPDX-License-Identifier: MIT
 *
 * 16 threads with mixed operations on one table of slots, so that most blocks are freed by another thread than their maker. The argument
 * is the number of operations of each thread. Under the library its counters must add up at the end: nothing lost.
 */
#include <malloc.h>
#include <malloc_debug.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "tests/programs/ok.h"

#define THREADS 16
#define SLOTS 4096

struct block {
	size_t size;
	unsigned char first;
};

static _Atomic(struct block *) slots[SLOTS];
static long operations = 4000; /* libunwind alone takes microseconds for each stack; the long run has an argument */

/* Checks what its maker left in it: the size, and the last byte. */
static void check(const struct block *block)
{
	CHECK(block->size >= sizeof *block);
	CHECK(((const unsigned char *)block)[block->size - 1] == block->first || block->size == sizeof *block);
}

static void stamp(struct block *block, size_t size, unsigned char mark)
{
	block->size = size;
	block->first = mark;
	if (size > sizeof *block)
		((unsigned char *)block)[size - 1] = mark;
}

static void *work(void *argument)
{
	uint64_t random = 0x9e3779b97f4a7c15u * ((uintptr_t)argument + 1);

	for (long i = 0; i < operations; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		size_t size = sizeof(struct block) + (random >> 20) % (random % 64 == 0 ? 20000 : 300);
		_Atomic(struct block *) *slot = &slots[(random >> 40) % SLOTS];
		struct block *block = atomic_exchange(slot, NULL);
		void *aligned;

		if (block)
			check(block);
		switch (random % 8) {
		case 0:
			free(block);
			continue;
		case 1:
			block = realloc(block, size);
			break;
		case 2:
			free(block);
			block = calloc(1, size);
			CHECK(((unsigned char *)block)[size - 1] == 0);
			break;
		case 3:
			free(block);
			CHECK(posix_memalign(&aligned, 16u << random % 5, size) == 0);
			block = aligned;
			break;
		default:
			free(block);
			block = malloc(size);
		}
		CHECK(block);
		stamp(block, size, (unsigned char)random);
		block = atomic_exchange(slot, block);
		if (block)
			check(block);
		free(block);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	struct malloc_debug_counts before, after;
	int active = malloc_debug_active();

	if (argc > 1)
		operations = atol(argv[1]);
	/* One thread first: what thread creation allocates once stays out of the count. */
	CHECK(pthread_create(&threads[0], NULL, work, NULL) == 0);
	pthread_join(threads[0], NULL);
	for (int i = 0; i < SLOTS; i++)
		free(atomic_exchange(&slots[i], NULL));
	if (active)
		CHECK(malloc_debug_counters(&before, sizeof before) == 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < SLOTS; i++)
		free(atomic_exchange(&slots[i], NULL));
	if (active) {
		CHECK(malloc_debug_counters(&after, sizeof after) == 0);
		CHECK(after.findings == before.findings);
		/* The C library keeps the vectors for thread-local storage with the stacks that it caches. */
		CHECK(after.live_blocks <= before.live_blocks + THREADS);
		CHECK(malloc_debug_check_all() == 0);
	}
	puts("ok");
	return 0;
}
