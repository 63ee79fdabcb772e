/* SPDX-License-Identifier: MIT
 *
 * Freeing: a block is checked, filled, held back in the quarantine of its thread, checked again, and its slot handed on.
 */
#include <string.h>

#include "src/check.h"
#include "src/clock.h"
#include "src/guard.h"
#include "src/heap_inside.h"
#include "src/os.h"
#include "src/slot_bytes.h"

#define QUARANTINE_BYTES_MIN ((size_t)256 << 10)
#define QUARANTINE_RECENT_BYTES ((size_t)128 << 10) /* well below a second-level cache: holding back all of more makes every malloc a miss */
#define QUARANTINE_RUN 256 /* of the blocks that leave it, so many in a row are held back further: neighbours, which keep few zones from going back ... */
#define QUARANTINE_RUNS 8  /* ... and then none in that many runs, less one */
#define QUARANTINE_THREAD_MIN ((size_t)32 << 10)
#define CLOSED_CHARGE ((size_t)512)         /* of a closed block, which holds no memory: its address space, and what was kept of it */
#define CACHE_SLOTS_LEAST 4                 /* capacity of a thread's smallest cache, see heap_threads.c */

void md_heap_set_quarantine_limit(const struct md_heap *heap, struct md_thread *thread)
{
	size_t total = heap->config.quarantine;
	uint32_t threads = atomic_load_explicit(&heap->threads_live, memory_order_relaxed);

	if (!heap->config.quarantine_fixed) {
		size_t scaled = atomic_load_explicit(&heap->runs.used_bytes, memory_order_relaxed) / 16;
		size_t guarded = atomic_load_explicit(&heap->zones.guarded_bytes, memory_order_relaxed) / 16; /* address space, little of it memory */

		scaled = scaled > guarded ? scaled - guarded : 0;

		if (scaled < QUARANTINE_BYTES_MIN)
			scaled = QUARANTINE_BYTES_MIN;
		if (total > scaled)
			total = scaled;
	}
	size_t share = threads > 1 ? total / threads : total;

	if (share < QUARANTINE_THREAD_MIN && !heap->config.quarantine_fixed)
		share = total < QUARANTINE_THREAD_MIN ? total : QUARANTINE_THREAD_MIN;
	bool all = heap->config.quarantine_fixed || share < QUARANTINE_RECENT_BYTES;

	thread->quarantine.limit_bytes = all ? share : QUARANTINE_RECENT_BYTES;
	thread->aged.limit_bytes = share - thread->quarantine.limit_bytes;
}

/* The older half of a full cache goes, the warm one stays. */
static __attribute__((noinline)) void make_room(struct md_heap *heap, struct md_cache *cache, unsigned class_index)
{
	unsigned half = (cache->count + 1u) / 2;

	md_zones_give_slots(&heap->zones, class_index, cache->slots, half, false);
	cache->count -= half;
	memmove(cache->slots, cache->slots + half, cache->count * sizeof cache->slots[0]);
}

static inline void cache_put(struct md_heap *heap, struct md_cache *cache, unsigned class_index, uintptr_t slot_begin, struct md_record *record)
{
	if (unlikely(cache->count == cache->capacity))
		make_room(heap, cache, class_index);
	cache->slots[cache->count++] = (struct md_slot){ slot_begin, record };
}

/* --- leaving the quarantine ---------------------------------------------- */

static size_t quarantine_charge(const struct md_zone *zone, const struct md_record *record)
{
	if (likely(zone->kind < MD_ZONE_LARGE))
		return zone->slot_bytes;
	if (zone->kind == MD_ZONE_GUARDED)
		return md_guard_is_closed(zone, record) ? CLOSED_CHARGE : zone->slot_bytes;
	return record->flags & MD_BLOCK_DROPPED ? MD_PAGE_BYTES : zone->large_end - zone->large_begin;
}

