/* SPDX-License-Identifier: MIT
 *
 * A long random life of the heap beside a model of it, with fixed seeds: contents, sizes, alignments, zeroes, overlaps and totals are
 * compared, and a correct program must never get a finding.
 */
#include <stdlib.h>

#include "tests/unit/heap_unit.h"

#define BLOCKS 1500

struct model {
	unsigned char *user;
	size_t size;
	unsigned char seed;
};

static struct model model[BLOCKS];
static uint64_t random_state;

static unsigned char byte_of(const struct model *block, size_t i)
{
	return (unsigned char)(block->seed + i * 13 + (i >> 9));
}

/* Big blocks are written and compared at their ends and here and there. */
static size_t next_index(size_t i, size_t size)
{
	return i < 300 || i + 300 >= size ? i + 1 : i + 97 < size - 300 ? i + 97 : size - 300;
}

static void write_contents(struct model *block, size_t from)
{
	for (size_t i = from; i < block->size; i++)
		block->user[i] = byte_of(block, i);
}

static void compare_contents(const struct model *block, size_t size, int step)
{
	for (size_t i = 0; i < size; i = next_index(i, size))
		must(block->user[i] == byte_of(block, i), "step %d: byte %zu of %zu at %p was overwritten", step, i, block->size,
			(void *)block->user);
}

static size_t random_size(void)
{
	uint64_t kind = random_below(&random_state, 100);

	return random_below(&random_state, kind < 60 ? 300 : kind < 90 ? 4000 : kind < 98 ? 60000 : 900000);
}

static void compare_totals(int step)
{
	struct md_heap_totals totals;
	struct md_counters counters;
	size_t blocks = 0, bytes = 0;

	for (int i = 0; i < BLOCKS; i++) {
		blocks += model[i].user != NULL;
		bytes += model[i].user ? model[i].size : 0;
	}
	md_inspect_totals(&heap, &totals);
	md_inspect_counters(&heap, &counters);
	must(totals.live_blocks == blocks && totals.live_bytes == bytes, "step %d: %lu blocks of %lu bytes, not %zu of %zu", step,
		totals.live_blocks, totals.live_bytes, blocks, bytes);
	must(counters.live_blocks == blocks && counters.live_bytes == bytes, "step %d: counted %lu blocks of %lu bytes, not %zu of %zu",
		step, counters.live_blocks, counters.live_bytes, blocks, bytes);
	must(totals.quarantined_blocks == self->quarantine.blocks + self->aged.blocks, "step %d", step);
	must(totals.free_run_bytes == heap.runs.free_bytes, "step %d", step);
}

static void one_step(int step)
{
	struct model *block = &model[random_below(&random_state, BLOCKS)];
	uint64_t kind = random_below(&random_state, 100);
	size_t size = random_size();

	if (!block->user) {
		size_t alignment = 16;

		block->seed = (unsigned char)next_random(&random_state);
		block->size = size;
		if (kind < 25) {
			block->user = heap_calloc(&heap, self, size);
			for (size_t i = 0; i < size; i++)
				must(!block->user[i], "step %d: calloc, byte %zu of %zu", step, i, size);
		} else if (kind < 35) {
			alignment = (size_t)16 << random_below(&random_state, 12);
			block->user = heap_memalign(&heap, self, alignment, size);
		} else {
			block->user = heap_malloc(&heap, self, size);
		}
		must(block->user && (uintptr_t)block->user % alignment == 0, "step %d: %p", step, (void *)block->user);
		write_contents(block, 0);
	} else if (kind < 30) {
		size_t old = block->size;
		unsigned char *moved;

		compare_contents(block, old, step);
		size += !size; /* realloc to 0 is the caller's business */
		moved = heap_realloc(&heap, self, block->user, size);
		must(moved, "step %d: realloc", step);
		block->user = moved;
		block->size = size;
		compare_contents(block, old < size ? old : size, step);
		write_contents(block, old < size ? old : size);
	} else {
		compare_contents(block, block->size, step);
		must(heap_free(&heap, self, block->user) == MD_FREED, "step %d: free", step);
		block->user = NULL;
	}
}

static void live(const struct md_heap_config *config, uint64_t seed, int steps)
{
	struct md_check_cursor cursor;
	struct md_call call = { .api = MD_API_CHECK };

	heap_start(config);
	random_state = seed;
	for (int step = 0; step < steps; step++) {
		one_step(step);
		if (step % 5000 == 4999) {
			cursor = (struct md_check_cursor){ 0 };
			must(!md_check_heap(&heap, self, &cursor, MD_NOTICED_ON_REQUEST, &call), "step %d", step);
			compare_totals(step);
		}
		if (step % 20000 == 19999)
			heap_purge(&heap, self);
		must(!self->findings.count, "step %d: %s", step, md_error_info(self->findings.list[0].error)->slug);
	}
	for (int i = 0; i < BLOCKS; i++) {
		if (model[i].user) {
			compare_contents(&model[i], model[i].size, steps);
			heap_free(&heap, self, model[i].user);
		}
	}
	heap_purge(&heap, self);
	expect_no_finding("in the end");
	cr_expect(eq(sz, atomic_load(&heap.runs.used_bytes), 0));
}

#define LIFE(name, seed, ...) \
	Test(heap_fuzz, name, .timeout = 300) \
	{ \
		struct md_heap_config config = heap_config_default(); \
\
		__VA_ARGS__ \
		live(&config, seed, 60000); \
	}

LIFE(defaults_first_seed, 1, )
LIFE(defaults_second_seed, 0x9e3779b97f4a7c15, )
LIFE(defaults_third_seed, 77777, )
LIFE(no_quarantine, 4, config.quarantine = 0;)
LIFE(small_fixed_quarantine, 5, config.quarantine = 10000; config.quarantine_fixed = true;)
LIFE(wide_red_zones, 6, config.redzone = 200;)
LIFE(widest_red_zones, 7, config.redzone = 4096;)
LIFE(fill_of_new_blocks, 8, config.fill_alloc = 100000;)
LIFE(no_fill_of_freed_blocks, 9, config.fill_free = 0;)
LIFE(everything_filled, 10, config.fill_free = SIZE_MAX;)
LIFE(realloc_in_place, 11, config.realloc_move = 0;)
LIFE(realloc_always_moves, 12, config.realloc_move = SIZE_MAX;)
LIFE(no_history, 13, config.history = 0;)
