/* SPDX-License-Identifier: MIT
 *
 * Threads of the heap: their structs begin, are parked, and are taken up again.
 */
#include <string.h>

#include "src/heap.h"
#include "src/os.h"

#define PARKED_QUARANTINE_BYTES ((size_t)64 << 10) /* what a dead thread's queue keeps, to see late writes to its last blocks */
#define PARKED_QUARANTINES_MAX 8 /* so many dead threads' queues keep something: a thousand must not add up */
#define OTHER_HISTORY_EVENTS 1024 /* threads but the first get shorter rings: there may be thousands of them */

static unsigned cache_capacity(unsigned class_index)
{
	size_t bytes = md_class_slot_bytes(class_index);

	if (class_index >= MD_CLASS_COUNT) /* these hold no memory; the more the thread has, the longer a slot stays shut */
		return 8;
	return bytes <= 256 ? MD_CACHE_SLOTS : bytes <= 1024 ? 16 : bytes <= 4096 ? 8 : 4;
}

static size_t power_of_two_at_least(size_t value)
{
	size_t power = 64;

	while (power < value)
		power *= 2;
	return power;
}

static struct md_event *map_ring(struct md_heap *heap, size_t events)
{
	size_t bytes = events * sizeof(struct md_event);
	struct md_event *ring = heap->lasting ? heap->lasting->map(MD_LASTING_RING, heap->rings++, bytes) : NULL;

	return ring ? ring : md_os_map(0, bytes); /* refused: no history for this thread */
}

static struct md_thread *create_thread(struct md_heap *heap, bool first)
{
	struct md_thread *thread = md_arena_take(&heap->arena, sizeof *thread, 64);

	if (!thread)
		return NULL;
	for (unsigned i = 0; i < MD_CLASSES_ALL; i++) {
		thread->caches[i].capacity = (uint16_t)cache_capacity(i);
		thread->caches[i].slot_bytes = (uint32_t)md_class_slot_bytes(i);
	}
	md_guard_thread_init(heap, thread);
	if (heap->config.history) {
		size_t events = power_of_two_at_least(heap->config.history);

		if (!first && events > OTHER_HISTORY_EVENTS)
			events = events / 8 > OTHER_HISTORY_EVENTS ? events / 8 : OTHER_HISTORY_EVENTS;
		thread->history.events = map_ring(heap, events);
		thread->history.mask = events - 1;
	}
	return thread;
}

struct md_thread *md_heap_thread_begin(struct md_heap *heap, uint32_t tid)
{
	md_lock_take(&heap->threads_lock);
	if (heap->lasting)
		heap->lasting->own();
	struct md_thread *thread = heap->parked;

	if (thread) {
		heap->parked = thread->next_parked;
		heap->parked_count--;
	} else if ((thread = create_thread(heap, !atomic_load_explicit(&heap->threads, memory_order_relaxed)))) {
		thread->next = atomic_load_explicit(&heap->threads, memory_order_relaxed);
		atomic_store_explicit(&heap->threads, thread, memory_order_release);
	}
	if (thread) {
		uint16_t id = (uint16_t)(heap->threads_created++ % (MD_THREAD_INFOS_MAX - 1) + 1);

		thread->parked = false;
		thread->id = (md_thread_id){ id };
		thread->stack_low = thread->stack_high = 0;
		thread->leaks_ignored = 0;
		thread->profile = heap->profile;
		heap->thread_infos[id] = (struct md_thread_info){ .tid = tid, .alive = true };
		if (atomic_fetch_add_explicit(&heap->threads_live, 1, memory_order_relaxed))
			md_heap_expect_threads(heap);
		thread->aged.limit_bytes = 0; /* until it is counted, see heap.c */
		thread->quarantine.limit_bytes = heap->config.quarantine < PARKED_QUARANTINE_BYTES ? heap->config.quarantine : PARKED_QUARANTINE_BYTES;
	}
	md_lock_release(&heap->threads_lock);
	return thread;
}

static void park(struct md_heap *heap, struct md_thread *thread)
{
	heap->thread_infos[thread->id.value].alive = false;
	thread->parked = true;
	thread->busy = false;
	thread->next_parked = heap->parked;
	heap->parked = thread;
	heap->parked_count++;
	atomic_fetch_sub_explicit(&heap->threads_live, 1, memory_order_relaxed);
}

void md_heap_thread_end(struct md_heap *heap, struct md_thread *thread)
{
	size_t keep = PARKED_QUARANTINE_BYTES < heap->config.quarantine ? PARKED_QUARANTINE_BYTES : heap->config.quarantine;

	md_lock_take(&heap->threads_lock);
	if (heap->parked_count >= PARKED_QUARANTINES_MAX)
		keep = 0;
	md_lock_release(&heap->threads_lock);
	md_heap_evict(heap, thread, keep);
	for (unsigned i = 0; i < MD_CLASSES_ALL; i++) {
		struct md_cache *cache = &thread->caches[i];

		if (cache->count)
			md_zones_give_slots(&heap->zones, i, cache->slots, cache->count, false);
		cache->count = 0;
	}
	md_lock_take(&heap->threads_lock);
	park(heap, thread);
	md_lock_release(&heap->threads_lock);
}

void md_heap_after_fork(struct md_heap *heap, struct md_thread *survivor)
{
	md_lock_take(&heap->threads_lock);
	heap->runs.watchers = heap->runs.shutting = 0; /* whoever watched, or shut something, is not here */
	atomic_store_explicit(&heap->threaded, false, memory_order_relaxed);
	for (struct md_thread *thread = atomic_load(&heap->threads); thread; thread = thread->next) {
		/* One that was inside a call may have a cache or a queue half changed: it is left alone, and what it holds stays held. */
		if (thread != survivor && !thread->parked && !thread->busy)
			park(heap, thread);
	}
	md_lock_release(&heap->threads_lock);
}

struct md_thread *md_heap_parked_take(struct md_heap *heap)
{
	md_lock_take(&heap->threads_lock);
	struct md_thread *thread = heap->parked;

	if (thread) {
		heap->parked = thread->next_parked;
		heap->parked_count--;
	}
	md_lock_release(&heap->threads_lock);
	return thread;
}

void md_heap_parked_give(struct md_heap *heap, struct md_thread *thread)
{
	md_lock_take(&heap->threads_lock);
	thread->next_parked = heap->parked;
	heap->parked = thread;
	heap->parked_count++;
	md_lock_release(&heap->threads_lock);
}