/* A block in the quarantine that is not in an ordinary slot. False when the list of findings is full: it stays until they are dealt with. */
static __attribute__((noinline)) bool evict_other(struct md_heap *heap, struct md_thread *thread, struct md_quarantine *queue, uintptr_t user,
	const struct md_call *call)
{
	uintptr_t slot_begin = 0;
	struct md_zone *zone = md_page_map_zone(&heap->map, user);
	struct md_record *record = md_heap_find_exact(zone, user, &slot_begin);
	size_t charge = quarantine_charge(zone, record);
	struct md_extent extent = md_extent_of(zone, record, slot_begin);

	/* Nobody could write to a closed block, and one that was opened for an access has been reported. */
	if (!md_guard_is_closed(zone, record) &&
		(!md_fill_intact(heap->config.fill_free_byte, user, user + md_filled_bytes(heap, extent.size)) ||
			(!(record->flags & MD_BLOCK_DROPPED) && !md_pattern_intact(heap->secret, user + extent.size, extent.end))) &&
		!md_check_freed(heap, thread, zone, record, MD_NOTICED_AT_REUSE, call))
		return false;
	md_quarantine_remove_oldest(queue, charge);
	if (zone->kind == MD_ZONE_LARGE) {
		md_zones_give_large(&heap->zones, zone, false);
		return true;
	}
	atomic_store_explicit(&record->state, MD_BLOCK_CACHED, memory_order_release);
	cache_put(heap, &thread->caches[zone->class_index], zone->class_index, slot_begin, record);
	return true;
}

/* Lets the oldest block go. False as for evict_other. */
static inline bool evict_one(struct md_heap *heap, struct md_thread *thread, struct md_quarantine *queue, const struct md_call *call)
{
	struct md_quarantined block = md_quarantine_oldest(queue);
	uintptr_t user = md_quarantined_user(block);
	unsigned class_index = md_quarantined_class(block);
	struct md_record *record = block.record;

	md_quarantine_prefetch(queue);
	if (unlikely(class_index == MD_QUARANTINE_NO_CLASS))
		return evict_other(heap, thread, queue, user, call);
	struct md_cache *cache = &thread->caches[class_index];
	size_t slot_bytes = cache->slot_bytes, size = record->size;
	uintptr_t slot_begin = user - 16u * (uintptr_t)record->user_offset16;

	bool intact = likely(size <= heap->config.fill_free) ?
		md_slot_filled(heap->config.fill_free_byte, heap->secret, user, size, slot_begin + slot_bytes) :
		md_fill_intact(heap->config.fill_free_byte, user, user + heap->config.fill_free) &&
			md_pattern_intact(heap->secret, user + size, slot_begin + slot_bytes);

	if (unlikely(!intact) &&
		!md_check_freed(heap, thread, md_page_map_zone(&heap->map, user), record, MD_NOTICED_AT_REUSE, call))
		return false;
	md_quarantine_remove_oldest(queue, slot_bytes);
	atomic_store_explicit(&record->state, MD_BLOCK_CACHED, memory_order_release);
	cache_put(heap, cache, class_index, slot_begin, record);
	return true;
}

/* Lets blocks go until a queue holds no more than that. False as for evict_other. call: the one that lets them go, for reports. */
static bool evict_to(struct md_heap *heap, struct md_thread *thread, struct md_quarantine *queue, size_t limit_bytes, const struct md_call *call)
{
	while (queue->blocks && queue->bytes > limit_bytes)
		if (!evict_one(heap, thread, queue, call))
			return false;
	return true;
}

/* The oldest of the blocks freed last goes on to the aged ones. False when there is no memory. */
static __attribute__((noinline)) bool age_one(struct md_heap *heap, struct md_thread *thread, const struct md_call *call)
{
	struct md_quarantined block = md_quarantine_oldest(&thread->quarantine);
	unsigned class_index = md_quarantined_class(block);
	size_t charge = class_index == MD_QUARANTINE_NO_CLASS ?
		quarantine_charge(md_page_map_zone(&heap->map, md_quarantined_user(block)), block.record) :
		thread->caches[class_index].slot_bytes;

	if (!md_quarantine_put(&thread->aged, &heap->arena, block, charge))
		return false;
	md_quarantine_remove_oldest(&thread->quarantine, charge);
	evict_to(heap, thread, &thread->aged, thread->aged.limit_bytes, call);
	return true;
}

static __attribute__((noinline)) void begin_aging_run(struct md_heap *heap, struct md_thread *thread)
{
	md_heap_set_quarantine_limit(heap, thread); /* the heap may have shrunk */
	thread->aging = !thread->aging;
	thread->aging_countdown = thread->aging ? QUARANTINE_RUN : QUARANTINE_RUN * (QUARANTINE_RUNS - 1);
}

