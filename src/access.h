/* SPDX-License-Identifier: MIT
 *
 * Access: may the program touch these bytes, and if not, whose bytes are they, and what mistake is it?
 *
 * The quick test (md_access_room) is inline: two comparisons for memory far from the heap, two loads more for other memory, the zone and
 * the record for the heap's. Only what it does not accept is judged, which costs more and may wait.
 *
 * What is not the heap's is never bad: stacks, globals and mappings of others are not known here.
 *
 * Locking   none: what is read of a live block stays as it is while a correct program uses the block. A block that a check holds for a
 *           moment (check.h) fails the quick test; the judge takes it as live. All here may be called in signal handlers, but for
 *           md_access_mend.
 */
#ifndef MD_ACCESS_H
#define MD_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/check.h"
#include "src/finding.h"
#include "src/heap.h"

#define MD_ERROR_NONE MD_ERROR_COUNT   /* nothing is wrong */
#define MD_ACCESS_ROOM_OTHER SIZE_MAX  /* the memory is not the heap's */

/* The part of md_access_room for a zone of large or guarded blocks. */
static inline __attribute__((always_inline)) size_t md_access_room_apart(const struct md_zone *zone, uintptr_t addr)
{
	bool large = zone->kind == MD_ZONE_LARGE;
	uint32_t slot = 0;

	if (!large && (addr < zone->first_slot || (slot = md_zone_slot_at(zone, addr)) >= zone->slot_count))
		return 0;
	const struct md_record *record = &zone->records[slot];

	if (atomic_load_explicit(&record->state, memory_order_acquire) != MD_BLOCK_LIVE)
		return 0;
	size_t size = large ? zone->large_size : record->size;
	uintptr_t offset = addr - (large ? zone->large_user : md_guard_user(zone, record, md_zone_slot_begin(zone, slot)));

	return offset < size ? size - offset : 0;
}

/* The part of md_access_room for an entry of the page map that is not 0. */
static inline __attribute__((always_inline)) size_t md_access_room_within(uintptr_t entry, uintptr_t addr)
{
	const struct md_zone *zone = (const struct md_zone *)entry;

	if (__builtin_expect(entry & 1, 0)) /* a free run */
		return 0;
	if (__builtin_expect(zone->kind >= MD_ZONE_LARGE, 0))
		return md_access_room_apart(zone, addr);
	/* Before the first slot the offset is negative; in 32 bits that is a slot number near the reciprocal, far beyond the count. */
	uintptr_t offset = addr - zone->first_slot;
	uint32_t slot = (uint32_t)((uint64_t)(uint32_t)(offset >> 4) * zone->slot_reciprocal >> 32);

	if (__builtin_expect(slot >= zone->slot_count, 0))
		return 0;
	const struct md_record *record = &zone->records[slot];

	if (__builtin_expect(atomic_load_explicit(&record->state, memory_order_acquire) != MD_BLOCK_LIVE, 0))
		return 0;
	size_t size = record->size;

	offset -= (uint32_t)(slot * zone->slot_bytes) + 16u * record->user_offset16;
	return __builtin_expect(offset < size, 1) ? size - offset : 0;
}

/* Bytes from addr on that the live block around it has; 0 where no live block has that byte, MD_ACCESS_ROOM_OTHER where the memory is not
 * the heap's. A range is good if its length is at most this, so that an empty one always is. Any thread, any time, signal handlers too. */
static inline __attribute__((always_inline)) size_t md_access_room(const struct md_heap *heap, uintptr_t addr)
{
	uintptr_t entry = md_page_map_get_inside(&heap->map, addr);

	return __builtin_expect(!entry, 1) ? MD_ACCESS_ROOM_OTHER : md_access_room_within(entry, addr);
}

/* What is wrong with the use of [addr, addr + bytes): MD_ERROR_NONE, or MD_ERROR_HEAP_BUFFER_OVERFLOW, _UNDERFLOW, _USE_AFTER_FREE or
 * _WILD_ACCESS, with the block concerned (.valid is false for a wild access) and the first byte that may not be touched. */
enum md_error md_access_judge(const struct md_heap *heap, uintptr_t addr, size_t bytes, struct md_block_view *block, uintptr_t *first_bad);

/* The block that addr lies in or next to, for errors of which it is not the address that is bad; .valid is false if it is not the
 * heap's. */
void md_access_describe(const struct md_heap *heap, uintptr_t addr, struct md_block_view *block);

/* Judges the access (bytes 0: of unknown length, taken as 1) and adds the finding, noticed MD_NOTICED_AT_ACCESS, with the access, and addr
 * as its first bad byte. False if nothing is wrong with it. The finding may be dropped if the thread's list is full. */
bool md_access_add(struct md_heap *heap, struct md_thread *thread, const struct md_access *access, const struct md_call *call);

/* Adds a finding whose error is known already. block: the one concerned, or NULL. */
void md_access_add_error(struct md_heap *heap, struct md_thread *thread, enum md_error error, uintptr_t first_bad,
	const struct md_block_view *block, const struct md_access *access, const struct md_call *call);

/* The thread is about to do what was reported: its accesses to [begin, end) are known, and not to be reported again until the next call of
 * this. An empty range takes it back. */
static inline void md_access_excuse(struct md_thread *thread, uintptr_t begin, uintptr_t end)
{
	thread->excused_begin = begin;
	thread->excused_end = end;
}

static inline bool md_access_is_excused(const struct md_thread *thread, uintptr_t addr)
{
	return addr - thread->excused_begin < thread->excused_end - thread->excused_begin;
}

/* The thread has written to [begin, end), which was reported: nobody is to report it again. What it damaged around live blocks stays, and
 * is put right when they are freed (MD_BLOCK_TOLD); freed blocks in the thread's own quarantine get their fill and red zones back at
 * once. */
void md_access_mend(struct md_heap *heap, struct md_thread *thread, uintptr_t begin, uintptr_t end);

#endif
