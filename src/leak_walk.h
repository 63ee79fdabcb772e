/* SPDX-License-Identifier: MIT
 *
 * What a leak check and its relatives share: the live block that an address lies in, and a walk over all live blocks in order of address.
 *
 * Only zones that have marks are looked at (md_leak_begin gives them theirs).
 *
 * Locking   none: see leak.h.
 */
#ifndef MD_LEAK_WALK_H
#define MD_LEAK_WALK_H

#include <string.h>

#include "src/check.h"
#include "src/inspect.h"
#include "src/leak.h"
#include "src/os.h"

/* A live block, found from any pointer into it. */
struct md_leak_found {
	struct md_zone *zone;
	struct md_record *record;
	unsigned char *mark;
	uintptr_t user;
	size_t size;
};

/* A thread that did not stop may be freeing it, or moving it to another place: until that is done it holds what it held. */
static inline bool md_leak_is_freeing(const struct md_record *record)
{
	return atomic_load_explicit(&record->state, memory_order_acquire) == MD_BLOCK_FREEING;
}

static inline bool md_leak_is_live(const struct md_record *record)
{
	uint8_t state = atomic_load_explicit(&record->state, memory_order_acquire);

	return state == MD_BLOCK_LIVE || state == MD_BLOCK_FREEING;
}

/* A block of no bytes has an address all the same; and an array of no elements in a block that holds their count alone begins at its end. */
static inline bool md_leak_ends_at(const struct md_leak *leak, const struct md_record *record, const struct md_extent *extent, uintptr_t addr)
{
	size_t elements;

	if (addr != extent->user + extent->size)
		return false;
	if (!extent->size)
		return true;
	if ((extent->size != 8 && extent->size != 16) || (record->apis & 15) != MD_API_NEW_ARRAY)
		return false;
	if (!leak->careful)
		elements = ((const size_t *)addr)[-1];
	else if (md_os_read(addr - sizeof elements, &elements, sizeof elements) != sizeof elements)
		return false;
	return elements == 0;
}

/* The block that addr lies in, its end excluded. */
static inline bool md_leak_find(const struct md_leak *leak, uintptr_t addr, struct md_leak_found *found)
{
	struct md_zone *zone = md_page_map_zone(&leak->heap->map, addr);
	uint32_t slot = 0;

	if (!zone || !zone->marks)
		return false;
	if (zone->kind != MD_ZONE_LARGE) {
		if (addr < zone->first_slot || (slot = md_zone_slot_at(zone, addr)) >= zone->slot_count)
			return false;
	}
	struct md_record *record = &zone->records[slot];

	if (!md_leak_is_live(record))
		return false;
	struct md_extent extent = md_extent_of(zone, record, md_zone_slot_begin(zone, slot));

	if (addr < extent.user || (addr >= extent.user + extent.size && !md_leak_ends_at(leak, record, &extent, addr)))
		return false;
	*found = (struct md_leak_found){ zone, record, &zone->marks[slot], extent.user, extent.size };
	return true;
}

/* One slot for a walk over all of them. */
static inline bool md_leak_slot_block(const struct md_zone *zone, uint32_t slot, struct md_leak_found *found)
{
	struct md_record *record = &zone->records[slot];

	if (!md_leak_is_live(record))
		return false;
	struct md_extent extent = md_extent_of(zone, record, md_zone_slot_begin(zone, slot));

	*found = (struct md_leak_found){ (struct md_zone *)zone, record, &zone->marks[slot], extent.user, extent.size };
	return true;
}

/* All live blocks, in order of address. */
struct md_leak_walk {
	const struct md_zone *zone;
	uint32_t slot;
};

static inline bool md_leak_walk_next(const struct md_leak *leak, struct md_leak_walk *walk, struct md_leak_found *found)
{
	for (;;) {
		if (!walk->zone || walk->slot >= (walk->zone->kind == MD_ZONE_LARGE ? 1 : walk->zone->carved)) {
			walk->zone = md_inspect_zone_from(leak->heap, walk->zone ? walk->zone->begin + walk->zone->bytes : 0);
			if (!walk->zone)
				return false;
			walk->slot = walk->zone->marks ? 0 : UINT32_MAX;
			continue;
		}
		if (md_leak_slot_block(walk->zone, walk->slot++, found))
			return true;
	}
}

/* Of a large block, the next bytes in [at, end) that something was stored in: from *begin on. Returns how many, at most
 * MD_LEAK_COPY_BYTES; 0 if there are none. What the system does not say is taken for used. */
static inline size_t md_leak_used_bytes(const struct md_leak *leak, uintptr_t at, uintptr_t end, uintptr_t *begin)
{
	struct md_leak_copy *copy = leak->copy;

	while (at < end) {
		uintptr_t page = at & ~(uintptr_t)(MD_PAGE_BYTES - 1);

		if (at < copy->used_begin || at >= copy->used_end) {
			size_t pages = (end - page + MD_PAGE_BYTES - 1) / MD_PAGE_BYTES;

			pages = pages < MD_LEAK_USED_PAGES ? pages : MD_LEAK_USED_PAGES;
			copy->used_begin = page;
			copy->used_end = page + pages * MD_PAGE_BYTES;
			if (!md_os_pages_used(page, pages, copy->used))
				memset(copy->used, 1, pages);
		}
		uintptr_t to = page;

		while (to < end && to < copy->used_end && to - page < MD_LEAK_COPY_BYTES && copy->used[(to - copy->used_begin) / MD_PAGE_BYTES])
			to += MD_PAGE_BYTES;
		if (to > at) {
			*begin = at;
			return (to < end ? to : end) - at;
		}
		at = page + MD_PAGE_BYTES;
	}
	return 0;
}

/* The words of a block, a piece at a time. Begins with all zero. */
struct md_leak_words {
	uintptr_t at, from;     /* where to go on; where the piece lies */
	const uintptr_t *words; /* the piece, or a copy of it */
};

/* The next piece: returns how many words it has; 0 at the end. A block that has whole pages, or pages of its own, is read through the
 * system: the program may have made some of them unreadable (stacks of coroutines have guards). */
static inline size_t md_leak_words_next(const struct md_leak *leak, const struct md_leak_found *found, struct md_leak_words *words)
{
	uintptr_t end = found->user + (found->size & ~(sizeof(uintptr_t) - 1));

	if (!words->at)
		words->at = found->user;
	if (found->size < MD_PAGE_BYTES && found->zone->kind != MD_ZONE_LARGE && !leak->careful) {
		words->from = words->at;
		words->words = (const uintptr_t *)words->at;
		words->at = end;
		return (end - words->from) / sizeof(uintptr_t);
	}
	words->words = leak->copy->words;
	while (words->at < end) {
		size_t want = end - words->at < MD_LEAK_COPY_BYTES ? end - words->at : MD_LEAK_COPY_BYTES;

		if (found->size >= MD_LEAK_SPARSE_MIN && !(want = md_leak_used_bytes(leak, words->at, end, &words->at)))
			return 0;
		size_t got = md_os_read(words->at, leak->copy->words, want) & ~(sizeof(uintptr_t) - 1);

		words->from = words->at;
		words->at += got;
		if (got < want)
			words->at = (words->at + MD_PAGE_BYTES) & ~(uintptr_t)(MD_PAGE_BYTES - 1);
		if (got)
			return got / sizeof(uintptr_t);
	}
	return 0;
}

#endif