/* Whether the oldest block is to be held back further: those that take no room in caches are, and runs of the others. */
static inline bool is_to_age(struct md_heap *heap, struct md_thread *thread)
{
	if (unlikely(!thread->aging_countdown--))
		begin_aging_run(heap, thread);
	return thread->aged.limit_bytes &&
		(thread->aging || unlikely(md_quarantined_class(md_quarantine_oldest(&thread->quarantine)) == MD_QUARANTINE_NO_CLASS));
}

/* Moves blocks on while more are held back than may be. */
static inline void evict(struct md_heap *heap, struct md_thread *thread, const struct md_call *call)
{
	struct md_quarantine *queue = &thread->quarantine;

	while (queue->blocks && queue->bytes > queue->limit_bytes)
		if (!(is_to_age(heap, thread) && age_one(heap, thread, call)) && !evict_one(heap, thread, queue, call))
			return;
}

void md_heap_evict(struct md_heap *heap, struct md_thread *thread, size_t limit_bytes)
{
	struct md_call call = { .api = MD_API_NONE };

	evict_to(heap, thread, &thread->aged, 0, &call);
	evict_to(heap, thread, &thread->quarantine, limit_bytes, &call);
}

/* --- freeing ------------------------------------------------------------- */

/* Fills a freed block that is not in an ordinary slot, or closes it, and gives the pages of a big one back. */
static void fill_other(struct md_heap *heap, struct md_thread *thread, struct md_zone *zone, struct md_record *record, const struct md_extent *extent)
{
	size_t filled = md_filled_bytes(heap, extent->size);

	md_guard_end(heap, zone, record);
	if (zone->kind == MD_ZONE_GUARDED) {
		record->flags |= MD_BLOCK_USED;
		if (md_guard_close(heap, zone, record, extent)) {
			record->flags &= (uint8_t)~MD_BLOCK_USED; /* its next block finds zeroes */
			return;
		}
	}
	if (zone->kind == MD_ZONE_LARGE && (extent->size > MD_DROP_BYTES_MIN || extent->size > thread->quarantine.limit_bytes / 2)) {
		uintptr_t from = md_page_up(extent->user + filled);

		if (md_guard_close(heap, zone, record, extent)) {
			record->flags |= MD_BLOCK_DROPPED;
			return;
		}
		if (from < extent->end && md_os_drop((void *)from, extent->end - from))
			record->flags |= MD_BLOCK_DROPPED;
	}
	memset((void *)extent->user, heap->config.fill_free_byte, filled);
}

/* The record, history and counters of a block that is freed. */
static inline void note_free(struct md_thread *thread, struct md_record *record, uintptr_t user, size_t size, const struct md_call *call)
{
	record->free_stack = call->stack.value;
	record->free_thread = thread->id.value;
	record->apis = (uint8_t)((record->apis & 15) | (call->api - MD_API_FIRST_FREE) << 4);
	md_history_put(&thread->history, md_event_make(MD_EVENT_FREE, call->api, user, size, call->stack, thread->id, md_clock_now()));
	thread->counters.frees++;
	thread->counters.freed_bytes += size;
}

static __attribute__((noinline)) void retire_other(struct md_heap *heap, struct md_thread *thread, struct md_zone *zone, struct md_record *record,
	uintptr_t slot_begin, const struct md_call *call)
{
	struct md_extent extent = md_extent_of(zone, record, slot_begin);

	if (!md_redzones_intact(heap->secret, &extent))
		md_check_redzones(heap, thread, zone, record, MD_NOTICED_AT_FREE, call);
	note_free(thread, record, extent.user, extent.size, call);
	fill_other(heap, thread, zone, record, &extent);
	size_t charge = quarantine_charge(zone, record);

	atomic_store_explicit(&record->state, MD_BLOCK_QUARANTINED, memory_order_release);
	if (heap->config.quarantine &&
		md_quarantine_put(&thread->quarantine, &heap->arena, md_quarantined_make(extent.user, MD_QUARANTINE_NO_CLASS, record), charge)) {
		evict(heap, thread, call);
		return;
	}
	if (zone->kind == MD_ZONE_LARGE) {
		md_zones_give_large(&heap->zones, zone, false);
	} else {
		atomic_store_explicit(&record->state, MD_BLOCK_CACHED, memory_order_release);
		cache_put(heap, &thread->caches[zone->class_index], zone->class_index, slot_begin, record);
	}
}

