/* SPDX-License-Identifier: MIT
 *
 * Resizing a block: in its place, into the free run behind its zone, by moving its pages, or as an allocation, a copy and a free.
 */
#include <string.h>

#include "src/heap_inside.h"
#include "src/params.h"
#include "src/pattern.h"

#define MOVE_PAGES_MIN ((size_t)256 << 10) /* from here on moving pages is cheaper than copying them */

/* The block keeps its place: only its end moves. It is MD_BLOCK_FREEING meanwhile. */
static void resize_in_place(struct md_heap *heap, struct md_thread *thread, struct md_zone *zone, struct md_record *record, uintptr_t slot_begin,
	size_t size, const struct md_call *call)
{
	struct md_extent extent = md_extent_of(zone, record, slot_begin);

	thread->counters.frees++;
	thread->counters.freed_bytes += extent.size;
	if (zone->kind == MD_ZONE_LARGE) {
		zone->large_size = size;
		record->size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
		zone->large_end = md_page_up(extent.user + size + md_layout_redzone(size, heap->config.redzone));
		if (zone->large_end < extent.end)
			md_os_drop((void *)zone->large_end, extent.end - zone->large_end);
		extent.end = zone->large_end;
	} else {
		record->size = (uint32_t)size;
	}
	/* The red zone that it shares keeps its pattern, and is not written: the next block's owner may be looking at it. */
	md_pattern_paint(heap->secret, extent.user + size, zone->kind == MD_ZONE_LARGE ? extent.end : extent.end - MD_REDZONE_BYTES);
	if (size > extent.size)
		md_heap_fill_new(heap, extent.user + extent.size, size - extent.size);
	if (zone->kind == MD_ZONE_LARGE && !zone->guards->counted)
		md_guard_large(heap, zone, md_guard_decide_large(heap, thread, call->stack, size));
	md_heap_note_alloc(thread, record, extent.user, size, call);
}

static bool fits_in_place(const struct md_heap *heap, struct md_zone *zone, const struct md_extent *extent, size_t size)
{
	size_t need = size + md_layout_redzone(size, heap->config.redzone);

	if (zone->kind == MD_ZONE_GUARDED) /* its bytes would no longer end at the guard page */
		return false;
	if (zone->kind != MD_ZONE_LARGE) /* shrinking far below its slot would turn most of the slot into slack */
		return extent->user + need <= extent->end && need * 2 >= zone->slot_bytes;
	return size > MD_SLOT_BYTES_MAX && need <= zone->bytes - (extent->user - zone->begin) &&
		md_page_up(extent->user + need) <= zone->begin + zone->bytes && zone->bytes / 2 <= need + MD_UNIT_BYTES;
}

/* Whether guard pages around the block can stay if it is resized in its place. Otherwise they are lifted first. */
static bool keeps_end(const struct md_heap *heap, const struct md_zone *zone, size_t size)
{
	return zone->kind != MD_ZONE_LARGE || !zone->guards->counted ||
		md_page_up(zone->large_user + size + md_layout_redzone(size, heap->config.redzone)) == zone->large_end;
}

/* A large zone grows into the free run behind it. */
static bool extend_zone(struct md_heap *heap, struct md_zone *zone, const struct md_extent *extent, size_t size)
{
	struct md_large_layout layout;
	bool fresh;

	if (size <= extent->size || !md_layout_large(size, 1, heap->config.redzone, &layout))
		return false;
	size_t need = md_page_up(extent->user - zone->begin + size + md_layout_redzone(size, heap->config.redzone));

	need = (need + MD_UNIT_BYTES - 1) & ~(MD_UNIT_BYTES - 1);
	if (need <= zone->bytes || !md_runs_extend(&heap->runs, zone->begin + zone->bytes, need - zone->bytes, &fresh))
		return false;
	md_page_map_set(&heap->map, zone->begin + zone->bytes, need - zone->bytes, (uintptr_t)zone);
	zone->bytes = need;
	return true;
}

