/* SPDX-License-Identifier: MIT
 *
 * Looking at the heap without changing it (checks repair what they report): which block an address belongs to, its neighbours, all
 * blocks in order of address, all zones.
 *
 * Locking   none, so that a report can look while other threads run: what is copied was true at one moment for each block. Records and
 *           bytes are read while their owners may write them; what was read is then read again, and used only if it did not change. Memory
 *           is read only between md_runs_watch_begin and md_runs_watch_end.
 */
#ifndef MD_INSPECT_H
#define MD_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/heap.h"
#include "src/view.h"

/* The block that addr belongs to: its user bytes, its slack, its red zones (a shared red zone belongs to the block before it, unless only
 * the one after it was ever used). block->valid is false where no block ever was. */
void md_inspect_address(const struct md_heap *heap, uintptr_t addr, struct md_block_view *block);

/* Blocks next to a block in its zone that were ever used; .valid is false at the zone's ends and in large zones. */
void md_inspect_neighbours(const struct md_heap *heap, const struct md_block_view *block, struct md_block_view *before,
	struct md_block_view *after);

/* What each byte of [addr, addr + bytes) is, and what should stand there where we know; damaged bytes carry MD_MARK_DAMAGED. data holds a
 * copy of the memory. */
void md_inspect_bytes(const struct md_heap *heap, uintptr_t addr, size_t bytes, const unsigned char *data, unsigned char *marks,
	unsigned char *expected);

/* Copies [begin, end), which lies in one zone, while its owner may write to it or give it up. False if it is no zone's (any more). */
bool md_inspect_copy(struct md_heap *heap, uintptr_t begin, uintptr_t end, unsigned char *copy);

/* The copy of a block's record, with its place; for one slot of a zone. valid is false for a slot never used. */
void md_inspect_slot(const struct md_heap *heap, const struct md_zone *zone, uint32_t slot, struct md_block_view *block);

/* Zones in order of address: the first one at or after addr (then pass md_inspect_after); NULL after the last. */
const struct md_zone *md_inspect_zone_from(const struct md_heap *heap, uintptr_t addr);

/* Where a walk that came to a zone from an address goes on. The zone's struct may have become another zone's meanwhile, elsewhere, but the
 * walk never turns back. */
static inline uintptr_t md_inspect_after(const struct md_zone *zone, uintptr_t from)
{
	uintptr_t end = zone->begin + zone->bytes;

	return end > from ? end : from + MD_UNIT_BYTES;
}

/* Counts of one zone. */
void md_inspect_zone(const struct md_heap *heap, const struct md_zone *zone, struct md_zone_view *view);

/* State of each slot (enum md_block_state, 0x80 or-ed in where damage was found). Returns slots written. */
size_t md_inspect_slot_states(const struct md_zone *zone, uint32_t first, unsigned char *states, size_t states_max);

/* The run of neighbouring slots in one state that begins at *slot; *slot then is the first after it. False at the end. */
bool md_inspect_next_run(const struct md_heap *heap, const struct md_zone *zone, uint32_t *slot, struct md_run_view *run);

/* Free runs of units in order of address: the first at or after addr. False after the last. */
bool md_inspect_free_run_from(const struct md_heap *heap, uintptr_t addr, uintptr_t *begin, uintptr_t *end, bool *dirty);

void md_inspect_totals(const struct md_heap *heap, struct md_heap_totals *totals);
void md_inspect_counters(const struct md_heap *heap, struct md_counters *counters);

/* Where a check of the whole heap stands. Zero to begin. */
struct md_check_cursor {
	uintptr_t zone_from;
	uint32_t slot;
	uint64_t blocks; /* looked at so far */
};

/* Goes on checking red zones of live blocks and fill of quarantined ones. Findings go to the thread's list; true while there is more to do
 * (the list was full). */
bool md_check_heap(struct md_heap *heap, struct md_thread *thread, struct md_check_cursor *cursor, enum md_noticed noticed,
	const struct md_call *call);

/* The same for the block that addr belongs to. Returns false if there is no block. */
bool md_check_block(struct md_heap *heap, struct md_thread *thread, uintptr_t addr, enum md_noticed noticed, const struct md_call *call);

#endif
