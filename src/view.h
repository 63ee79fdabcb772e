/* SPDX-License-Identifier: MIT
 *
 * The heap as others see it: zones, the state of each slot, totals. Plain data for the zone picture, statistics and debuggers.
 */
#ifndef MD_VIEW_H
#define MD_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/block.h"
#include "src/guard_policy.h"

/* One zone. For each slot one state; large zones have a single slot. */
struct md_zone_view {
	enum md_zone_kind kind;
	uintptr_t begin, end; /* mapped range */
	size_t slot_bytes;    /* distance between slots; for large zones the whole zone */
	size_t slot_count;
	uintptr_t first_slot;
	size_t slots_untouched; /* at the end: never handed out yet */
	size_t live, cached, quarantined, free; /* slots in each state; free includes untouched */
	size_t user_bytes;    /* requested by live blocks */
};

/* A run of neighbouring slots, or blocks, in one state. */
struct md_run_view {
	enum md_block_state state;
	bool damaged;
	uintptr_t begin, end;
	size_t slots;
	size_t user_bytes; /* requested, live and quarantined runs only */
};

struct md_heap_totals {
	uint64_t live_blocks, live_bytes;               /* as requested */
	uint64_t quarantined_blocks, quarantined_bytes; /* held back */
	uint64_t cached_slots;
	uint64_t free_run_bytes, free_run_largest, free_runs; /* unit runs not used by any zone */
	uint64_t mapped_bytes;                          /* address space of all zones and free runs */
	uint64_t metadata_bytes;                        /* our own records */
	uint64_t zones[MD_ZONE_KIND_COUNT];             /* by enum md_zone_kind */
	uint64_t slot_overhead_bytes;                   /* red zones, slack, alignment in live slots */
};

/* Counters since start. */
struct md_counters {
	uint64_t allocations, frees, reallocations, failed;
	uint64_t allocated_bytes;
	uint64_t live_blocks, live_bytes;
	uint64_t peak_bytes; /* most memory that zones ever took, red zones and all */
	uint64_t stacks, frames, modules, threads;
	uint64_t findings, reports, repeats;
	uint64_t unwind_walks, unwind_slow, unwind_mismatches;
	uint64_t checks;
	uint64_t guarded[MD_GUARD_REASONS];     /* blocks so far, by enum md_guard_reason */
	uint64_t guarded_now, guarded_now_bytes; /* in use; their pages */
	uint64_t guards_refused;                /* by the system, for want of memory or address space, or because somebody looked at the heap */
	bool guard_bytes_short, guard_ranges_short; /* the budget was reached; so was what the system bears */
	unsigned watchpoints;                   /* that are set; 0: then watch_why says why there are none (NULL: nothing was worth one), static */
	const char *watch_why;
	uint64_t failed_on_purpose;             /* of the failed ones */
	md_stack_id failed_last;                /* stack of the last of them */
	uint64_t watch_moves, watch_traps, watch_innocent, watch_reports;
};

#endif