/* Moves the pages of a large block to a larger zone. The old addresses are unmapped then: a stale pointer faults at once. */
static void *move_pages(struct md_heap *heap, struct md_thread *thread, struct md_zone *zone, size_t size, const struct md_call *call,
	const struct md_call *free_call)
{
	struct md_large_layout layout;
	bool fresh;
	size_t old_size = zone->large_size, old_bytes = md_page_up(zone->large_end) - zone->begin;

	if (!md_layout_large(size, 1, heap->config.redzone, &layout))
		return NULL;
	layout.user = zone->large_user - zone->begin; /* pages keep the offsets of their bytes */
	layout.front = zone->large_begin - zone->begin;
	layout.end = md_page_up(layout.user + size + md_layout_redzone(size, heap->config.redzone));
	layout.zone_bytes = (layout.end + MD_UNIT_BYTES - 1) & ~(MD_UNIT_BYTES - 1);
	struct md_zone *wider = md_zones_take_large(&heap->zones, &layout, 1, &fresh);

	if (!wider)
		return NULL;
	if (old_bytes > layout.zone_bytes || !md_runs_move(&heap->runs, zone->begin, zone->bytes, wider->begin, old_bytes)) {
		md_zones_give_large(&heap->zones, wider, false);
		return NULL;
	}
	wider->large_size = size;
	wider->large_record.size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
	md_pattern_paint(heap->secret, wider->large_begin, wider->large_user);
	md_pattern_paint(heap->secret, wider->large_user + size, wider->large_end);
	md_guard_large(heap, wider, md_guard_decide_large(heap, thread, call->stack, size));
	md_history_put(&thread->history,
		md_event_make(MD_EVENT_FREE, free_call->api, zone->large_user, old_size, call->stack, thread->id, md_clock_now()));
	thread->counters.frees++;
	thread->counters.freed_bytes += old_size;
	md_zones_give_large(&heap->zones, zone, true);
	md_heap_note_alloc(thread, &wider->large_record, wider->large_user, size, call);
	return (void *)wider->large_user;
}

enum md_freed md_heap_resize(struct md_heap *heap, struct md_thread *thread, void *pointer, size_t size, const struct md_call *call, void **result)
{
	uintptr_t user = (uintptr_t)pointer, slot_begin;
	struct md_zone *zone = md_page_map_zone(&heap->map, user);
	struct md_record *record;
	struct md_call free_call = { .api = MD_API_REALLOC_FREE, .stack = call->stack };

	*result = NULL;
	if (unlikely(!zone))
		return MD_FREED_FOREIGN;
	record = md_heap_find_exact(zone, user, &slot_begin);
	if (unlikely(!record || !md_heap_begin_freeing(heap, record)))
		return md_heap_refuse_pointer(heap, thread, user, record != NULL, &free_call);
	struct md_extent extent = md_extent_of(zone, record, slot_begin);

	thread->counters.reallocations++;
	if (unlikely(size >= heap->size_asks) && md_heap_refuses(heap, thread, size, call)) {
		atomic_store_explicit(&record->state, MD_BLOCK_LIVE, memory_order_release);
		return MD_FREED;
	}
	if (unlikely(!md_redzones_intact(heap->secret, &extent)))
		md_check_redzones(heap, thread, zone, record, MD_NOTICED_AT_FREE, call);
	md_heap_check_call(heap, thread, zone, record, user, &free_call); /* once, whichever way it goes from here */
	if ((size > heap->config.realloc_move || extent.size > heap->config.realloc_move) && (keeps_end(heap, zone, size) || md_guard_large_lift(heap, zone))) {
		if (fits_in_place(heap, zone, &extent, size) ||
			(zone->kind == MD_ZONE_LARGE && size >= MOVE_PAGES_MIN && extend_zone(heap, zone, &extent, size))) {
			resize_in_place(heap, thread, zone, record, slot_begin, size, call);
			*result = pointer;
			return MD_FREED;
		}
		if (zone->kind == MD_ZONE_LARGE && extent.size >= MOVE_PAGES_MIN && size > extent.size &&
			(*result = move_pages(heap, thread, zone, size, call, &free_call)))
			return MD_FREED;
	}
	*result = md_heap_allocate_granted(heap, thread, size, MD_ALIGNMENT, false, call);
	if (!*result) {
		atomic_store_explicit(&record->state, MD_BLOCK_LIVE, memory_order_release);
		return MD_FREED;
	}
	memcpy(*result, pointer, size < extent.size ? size : extent.size);
	md_heap_retire(heap, thread, zone, record, slot_begin, &free_call);
	return MD_FREED;
}
