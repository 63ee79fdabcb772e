/* SPDX-License-Identifier: MIT */
#include "src/guard.h"

#include <string.h>

#include "src/heap_inside.h"
#include "src/inspect.h"
#include "src/pattern.h"
#include "src/watch_ask.h"

#define CLOSE_BYTES_MAX ((size_t)64 << 20) /* shutting a page costs some nanoseconds even if it was never used; larger blocks are only dropped */

static uintptr_t page_of(uintptr_t addr)
{
	return addr & ~(uintptr_t)(MD_PAGE_BYTES - 1);
}

static size_t data_bytes(const struct md_zone *zone)
{
	return zone->slot_bytes - MD_PAGE_BYTES;
}

static bool is(const _Atomic uint8_t *door, enum md_guard_door state)
{
	return atomic_load_explicit(door, memory_order_acquire) == state;
}

/* --- allocating ----------------------------------------------------------- */

/* Side and alignment of the next block. */
static uint8_t choose_place(const struct md_heap *heap, struct md_thread *thread, size_t size, size_t alignment, const struct md_call *call)
{
	size_t least = MD_ALIGNMENT;

	if (heap->config.guard.align == MD_GUARD_ALIGN_1)
		least = 1;
	else if (heap->config.guard.align == MD_GUARD_ALIGN_NATURAL && size % MD_ALIGNMENT)
		least = size & -size;
	if (alignment <= MD_ALIGNMENT)
		alignment = call->alignment; /* what every block has anyway was not asked for */
	if (alignment < least)
		alignment = least;
	bool before = heap->config.guard.side == MD_GUARD_BEFORE;

	if (heap->config.guard.side == MD_GUARD_BOTH)
		before = (thread->guard.flip = !thread->guard.flip);
	return (uint8_t)(__builtin_ctzl(alignment) | (before ? MD_FLUSH_BEFORE : 0));
}

/* Makes the data pages of a slot accessible for its next block. */
static bool open_slot(struct md_heap *heap, struct md_zone *zone, uint32_t slot, uintptr_t begin)
{
	struct md_guard_slot *guard = &zone->guards[slot];
	uint8_t door = MD_DOOR_SHUT;

	if (!atomic_compare_exchange_strong(&guard->door, &door, MD_DOOR_OPENING)) {
		if (door == MD_DOOR_OPENING)
			return false;
		zone->records[slot].flags |= MD_BLOCK_USED;
	} else if (!md_os_guard_remove((void *)begin, data_bytes(zone))) {
		atomic_store(&guard->door, MD_DOOR_SHUT);
		return false;
	}
	atomic_store(&guard->door, MD_DOOR_OPEN); /* not before it is true: others may read then */
	/* A guard page that a fault handler opened for its last block guards again. */
	if (is(&guard->rear, MD_DOOR_OPENED) && md_runs_shut(&heap->runs, (begin + data_bytes(zone)), MD_PAGE_BYTES))
		atomic_store(&guard->rear, MD_DOOR_SHUT);
	if (is(&guard->front, MD_DOOR_OPENED) && md_runs_shut(&heap->runs, (begin - MD_PAGE_BYTES), MD_PAGE_BYTES))
		atomic_store(&guard->front, MD_DOOR_SHUT);
	return true;
}

static struct md_cache *fill_cache(struct md_heap *heap, struct md_thread *thread, unsigned class_index)
{
	struct md_cache *cache = &thread->caches[class_index];

	if (!cache->count)
		cache->count = (uint16_t)md_zones_take_slots(&heap->zones, class_index, cache->slots, (cache->capacity + 1u) / 2);
	return cache->count ? cache : NULL;
}

