/* SPDX-License-Identifier: MIT */
#include "src/profile_counts.h"

#include "src/arena.h"
#include "src/thread.h"

#define CHUNK_ROWS ((uint32_t)1 << MD_STACK_CHUNK_BITS)

/* Two threads that make the same chunk at the same time: one of them is never touched, and takes no memory. */
static struct md_profile_count *create_chunk(struct md_profile_counts *counts, uint32_t chunk)
{
	struct md_profile_count *rows = md_arena_take(counts->arena, CHUNK_ROWS * sizeof *rows, 64), *other = NULL;

	if (rows && !atomic_compare_exchange_strong(&counts->chunks[chunk], &other, rows))
		return other;
	return rows;
}

static struct md_profile_count *row_at(const struct md_profile_counts *counts, uint32_t stack)
{
	struct md_profile_count *rows = atomic_load_explicit(&counts->chunks[stack / CHUNK_ROWS % MD_STACK_CHUNKS_MAX], memory_order_acquire);

	return rows ? &rows[stack % CHUNK_ROWS] : NULL;
}

static void count(struct md_profile_counts *counts, md_stack_id stack, uint64_t size)
{
	struct md_profile_count *row = row_at(counts, stack.value);

	if (!row) {
		row = create_chunk(counts, stack.value / CHUNK_ROWS % MD_STACK_CHUNKS_MAX);
		if (!row) {
			atomic_fetch_add_explicit(&counts->lost, 1, memory_order_relaxed);
			return;
		}
		row += stack.value % CHUNK_ROWS;
	}
	if (atomic_load_explicit(counts->threaded, memory_order_relaxed)) {
		atomic_fetch_add_explicit(&row->blocks, 1, memory_order_relaxed);
		atomic_fetch_add_explicit(&row->bytes, size, memory_order_relaxed);
	} else { /* without a locked instruction */
		atomic_store_explicit(&row->blocks, atomic_load_explicit(&row->blocks, memory_order_relaxed) + 1, memory_order_relaxed);
		atomic_store_explicit(&row->bytes, atomic_load_explicit(&row->bytes, memory_order_relaxed) + size, memory_order_relaxed);
	}
}

void md_profile_counts_note(struct md_profile_counts *counts, struct md_thread *thread, md_stack_id stack, uint64_t size, uint64_t now)
{
	if (counts->counting)
		count(counts, stack, size);
	if (now >= atomic_load_explicit(&counts->due, memory_order_relaxed))
		thread->attended = true;
}

void md_profile_counts_get(const struct md_profile_counts *counts, uint32_t stack, uint64_t *blocks, uint64_t *bytes)
{
	const struct md_profile_count *row = row_at(counts, stack);

	*blocks = row ? atomic_load_explicit(&row->blocks, memory_order_relaxed) : 0;
	*bytes = row ? atomic_load_explicit(&row->bytes, memory_order_relaxed) : 0;
}

uint32_t md_profile_counts_next(const struct md_profile_counts *counts, uint32_t from, uint64_t *blocks, uint64_t *bytes)
{
	for (uint64_t id = from ? from : 1; id < (uint64_t)MD_STACK_CHUNKS_MAX * CHUNK_ROWS;) {
		if (!row_at(counts, (uint32_t)id)) {
			id = (id / CHUNK_ROWS + 1) * CHUNK_ROWS;
			continue;
		}
		md_profile_counts_get(counts, (uint32_t)id, blocks, bytes);
		if (*blocks)
			return (uint32_t)id;
		id++;
	}
	return 0;
}