/* The block is MD_BLOCK_FREEING, so nobody else touches it. */
static inline __attribute__((always_inline)) void retire(struct md_heap *heap, struct md_thread *thread, struct md_zone *zone, struct md_record *record,
	uintptr_t slot_begin, const struct md_call *call)
{
	if (unlikely(zone->kind >= MD_ZONE_LARGE)) {
		retire_other(heap, thread, zone, record, slot_begin, call);
		return;
	}
	size_t size = record->size, slot_bytes = zone->slot_bytes;
	uintptr_t user = slot_begin + 16u * (uintptr_t)record->user_offset16;

	/* What lies before the bytes of a block with a larger alignment is red zone too. */
	if (unlikely(!md_slot_intact(heap->secret, user, size, slot_begin + slot_bytes)) ||
		unlikely(user != slot_begin && !md_pattern_intact(heap->secret, slot_begin - MD_REDZONE_BYTES, user)))
		md_check_redzones(heap, thread, zone, record, MD_NOTICED_AT_FREE, call);
	note_free(thread, record, user, size, call);
	if (likely(size <= heap->config.fill_free && size <= MD_FILL_INLINE_MAX))
		md_slot_fill(heap->config.fill_free_byte, user, size);
	else
		memset((void *)user, heap->config.fill_free_byte, md_filled_bytes(heap, size));
	atomic_store_explicit(&record->state, MD_BLOCK_QUARANTINED, memory_order_release);
	if (unlikely(!heap->config.quarantine || !md_quarantine_put(&thread->quarantine, &heap->arena,
							 md_quarantined_make(user, zone->class_index, record), slot_bytes))) {
		atomic_store_explicit(&record->state, MD_BLOCK_CACHED, memory_order_release);
		cache_put(heap, &thread->caches[zone->class_index], zone->class_index, slot_begin, record);
		return;
	}
	if (thread->quarantine.bytes > thread->quarantine.limit_bytes)
		evict(heap, thread, call);
}

void md_heap_retire(struct md_heap *heap, struct md_thread *thread, struct md_zone *zone, struct md_record *record, uintptr_t slot_begin,
	const struct md_call *call)
{
	retire(heap, thread, zone, record, slot_begin, call);
}

enum md_freed md_heap_free_in(struct md_heap *heap, struct md_thread *thread, struct md_zone *zone, uintptr_t user, const struct md_call *call)
{
	uintptr_t slot_begin;
	struct md_record *record = md_heap_find_exact(zone, user, &slot_begin);

	if (unlikely(!record || !md_heap_begin_freeing(heap, record)))
		return md_heap_refuse_pointer(heap, thread, user, record != NULL, call);
	md_heap_check_call(heap, thread, zone, record, user, call);
	retire(heap, thread, zone, record, slot_begin, call);
	return MD_FREED;
}

enum md_freed md_heap_free(struct md_heap *heap, struct md_thread *thread, void *user, const struct md_call *call)
{
	struct md_zone *zone = md_page_map_zone(&heap->map, (uintptr_t)user);

	return likely(zone != NULL) ? md_heap_free_in(heap, thread, zone, (uintptr_t)user, call) : MD_FREED_FOREIGN;
}

/* --- giving up what is held --------------------------------------------- */

static void empty_caches(struct md_heap *heap, struct md_thread *thread, bool keep_zones)
{
	for (unsigned i = 0; i < MD_CLASSES_ALL; i++) {
		struct md_cache *cache = &thread->caches[i];

		if (cache->count)
			md_zones_give_slots(&heap->zones, i, cache->slots, cache->count, keep_zones);
		cache->count = 0;
	}
}

bool md_heap_purge_thread(struct md_heap *heap, struct md_thread *thread, bool keep_zones)
{
	struct md_call call = { .api = MD_API_NONE };

	struct md_quarantine *queues[] = { &thread->quarantine, &thread->aged };
	unsigned evicted = 0;
	bool left = false;

	/* Caches are emptied before they can overflow: one that does gives its zones back. */
	empty_caches(heap, thread, keep_zones);
	for (unsigned i = 0; i < 2; i++) {
		while (queues[i]->blocks && evict_one(heap, thread, queues[i], &call))
			if (++evicted % CACHE_SLOTS_LEAST == 0)
				empty_caches(heap, thread, keep_zones);
		left |= queues[i]->blocks != 0;
	}
	empty_caches(heap, thread, keep_zones);
	return left;
}
