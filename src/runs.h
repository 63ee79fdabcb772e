/* SPDX-License-Identifier: MIT
 *
 * Runs: free address space in whole units, and its way to and from the system.
 *
 * Zones are cut from free runs. A run that comes back merges with the free runs on both sides of it, so that a later, larger request fits;
 * the first and last unit of every free run carry it in the page map, which is how neighbours are found. Fresh runs are known to read as
 * zero; used ones are dropped (their pages given back) once there are too many of them, and large ones unmapped.
 *
 * Invariants   No two free runs touch. free_bytes is the sum over all free runs, dirty_bytes over those not known to be zero.
 * Locking      MD_LOCK_RUNS; the functions take it.
 * Background   Wilson et al., "Dynamic Storage Allocation: A Survey" (1995): boundary tags, segregated fits.
 */
#ifndef MD_RUNS_H
#define MD_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/lock.h"
#include "src/page_map.h"

struct md_arena;

#define MD_RUN_BINS 64 /* 1 to 32 units exactly, then by powers of two */

struct md_run {
	uintptr_t begin;
	size_t bytes;
	bool dirty; /* not known to be zero */
	struct md_run *next, *previous; /* in its bin, or in the list of unused records */
};

struct md_runs {
	struct md_lock lock;
	struct md_page_map *map;
	struct md_arena *arena;
	struct md_run *bins[MD_RUN_BINS];
	uint64_t bins_filled; /* bit per bin that is not empty */
	struct md_run *unused; /* records without a run */
	uintptr_t hint;        /* where the next mapping would touch the last one */
	size_t dirty_bytes, free_bytes;
	_Atomic size_t mapped_bytes; /* zones and free runs */
	_Atomic size_t used_bytes;   /* zones */
	_Atomic size_t used_peak;    /* most that used_bytes ever was */
	size_t keep_dirty_bytes;     /* never dropped below this */
	_Atomic uint32_t watchers;   /* while there are any, nothing is unmapped or becomes inaccessible */
	_Atomic uint32_t shutting;   /* threads that make something inaccessible just now */
};

void md_runs_init(struct md_runs *runs, struct md_page_map *map, struct md_arena *arena);

/* A range of at least `bytes` (a multiple of the unit) whose begin is a multiple of `alignment` (a power of two, at least a unit). Zero
 * when the system refuses. *fresh: whether it reads as zero. */
uintptr_t md_runs_take(struct md_runs *runs, size_t bytes, size_t alignment, bool *fresh);

/* Gives a range back; it merges with its free neighbours. dirty: whether it was written to. */
void md_runs_give(struct md_runs *runs, uintptr_t begin, size_t bytes, bool dirty);

/* Gives a range to the system, at once or never: it cannot be used again (parts of it stay inaccessible). */
void md_runs_forget(struct md_runs *runs, uintptr_t begin, size_t bytes);

/* Moves the first move_bytes of a taken range to another taken range; the rest of it is unmapped, and it is nobody's any more. False if
 * refused (by the system, or because somebody watches): only the contents of the other range may have changed then. */
bool md_runs_move(struct md_runs *runs, uintptr_t begin, size_t bytes, uintptr_t to, size_t move_bytes);

/* Makes pages of a taken range inaccessible (md_os_guard_install). False if refused, by the system or because somebody watches. Takes no
 * lock. */
bool md_runs_shut(struct md_runs *runs, uintptr_t begin, size_t bytes);

/* Until the end of the watch nothing is unmapped, and nothing becomes inaccessible: a zone that is found in the page map can be read,
 * whatever its owner does with it meanwhile. Watches may overlap and nest. */
void md_runs_watch_begin(struct md_runs *runs);
void md_runs_watch_end(struct md_runs *runs);

/* Takes exactly [begin, begin + bytes) if a free run begins there: a zone grows in place. */
bool md_runs_extend(struct md_runs *runs, uintptr_t begin, size_t bytes, bool *fresh);

/* Gives pages and address space of free runs back until at most keep_bytes are left. Returns bytes given back. */
size_t md_runs_trim(struct md_runs *runs, size_t keep_bytes);

#endif
