/* SPDX-License-Identifier: MIT
 *
 * Inside of the heap: steps that allocating, freeing, resizing and guarding (heap.c, heap_resize.c, guard.c) have in common. For these files only.
 *
 * Locking   as in heap.h: struct md_thread is the caller's own.
 */
#ifndef MD_HEAP_INSIDE_H
#define MD_HEAP_INSIDE_H

#include <string.h>

#include "src/check.h"
#include "src/clock.h"
#include "src/heap.h"
#include "src/os.h"
#include "src/profile_counts.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define MD_DROP_BYTES_MIN ((size_t)128 << 10) /* freed blocks above it keep only their filled pages */

static inline uintptr_t md_page_up(uintptr_t addr)
{
	return (addr + MD_PAGE_BYTES - 1) & ~(uintptr_t)(MD_PAGE_BYTES - 1);
}

/* The record, history and counters of a new block, which is the program's from then on. */
static inline void md_heap_note_alloc(struct md_thread *thread, struct md_record *record, uintptr_t user, size_t size, const struct md_call *call)
{
	uint64_t now = md_clock_now();

	record->alloc_stack = call->stack.value;
	record->free_stack = 0;
	record->alloc_time = md_clock_coarse(now);
	record->alloc_thread = thread->id.value;
	record->free_thread = 0;
	record->flags &= (uint8_t)~(MD_BLOCK_DAMAGED | MD_BLOCK_IGNORED | MD_BLOCK_DROPPED | MD_BLOCK_TOLD);
	if (unlikely(thread->leaks_ignored))
		record->flags |= MD_BLOCK_IGNORED;
	record->apis = (uint8_t)call->api;
	md_history_put(&thread->history, md_event_make(MD_EVENT_ALLOC, call->api, user, size, call->stack, thread->id, now));
	thread->counters.allocations++;
	thread->counters.allocated_bytes += size;
	if (unlikely(thread->profile))
		md_profile_counts_note(thread->profile, thread, call->stack, size, now);
	atomic_store_explicit(&record->state, MD_BLOCK_LIVE, memory_order_release);
}

static inline void md_heap_fill_new(const struct md_heap *heap, uintptr_t user, size_t size)
{
	if (unlikely(heap->config.fill_alloc))
		memset((void *)user, heap->config.fill_alloc_byte, size < heap->config.fill_alloc ? size : heap->config.fill_alloc);
}

/* Whether the next block of that stack has to ask whether it is guarded. */
static inline bool md_guard_asks(const struct md_thread *thread, md_stack_id stack)
{
	return atomic_load_explicit(&thread->guard.seen[stack.value % MD_GUARD_SEEN], memory_order_relaxed) < thread->guard.first ||
		thread->counters.allocations >= thread->guard.sample_at;
}

/* Record of the block that begins exactly at user, whatever its state, and begin of its slot (of its bytes in a large zone); or NULL. */
static inline struct md_record *md_heap_find_exact(const struct md_zone *zone, uintptr_t user, uintptr_t *slot_begin)
{
	if (unlikely(zone->kind == MD_ZONE_LARGE)) {
		*slot_begin = __atomic_load_n(&zone->large_user, __ATOMIC_RELAXED); /* of a zone that was freed it may change at this moment */
		return user == *slot_begin ? zone->records : NULL;
	}
	if (user < zone->first_slot)
		return NULL;
	uint32_t slot = md_zone_slot_at(zone, user);

	if (slot >= zone->slot_count)
		return NULL;
	struct md_record *record = &zone->records[slot];

	*slot_begin = md_zone_slot_begin(zone, slot);
	if (unlikely(zone->kind == MD_ZONE_GUARDED))
		return user == md_guard_user(zone, record, *slot_begin) ? record : NULL;
	return user == *slot_begin + 16u * (uintptr_t)record->user_offset16 ? record : NULL;
}

/* LIVE to FREEING: of two threads exactly one gets through. A check that holds the block for a moment is waited for. */
static inline bool md_heap_begin_freeing(struct md_heap *heap, struct md_record *record)
{
	uint8_t live = MD_BLOCK_LIVE;

	if (likely(!atomic_load_explicit(&heap->threaded, memory_order_relaxed)) &&
		likely(atomic_load_explicit(&record->state, memory_order_relaxed) == MD_BLOCK_LIVE)) {
		atomic_store_explicit(&record->state, MD_BLOCK_FREEING, memory_order_relaxed);
		return true;
	}
	if (likely(atomic_compare_exchange_strong_explicit(&record->state, &live, MD_BLOCK_FREEING, memory_order_acquire, memory_order_relaxed)))
		return true;
	if (live != MD_BLOCK_FREEING)
		return false;
	md_check_wait(heap);
	live = MD_BLOCK_LIVE;
	return atomic_compare_exchange_strong_explicit(&record->state, &live, MD_BLOCK_FREEING, memory_order_acquire, memory_order_relaxed);
}

/* What may be held back by one thread now: a share of a sixteenth of the heap. All of the last blocks that it freed, and some of those before: so a slot
 * comes back while it is in the processor's caches, and late writes to blocks freed long ago are seen nevertheless. */
void md_heap_set_quarantine_limit(const struct md_heap *heap, struct md_thread *thread);

/* The pointer is in our memory, but no live block begins there (exact: but one of another state does): says what is wrong with it. */
enum md_freed md_heap_refuse_pointer(struct md_heap *heap, struct md_thread *thread, uintptr_t user, bool exact, const struct md_call *call);

/* The block is ours to free: does the call fit how it was allocated? */
#define MD_CALL_SIZED (1u << 15)
extern const uint16_t md_heap_calls_fit[16]; /* by freeing api less MD_API_FIRST_FREE: bits of the allocating apis that fit, if need be with the size */

void md_heap_check_call_slowly(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, const struct md_record *record, uintptr_t user,
	const struct md_call *call);

static inline void md_heap_check_call(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, const struct md_record *record, uintptr_t user,
	const struct md_call *call)
{
	unsigned fit = md_heap_calls_fit[(call->api - MD_API_FIRST_FREE) & 15];

	if (unlikely(!(fit >> (record->apis & 15) & 1)) || unlikely((fit & MD_CALL_SIZED) && call->size != record->size))
		md_heap_check_call_slowly(heap, thread, zone, record, user, call);
}

/* Whether a request has to fail for its size, or on purpose; it is noted then. Asked once for each, if its size is heap->size_asks or more. */
bool md_heap_refuses(struct md_heap *heap, struct md_thread *thread, size_t size, const struct md_call *call);

/* md_heap_allocate after that. */
void *md_heap_allocate_granted(
	struct md_heap *heap, struct md_thread *thread, size_t size, size_t alignment, bool zero, const struct md_call *call);

/* Into the quarantine with a block that the caller has made MD_BLOCK_FREEING. */
void md_heap_retire(struct md_heap *heap, struct md_thread *thread, struct md_zone *zone, struct md_record *record, uintptr_t slot_begin,
	const struct md_call *call);

#endif
