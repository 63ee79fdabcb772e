/* SPDX-License-Identifier: MIT
 *
 * Profile counts: how many blocks and bytes each stack ever allocated, and when the next profile is due. There is none unless an option
 * asks for it; an allocation then pays one call, and the counting about as much as two additions in memory.
 *
 * How           A row for each place in the stack store, in chunks like its own, so that a stack id is an index. Only pages of rows that
 *               are counted in take memory: 16 bytes for each frame of each stack, rounded up to pages.
 * Invariants    A row only rises. The rows of all stacks together are the counters `allocations` and `allocated_bytes` of all threads, less
 *               what could not be counted for want of memory.
 * Locking       none: additions are atomic where there is more than one thread. Readers see each number as it was at some moment.
 * Allocation    chunks from the arena.
 */
#ifndef MD_PROFILE_COUNTS_H
#define MD_PROFILE_COUNTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "src/stack_store.h"

struct md_arena;
struct md_thread;

struct md_profile_count {
	_Atomic uint64_t blocks, bytes;
};

struct md_profile_counts {
	_Atomic uint64_t due; /* md_clock_now() of the next profile; UINT64_MAX: none */
	bool counting;        /* rows are wanted; read-only once there are threads */
	const _Atomic bool *threaded; /* see md_heap_expect_threads */
	struct md_arena *arena;
	_Atomic uint64_t lost; /* allocations that were not counted */
	_Atomic(struct md_profile_count *) chunks[MD_STACK_CHUNKS_MAX];
};

/* Counts a new block, and has the thread look what is due at the end of its call. now: ticks. */
void md_profile_counts_note(struct md_profile_counts *counts, struct md_thread *thread, md_stack_id stack, uint64_t size, uint64_t now);

/* The first stack id from `from` on that has a count, and its count; 0 after the last (`from` 0 is the row of blocks without a stack, and
 * read with md_profile_counts_get). */
uint32_t md_profile_counts_next(const struct md_profile_counts *counts, uint32_t from, uint64_t *blocks, uint64_t *bytes);

/* The count of one stack; zero where there is none. */
void md_profile_counts_get(const struct md_profile_counts *counts, uint32_t stack, uint64_t *blocks, uint64_t *bytes);

#endif
