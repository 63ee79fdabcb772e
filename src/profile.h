/* SPDX-License-Identifier: MIT
 *
 * Profile: blocks and bytes by stack at one moment: those that are live, and, where they are counted (profile_counts.h), all that were ever
 * allocated. And a series of moments, for pictures over time.
 *
 * Invariants    Rows are in order of stack ids; the first is that of stack 0: blocks of which no stack is known. The rows' sums are the
 *               totals: what has no row of its own is in the first. A row's allocated numbers are no smaller than its live ones, where both
 *               are known. A series keeps its highest moment, the first, and the last; of two that lie close one goes when there are too
 *               many. Every tenth, the highest and the last have their stacks.
 * Locking       As for snapshots (snapshot.h): taking one walks the heap without a lock; a series is its owner's to lock, but for
 *               md_series_memory.
 * Allocation    mapped pages. Not async-signal-safe.
 */
#ifndef MD_PROFILE_H
#define MD_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/profile_counts.h"
#include "src/snapshot.h"

struct md_profile_row {
	uint32_t stack; /* md_stack_id */
	uint64_t live_blocks, live_bytes;
	uint64_t all_blocks, all_bytes; /* ever allocated */
};

struct md_profile {
	size_t mapped_bytes;
	bool has_all; /* what was ever allocated is known */
	uint64_t live_blocks, live_bytes;
	size_t row_count;
	struct md_profile_row rows[];
};

/* What is live now; counts may be NULL, or count nothing. NULL when there is no memory. */
struct md_profile *md_profile_take(const struct md_heap *heap, const struct md_profile_counts *counts);
void md_profile_destroy(struct md_profile *profile);

#define MD_SERIES_MAX 100      /* as many as massif keeps */
#define MD_SERIES_DETAIL 10    /* every so manyth has its stacks for good */

struct md_series_moment {
	uint32_t number; /* from 0 */
	uint64_t ticks, bytes; /* bytes: live */
	_Atomic(struct md_snapshot *) snapshot; /* NULL: only the totals are kept */
};

struct md_series {
	uint32_t taken;
	size_t count;
	struct md_series_moment moments[MD_SERIES_MAX + 1];
};

/* Adds a moment that is younger than all others, and owns its snapshot from then on. */
void md_series_add(struct md_series *series, struct md_snapshot *snapshot);

/* The place of the highest moment; count must not be 0. */
size_t md_series_peak(const struct md_series *series);

/* Memory of the i-th place; an empty range if it has none. False after the last. At any time, without a lock. */
bool md_series_memory(const struct md_series *series, size_t i, uintptr_t *begin, uintptr_t *end);

#endif
