/* SPDX-License-Identifier: MIT
 *
 * Heap: the order of steps for allocating, freeing and resizing. Everything it finds wrong goes into the calling thread's list of findings; it
 * prints nothing, decides nothing and never ends the process.
 *
 * Damage is copied into the finding and repaired at once, so that the program can go on and the same bytes are not reported twice.
 *
 * Locking   The functions take what they need (lock.h). A struct md_thread is passed by its own thread only.
 */
#ifndef MD_HEAP_H
#define MD_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/arena.h"
#include "src/call.h"
#include "src/failures.h"
#include "src/finding.h"
#include "src/guard_policy.h"
#include "src/lasting.h"
#include "src/module.h"
#include "src/page_map.h"
#include "src/runs.h"
#include "src/stack_store.h"
#include "src/thread.h"
#include "src/watch.h"
#include "src/zone.h"

/* What is decided at start and read-only afterwards. */
struct md_heap_config {
	size_t redzone;         /* bytes; rounded up to 16 */
	size_t fill_alloc;      /* bytes filled at the start of a new block */
	size_t fill_free;       /* bytes filled at the start of a freed block */
	unsigned char fill_alloc_byte, fill_free_byte;
	size_t quarantine;      /* most bytes held back in all */
	bool quarantine_fixed;  /* the user named the size: it does not shrink with the heap */
	size_t history;         /* events of a thread's ring; 0: none */
	size_t realloc_move;    /* realloc always moves blocks up to this size */
	size_t max_alloc;       /* larger requests fail; 0: no limit */
	bool mismatch;          /* look at families of allocation and free */
	struct md_guard_config guard;
	struct md_failures_config failures;
};

struct md_heap {
	struct md_heap_config config;
	size_t size_asks;         /* requests of at least this size may have to fail: all, while some are to fail on purpose */
	uint64_t secret;
	struct md_arena arena;
	struct md_page_map map;
	struct md_runs runs;
	struct md_zones zones;
	struct md_stack_store *stacks;
	struct md_modules modules;

	const struct md_lasting *lasting; /* for history rings; NULL: they are in memory of their own. Set before there are threads */

	struct md_lock threads_lock;
	_Atomic(struct md_thread *) threads; /* all, parked ones too */
	struct md_thread *parked;
	uint32_t parked_count;
	_Atomic uint32_t threads_live;
	_Atomic bool threaded;    /* there may be more than one thread: see md_heap_expect_threads */
	uint32_t threads_created; /* ever; the next id */
	uint32_t rings;           /* asked for of lasting */
	struct md_thread_info *thread_infos; /* by id; own mapping */
	_Atomic uint64_t checks;
	struct md_guard guard;
	struct md_watch_wishes watch;
	struct md_failures failures;
	struct md_profile_counts *profile; /* set before the first thread begins; NULL: nothing is counted by stack */
	struct md_lock check_lock; /* whose holder may keep live blocks in MD_BLOCK_FREEING for a moment, see check.h */
};

/* Makes the heap ready. heap is zeroed memory. False when the system gives no memory for the first tables. */
bool md_heap_init(struct md_heap *heap, const struct md_heap_config *config);

/* A second thread is about to start: from now on the heap's threads arrange between themselves who may free a block. Before, no locked instruction is
 * needed for it. To be called by the only thread there is. */
static inline void md_heap_expect_threads(struct md_heap *heap)
{
	atomic_store_explicit(&heap->threaded, true, memory_order_seq_cst);
}

/* A struct for the calling thread: one that a dead thread left, or a new one. tid: the kernel's number. NULL when there is no memory. */
struct md_thread *md_heap_thread_begin(struct md_heap *heap, uint32_t tid);

/* The thread ends: its caches go back, its quarantine shrinks to a small rest, its struct waits for the next thread. */
void md_heap_thread_end(struct md_heap *heap, struct md_thread *thread);

/* In the child of a fork: all other threads are gone; their structs become free, less what they were in the middle of. */
void md_heap_after_fork(struct md_heap *heap, struct md_thread *survivor);

/* A new block, or NULL (errno is the caller's business). alignment is a power of two. zero: the bytes read as zero. call->size is what
 * the program asked for in all. A failed request becomes a finding of a bad-request kind and an event of the history. */
void *md_heap_allocate(struct md_heap *heap, struct md_thread *thread, size_t size, size_t alignment, bool zero, const struct md_call *call);

/* What a free did. */
enum md_freed {
	MD_FREED,        /* the block is in the quarantine, or free */
	MD_FREED_NOT,    /* a finding says why: double-free, bad-free inside our memory */
	MD_FREED_FOREIGN /* the address is not in our memory: nothing was done, nothing recorded */
};

enum md_freed md_heap_free(struct md_heap *heap, struct md_thread *thread, void *user, const struct md_call *call);

/* The same where the zone at user was looked up already. */
enum md_freed md_heap_free_in(struct md_heap *heap, struct md_thread *thread, struct md_zone *zone, uintptr_t user, const struct md_call *call);

/* realloc of a block with a size above 0. *result is the new place, or NULL when there is no memory (the old block is then unchanged).
 * MD_FREED_NOT and MD_FREED_FOREIGN as for md_heap_free; nothing is done then. */
enum md_freed md_heap_resize(struct md_heap *heap, struct md_thread *thread, void *user, size_t size, const struct md_call *call, void **result);

/* Bytes asked for of the live block at user, into *size: MD_FREED. Otherwise *size is 0 and the result as for md_heap_free. */
enum md_freed md_heap_size(struct md_heap *heap, struct md_thread *thread, void *user, const struct md_call *call, size_t *size);

/* Records that a request failed, and as what. Always returns NULL. */
void *md_heap_fail(struct md_heap *heap, struct md_thread *thread, enum md_error error, const struct md_call *call);

/* Zone and record of the block that begins exactly at user and is live; NULL if there is none. */
struct md_record *md_heap_live_block(struct md_heap *heap, uintptr_t user, struct md_zone **zone);

/* Bytes asked for. */
static inline size_t md_record_size(const struct md_zone *zone, const struct md_record *record)
{
	return zone->kind == MD_ZONE_LARGE ? zone->large_size : record->size;
}

/* Empties the thread's quarantine (with the check that leaving it brings) and its caches. The findings list may fill up: call again while
 * it returns true (after dealing with the findings). */
bool md_heap_purge_thread(struct md_heap *heap, struct md_thread *thread, bool keep_zones);

/* Takes one struct that no thread has off the list of parked ones, for purging; NULL when there is none (left). Give each back. */
struct md_thread *md_heap_parked_take(struct md_heap *heap);
void md_heap_parked_give(struct md_heap *heap, struct md_thread *thread);

/* Moves blocks that are over the limit out of the quarantine; stops early when the findings list is full. */
void md_heap_evict(struct md_heap *heap, struct md_thread *thread, size_t limit_bytes);

#endif
