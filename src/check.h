/* SPDX-License-Identifier: MIT
 *
 * Checking one block: are the bytes around and in it as we left them, and if not, whose mistake is it?
 *
 * The quick tests are inline and read only; what they find suspicious is located, copied into a finding, and repaired by the functions
 * below.
 *
 * Locking   Bytes are judged, and repaired, only while nobody else can change what they belong to. A live block that is not the caller's to
 *           free is held for that moment: MD_BLOCK_FREEING under heap->check_lock, which free and realloc wait for (md_check_wait). A freed
 *           block belongs to the thread whose quarantine it is in; others look at it several times and repair nothing.
 */
#ifndef MD_CHECK_H
#define MD_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/guard.h"
#include "src/heap.h"
#include "src/pattern.h"

/* Where the parts of a block are, as numbers. */
struct md_extent {
	uintptr_t begin; /* front red zone */
	uintptr_t user;
	size_t size;
	uintptr_t end; /* of the rear red zone */
};

/* Extent of the block in a slot; slot is 0 in large zones. */
static inline struct md_extent md_extent_of(const struct md_zone *zone, const struct md_record *record, uintptr_t slot_begin)
{
	if (__builtin_expect(zone->kind >= MD_ZONE_LARGE, 0)) {
		if (zone->kind == MD_ZONE_LARGE)
			return (struct md_extent){ zone->large_begin, zone->large_user, zone->large_size, zone->large_end };
		return (struct md_extent){ slot_begin, md_guard_user(zone, record, slot_begin), record->size, slot_begin + zone->slot_bytes - MD_PAGE_BYTES };
	}
	return (struct md_extent){ slot_begin - MD_REDZONE_BYTES, slot_begin + 16u * (uintptr_t)record->user_offset16, record->size,
		slot_begin + zone->slot_bytes };
}

static inline bool md_redzones_intact(uint64_t secret, const struct md_extent *extent)
{
	return md_pattern_intact_any(secret, extent->begin, extent->user) && md_pattern_intact(secret, extent->user + extent->size, extent->end);
}

/* Bytes of a freed block that carry the fill. */
static inline size_t md_filled_bytes(const struct md_heap *heap, size_t size)
{
	return size < heap->config.fill_free ? size : heap->config.fill_free;
}

/* A finding with the block, the call and a copy of the memory around addr; NULL when the list is full. */
struct md_finding *md_check_add(struct md_heap *heap, struct md_thread *thread, enum md_error error, enum md_noticed noticed, uintptr_t addr,
	const struct md_block_view *block, const struct md_call *call);

/* Waits until no check holds a block any more. */
void md_check_wait(struct md_heap *heap);

/* Reports and repairs what differs in the red zones and slack of a live block, whoever's it is: nothing if it is not live any more. False
 * when the list of findings was full: nothing was repaired then. */
bool md_check_live(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, struct md_record *record, enum md_noticed noticed,
	const struct md_call *call);

/* The same for a block that the caller has made MD_BLOCK_FREEING. */
bool md_check_redzones(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, struct md_record *record,
	enum md_noticed noticed, const struct md_call *call);

/* The same for a block in the thread's own quarantine: its fill, and its red zones, where every difference is a use after free. */
bool md_check_freed(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, struct md_record *record, enum md_noticed noticed,
	const struct md_call *call);

/* What differs in the fill and red zones of a freed block, all in one; byte_count is 0 if nothing does. */
struct md_damage md_check_find_freed(const struct md_heap *heap, const struct md_block_view *block);

/* Adds the finding of damage in a freed block. False when the list was full. */
bool md_check_add_freed(struct md_heap *heap, struct md_thread *thread, const struct md_block_view *block, struct md_damage damage,
	enum md_noticed noticed, const struct md_call *call);

#endif
