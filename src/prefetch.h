/* SPDX-License-Identifier: MIT
 *
 * Asking early for the memory that a call will need.
 *
 * Records lie apart from the blocks (block.h), so that the first look at one is a miss of the nearer caches in most calls. Taking the stack
 * of a call takes about as long as such a miss: what is asked for before it is there after it. Nothing here changes anything, or can fault.
 */
#ifndef MD_PREFETCH_H
#define MD_PREFETCH_H

#include "src/heap.h"

/* What freeing the block at user will look at. Returns the zone there, or NULL. An allocation asks for nothing: its slot was let go by the
 * quarantine a moment ago, and is at hand. */
static inline __attribute__((always_inline)) struct md_zone *md_prefetch_free(const struct md_heap *heap, uintptr_t user)
{
	struct md_zone *zone = md_page_map_zone(&heap->map, user);

	if (__builtin_expect(zone != NULL, 1)) { /* in zones of other kinds there is no such record, and nothing is read there */
		__builtin_prefetch(&zone->records[md_zone_slot_at(zone, user)], 1);
		__builtin_prefetch((const void *)(user - MD_REDZONE_BYTES), 0);
	}
	return zone;
}

#endif