static void *allocate(struct md_heap *heap, struct md_thread *thread, size_t size, uint8_t place, bool zero, const struct md_call *call)
{
	size_t alignment = (size_t)1 << (place & 15), span = (size + alignment - 1) & ~(alignment - 1);
	size_t pages = span ? (span + MD_PAGE_BYTES - 1) / MD_PAGE_BYTES : 1;
	struct md_cache *cache = fill_cache(heap, thread, MD_CLASS_COUNT + (unsigned)pages - 1);

	if (!cache)
		return NULL;
	struct md_slot slot = cache->slots[cache->count - 1];
	struct md_zone *zone = md_page_map_zone(&heap->map, slot.begin);
	struct md_record *record = slot.record;

	if (!open_slot(heap, zone, (uint32_t)(record - zone->records), slot.begin))
		return NULL; /* it stays in the cache; other slots come before it next time */
	cache->count--;
	uintptr_t end = slot.begin + data_bytes(zone), user = md_layout_flush(slot.begin, end, size, place);

	record->user_offset16 = place;
	record->size = (uint32_t)size;
	md_pattern_paint_any(heap->secret, slot.begin, user);
	md_pattern_paint(heap->secret, user + size, end);
	if (zero && record->flags & MD_BLOCK_USED)
		memset((void *)user, 0, size);
	if (!zero)
		md_heap_fill_new(heap, user, size);
	zone->guards[record - zone->records].counted = 1;
	atomic_fetch_add_explicit(&heap->guard.live, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&heap->guard.live_bytes, data_bytes(zone), memory_order_relaxed);
	md_heap_note_alloc(thread, record, user, size, call);
	return (void *)user;
}

void *md_guard_allocate(struct md_heap *heap, struct md_thread *thread, size_t size, size_t alignment, bool zero, const struct md_call *call)
{
	if (size > MD_GUARDED_PAGES_MAX * MD_PAGE_BYTES || alignment > MD_PAGE_BYTES)
		return NULL;
	enum md_guard_reason reason = md_guard_decide(heap, thread, call->stack, size);

	if (reason == MD_GUARD_NOT)
		return NULL;
	uint8_t place = choose_place(heap, thread, size, alignment, call);

	if (size + ((size_t)1 << (place & 15)) - 1 > MD_GUARDED_PAGES_MAX * MD_PAGE_BYTES)
		return NULL;
	uint64_t since = md_clock_now();
	void *user = allocate(heap, thread, size, place, zero, call);

	md_guard_spend(heap, reason, since);
	atomic_fetch_add_explicit(user ? &heap->guard.guarded[reason] : &heap->guard.refused, 1, memory_order_relaxed);
	if (user)
		md_watch_ask(heap, thread, (uintptr_t)user);
	return user;
}

/* --- freeing -------------------------------------------------------------- */

static void keep_bytes(struct md_guard_kept *kept, uintptr_t user, size_t size)
{
	memcpy(kept->first, (const void *)user, size < MD_KEPT_BYTES ? size : MD_KEPT_BYTES);
	if (size > MD_KEPT_BYTES)
		memcpy(kept->last, (const void *)(user + size - MD_KEPT_BYTES), MD_KEPT_BYTES);
}

bool md_guard_close(struct md_heap *heap, struct md_zone *zone, const struct md_record *record, const struct md_extent *extent)
{
	uint32_t slot = (uint32_t)(record - zone->records);
	struct md_guard_slot *guard = &zone->guards[slot];
	bool large = zone->kind == MD_ZONE_LARGE;
	uintptr_t begin = large ? zone->begin : extent->begin, end = large ? zone->large_end : extent->end;

	if (heap->config.guard.mode == MD_GUARD_OFF || extent->size > CLOSE_BYTES_MAX)
		return false;
	uint64_t since = md_clock_now();

	keep_bytes(&zone->kept[slot], extent->user, extent->size);
	atomic_store(&guard->door, MD_DOOR_OPENING); /* nobody reads from here on */
	bool closed = md_runs_shut(&heap->runs, begin, end - begin);

	atomic_store(&guard->door, closed ? MD_DOOR_SHUT : MD_DOOR_OPEN);
	md_guard_spend(heap, MD_GUARD_NOT, since);
	return closed;
}

void md_guard_end(struct md_heap *heap, struct md_zone *zone, const struct md_record *record)
{
	struct md_guard_slot *guard = &zone->guards[record - zone->records];

	if (!guard->counted)
		return;
	guard->counted = 0;
	atomic_fetch_sub_explicit(&heap->guard.live, 1, memory_order_relaxed);
	if (zone->kind == MD_ZONE_GUARDED)
		atomic_fetch_sub_explicit(&heap->guard.live_bytes, data_bytes(zone), memory_order_relaxed);
}

/* --- large blocks --------------------------------------------------------- */

