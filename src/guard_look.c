/* SPDX-License-Identifier: MIT
 *
 * Looking at guarded blocks of others: what is read here may change meanwhile, and is judged by what it was.
 */
#include "src/check.h"
#include "src/guard.h"

static bool is(const _Atomic uint8_t *door, enum md_guard_door state)
{
	return atomic_load_explicit(door, memory_order_acquire) == state;
}

/* --- which page is what --------------------------------------------------- */

enum md_guard_page md_guard_page_at(const struct md_zone *zone, uintptr_t addr, uint32_t *slot)
{
	uintptr_t page = addr & ~(uintptr_t)(MD_PAGE_BYTES - 1);

	*slot = 0;
	if (zone->kind == MD_ZONE_LARGE) {
		uintptr_t end = __atomic_load_n(&zone->large_end, __ATOMIC_RELAXED);

		if (!is(&zone->guards->door, MD_DOOR_OPEN) && page < end)
			return MD_PAGE_DATA;
		return page == zone->begin && atomic_load(&zone->guards->front) ? MD_PAGE_FRONT :
			page == end && atomic_load(&zone->guards->rear) ? MD_PAGE_REAR : MD_PAGE_OTHER;
	}
	if (zone->kind != MD_ZONE_GUARDED)
		return MD_PAGE_OTHER;
	if (page < zone->first_slot)
		return MD_PAGE_FRONT;
	*slot = md_zone_slot_at(zone, page);
	if (*slot >= zone->slot_count)
		return MD_PAGE_REST;
	return page == md_zone_slot_begin(zone, *slot) + zone->slot_bytes - MD_PAGE_BYTES ? MD_PAGE_REAR : MD_PAGE_DATA;
}

bool md_guard_is_guard(const struct md_heap *heap, uintptr_t addr)
{
	const struct md_zone *zone = md_page_map_zone(&heap->map, addr);
	uint32_t slot;

	if (!zone || !zone->guards)
		return false;
	switch (md_guard_page_at(zone, addr, &slot)) {
	case MD_PAGE_DATA:
		return is(&zone->guards[slot].door, MD_DOOR_SHUT) || is(&zone->guards[slot].door, MD_DOOR_OPENING);
	case MD_PAGE_FRONT:
		return is(&zone->guards[slot].front, MD_DOOR_SHUT);
	case MD_PAGE_REAR:
		return is(&zone->guards[slot].rear, MD_DOOR_SHUT);
	case MD_PAGE_REST:
		return true;
	default:
		return false;
	}
}

bool md_guard_extent(const struct md_zone *zone, uint32_t slot, struct md_extent *extent)
{
	const struct md_record *record = &zone->records[slot];

	if (!record->alloc_time && !record->alloc_stack && !record->size)
		return false;
	*extent = md_extent_of(zone, record, md_zone_slot_begin(zone, slot));
	return extent->begin <= extent->user && extent->user <= extent->end && extent->size <= extent->end - extent->user;
}

/* --- reading -------------------------------------------------------------- */

/* The byte that was kept for addr, or -1. */
static int kept_byte(const struct md_heap *heap, uintptr_t addr)
{
	const struct md_zone *zone = md_page_map_zone(&heap->map, addr);
	struct md_extent extent;
	uint32_t slot;

	if (!zone || !zone->guards || md_guard_page_at(zone, addr, &slot) != MD_PAGE_DATA || !is(&zone->guards[slot].door, MD_DOOR_SHUT) ||
		!md_guard_extent(zone, slot, &extent) || addr < extent.user || addr >= extent.user + extent.size)
		return -1;
	size_t at = addr - extent.user;

	if (at < MD_KEPT_BYTES)
		return zone->kept[slot].first[at];
	return extent.size - at <= MD_KEPT_BYTES ? zone->kept[slot].last[MD_KEPT_BYTES - (extent.size - at)] : -1;
}

bool md_guard_is_kept(const struct md_heap *heap, uintptr_t addr)
{
	return kept_byte(heap, addr) >= 0;
}

/* Whether the page at addr may be read: that of a guard page never, because it may be put in place at this moment. */
static bool is_readable(const struct md_heap *heap, uintptr_t addr)
{
	const struct md_zone *zone = md_page_map_zone(&heap->map, addr);
	uint32_t slot;

	if (!zone || !zone->guards)
		return zone != NULL;
	if (zone->kind == MD_ZONE_LARGE) {
		if (addr >= __atomic_load_n(&zone->large_end, __ATOMIC_RELAXED) ||
			addr < (__atomic_load_n(&zone->large_begin, __ATOMIC_RELAXED) & ~(uintptr_t)(MD_PAGE_BYTES - 1)))
			return false;
		slot = 0;
	} else if (md_guard_page_at(zone, addr, &slot) != MD_PAGE_DATA) {
		return false;
	}
	return is(&zone->guards[slot].door, MD_DOOR_OPEN) || is(&zone->guards[slot].door, MD_DOOR_OPENED);
}

void md_guard_copy(const struct md_heap *heap, uintptr_t begin, uintptr_t end, unsigned char *copy)
{
	bool shut = false;

	for (uintptr_t addr = begin; addr < end; addr++) {
		if (addr == begin || addr % MD_PAGE_BYTES == 0)
			shut = !is_readable(heap, addr);
		int kept = shut ? kept_byte(heap, addr) : 0;

		*copy++ = !shut ? __atomic_load_n((const unsigned char *)addr, __ATOMIC_RELAXED) : kept < 0 ? 0 : (unsigned char)kept;
	}
}
