/* SPDX-License-Identifier: MIT
 *
 * Snapshot: how many blocks and bytes were live at one moment, by the stack that allocated them; and what grew from snapshot to snapshot.
 *
 * A snapshot is one mapping: its head, then a row for each stack, in order of stack ids. The last few are kept.
 *
 * Invariants    Snapshots are kept in order of their ids, which rise from 1 and are never used twice. Together they take no more than
 *               MD_SNAPSHOTS_BYTES_MAX, except that the newest is always kept.
 * Locking       Taking one walks over the heap without a lock: each block is counted as it was at one moment. The list of kept ones is the
 *               caller's to lock; who only wants to know where their memory lies (md_snapshots_memory) may read it at any time.
 * Allocation    mapped pages. Not async-signal-safe.
 */
#ifndef MD_SNAPSHOT_H
#define MD_SNAPSHOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/heap.h"

#define MD_SNAPSHOTS_MAX 16
#define MD_SNAPSHOTS_BYTES_MAX ((size_t)64 << 20)

struct md_snapshot_row {
	uint32_t stack;  /* md_stack_id */
	uint32_t blocks; /* stops at UINT32_MAX */
	uint64_t bytes;  /* as the program asked for them */
};

struct md_snapshot {
	size_t mapped_bytes; /* head and rows */
	uint32_t id;
	uint32_t since;      /* md_clock_coarse(): what is allocated from then on is younger than the snapshot */
	uint64_t ticks;      /* md_clock_now() when it was taken */
	uint64_t blocks, bytes; /* all live ones, those without a row included */
	bool stacks_lost;    /* there were more stacks than there was room for */
	size_t row_count;
	struct md_snapshot_row rows[];
};

struct md_snapshots {
	_Atomic(struct md_snapshot *) kept[MD_SNAPSHOTS_MAX]; /* the one with id n is at n % MD_SNAPSHOTS_MAX; NULL where there is none */
	uint32_t last_id;
};

/* Counts what is live now. NULL when there is no memory. */
struct md_snapshot *md_snapshot_take(const struct md_heap *heap);

/* Keeps a new snapshot, and drops the oldest if there are too many. Gives it its id, which is returned. */
uint32_t md_snapshots_put(struct md_snapshots *snapshots, struct md_snapshot *snapshot);

/* The kept snapshot with that id, or NULL. */
const struct md_snapshot *md_snapshots_find(const struct md_snapshots *snapshots, uint32_t id);

/* The newest of those kept, up to snapshots_max of them, oldest first. Returns how many. */
size_t md_snapshots_newest(const struct md_snapshots *snapshots, const struct md_snapshot **newest, size_t snapshots_max);

/* The memory of the i-th place for a snapshot; false if it is empty. */
bool md_snapshots_memory(const struct md_snapshots *snapshots, size_t i, uintptr_t *begin, uintptr_t *end);

/* The row of a stack; all zero where it has none. */
struct md_snapshot_row md_snapshot_row_of(const struct md_snapshot *snapshot, md_stack_id stack);

/* A stack that grew. */
struct md_growth {
	md_stack_id stack;
	uint64_t rise; /* live bytes in the last snapshot less those in the first */
};

struct md_growth_total {
	uint64_t stacks, rise;
};

/* Finds the stacks whose live bytes rose from each of these snapshots (two at least) to the next. Writes those that rose most, the
 * largest rise first. Returns how many are written; *total is about all of them. */
size_t md_growth_find(
	const struct md_snapshot *const *snapshots, size_t count, struct md_growth *growths, size_t growths_max, struct md_growth_total *total);

#endif