void md_guard_large(struct md_heap *heap, struct md_zone *zone, enum md_guard_reason reason)
{
	struct md_guard_slot *guard = zone->guards;

	if (reason == MD_GUARD_NOT)
		return;
	uint64_t since = md_clock_now();

	if (zone->large_end + MD_PAGE_BYTES <= zone->begin + zone->bytes && md_runs_shut(&heap->runs, zone->large_end, MD_PAGE_BYTES))
		atomic_store(&guard->rear, MD_DOOR_SHUT);
	if (zone->large_begin >= zone->begin + MD_PAGE_BYTES && md_runs_shut(&heap->runs, zone->begin, MD_PAGE_BYTES))
		atomic_store(&guard->front, MD_DOOR_SHUT);
	guard->counted = is(&guard->rear, MD_DOOR_SHUT) || is(&guard->front, MD_DOOR_SHUT);
	if (guard->counted)
		atomic_fetch_add_explicit(&heap->guard.live, 1, memory_order_relaxed);
	md_guard_spend(heap, reason, since);
	atomic_fetch_add_explicit(guard->counted ? &heap->guard.guarded[reason] : &heap->guard.refused, 1, memory_order_relaxed);
}

bool md_guard_large_lift(struct md_heap *heap, struct md_zone *zone)
{
	struct md_guard_slot *guard = zone->guards;

	if (atomic_load(&guard->rear) && !md_os_guard_remove((void *)zone->large_end, MD_PAGE_BYTES))
		return false;
	atomic_store(&guard->rear, 0);
	if (atomic_load(&guard->front) && !md_os_guard_remove((void *)zone->begin, MD_PAGE_BYTES))
		return false;
	atomic_store(&guard->front, 0);
	md_guard_end(heap, zone, &zone->large_record);
	return true;
}

/* --- opening -------------------------------------------------------------- */

static bool open_data(struct md_heap *heap, struct md_zone *zone, uint32_t slot)
{
	struct md_guard_slot *guard = &zone->guards[slot];
	uint8_t shut = MD_DOOR_SHUT;
	bool large = zone->kind == MD_ZONE_LARGE;

	if (!atomic_compare_exchange_strong(&guard->door, &shut, MD_DOOR_OPENING))
		return true; /* somebody else does, or did */
	/* From here on the slot is nobody else's, and its record does not change. */
	uintptr_t begin = large ? zone->begin : md_zone_slot_begin(zone, slot);

	if (!md_os_guard_remove((void *)begin, large ? zone->large_end - begin : data_bytes(zone))) {
		atomic_store(&guard->door, MD_DOOR_SHUT);
		return false;
	}
	struct md_extent extent;

	if (md_guard_extent(zone, slot, &extent)) {
		const struct md_guard_kept *kept = &zone->kept[slot];

		memset((void *)extent.user, heap->config.fill_free_byte, md_filled_bytes(heap, extent.size));
		memcpy((void *)extent.user, kept->first, extent.size < MD_KEPT_BYTES ? extent.size : MD_KEPT_BYTES);
		if (extent.size > MD_KEPT_BYTES)
			memcpy((void *)(extent.user + extent.size - MD_KEPT_BYTES), kept->last, MD_KEPT_BYTES);
	}
	atomic_store(&guard->door, MD_DOOR_OPENED);
	return true;
}

static bool open_page(uintptr_t page, _Atomic uint8_t *door)
{
	if (!md_os_guard_remove((void *)page, MD_PAGE_BYTES))
		return false;
	uint8_t shut = MD_DOOR_SHUT;

	atomic_compare_exchange_strong(door, &shut, MD_DOOR_OPENED);
	return true;
}

bool md_guard_open(struct md_heap *heap, uintptr_t addr)
{
	struct md_zone *zone = md_page_map_zone(&heap->map, addr);
	uintptr_t page = page_of(addr);
	uint32_t slot;

	if (!zone || !zone->guards)
		return false;
	switch (md_guard_page_at(zone, addr, &slot)) {
	case MD_PAGE_DATA:
		return open_data(heap, zone, slot);
	case MD_PAGE_FRONT:
		return open_page(page, &zone->guards[slot].front);
	case MD_PAGE_REAR:
		return open_page(page, &zone->guards[slot].rear);
	case MD_PAGE_REST:
		return md_os_guard_remove((void *)page, MD_PAGE_BYTES);
	default:
		return false;
	}
}
