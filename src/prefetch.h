/* SPDX-License-Identifier: MIT
 *
 * Asking early for the memory that a call will need.
 *
 * Records lie apart from the blocks (block.h), so that the first look at one is a miss of the nearer caches in most calls. Taking the stack of a call takes
 * about as long as such a miss: what is asked for before it is there after it. Nothing here changes anything, or can fault.
 */
#ifndef MD_PREFETCH_H
#define MD_PREFETCH_H

#include "src/heap.h"

#define MD_PREFETCHED_BYTES_MAX 1024

/* What an allocation of that size would hand out next. */
static inline __attribute__((always_inline)) void md_prefetch_allocation(const struct md_heap *heap, const struct md_thread *thread, size_t size)
{
	size_t need = size + heap->config.redzone; /* larger blocks have larger red zones: those are not worth it */

	if (need > MD_PREFETCHED_BYTES_MAX || need < size)
		return;
	unsigned class_index = md_class_of(need);
	const struct md_cache *cache = &thread->caches[class_index];

	if (!cache->count)
		return;
	const struct md_slot *slot = &cache->slots[cache->count - 1];

	__builtin_prefetch(slot->record, 1);
	__builtin_prefetch((const void *)slot->begin, 1);
	__builtin_prefetch((const void *)(slot->begin + size), 1);
}

/* What freeing the block at user will look at. */
static inline __attribute__((always_inline)) void md_prefetch_free(const struct md_heap *heap, uintptr_t user)
{
	const struct md_zone *zone = md_page_map_zone(&heap->map, user);

	if (!zone || zone->kind >= MD_ZONE_LARGE)
		return;
	__builtin_prefetch(&zone->records[md_zone_slot_at(zone, user)], 1);
	__builtin_prefetch((const void *)user, 1);
	__builtin_prefetch((const void *)(user - MD_REDZONE_BYTES), 0);
}

#endif
