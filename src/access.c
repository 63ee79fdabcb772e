/* SPDX-License-Identifier: MIT */
#include "src/access.h"

#include "src/guard.h"
#include "src/inspect.h"
#include "src/pattern.h"

static bool in_use(const struct md_block_view *block)
{
	return block->valid && (block->state == MD_BLOCK_LIVE || block->state == MD_BLOCK_FREEING);
}

static uintptr_t end_of(const struct md_block_view *block)
{
	return block->user + block->size;
}

/* --- judging ---------------------------------------------------------------- */

static enum md_error blame(const struct md_block_view *culprit, enum md_error error, struct md_block_view *block)
{
	*block = *culprit;
	return in_use(culprit) ? error : MD_ERROR_HEAP_USE_AFTER_FREE;
}

/* The range begins between two neighbours, either of which may be invalid: the mistake of the right one's user if it runs into it, else of
 * the nearer one's that is in use; as near to both, of the left one's, as in check.c. */
static enum md_error judge_between(const struct md_block_view *left, const struct md_block_view *right, uintptr_t addr, size_t bytes,
	struct md_block_view *block)
{
	if (in_use(right)) {
		bool reaches = addr < right->user && bytes > right->user - addr;

		if (reaches || !in_use(left) || right->user - (addr + bytes) < addr - end_of(left))
			return blame(right, MD_ERROR_HEAP_BUFFER_UNDERFLOW, block);
	}
	if (left->valid)
		return blame(left, MD_ERROR_HEAP_BUFFER_OVERFLOW, block);
	if (right->valid)
		return blame(right, MD_ERROR_HEAP_BUFFER_UNDERFLOW, block);
	return MD_ERROR_HEAP_WILD_ACCESS;
}

/* The range begins where no block ever was, behind all slots of the zone that were used: far past the last of them, if that is live. */
static enum md_error judge_far(const struct md_heap *heap, const struct md_zone *zone, uint32_t slot, struct md_block_view *block)
{
	struct md_block_view before;

	while (slot-- > 0) {
		md_inspect_slot(heap, zone, slot, &before);
		if (!before.valid)
			continue;
		if (!in_use(&before))
			break;
		*block = before;
		return MD_ERROR_HEAP_BUFFER_OVERFLOW;
	}
	return MD_ERROR_HEAP_WILD_ACCESS;
}

/* addr lies in a zone, and in no live block. */
static enum md_error judge_outside(const struct md_heap *heap, const struct md_zone *zone, uintptr_t addr, size_t bytes,
	struct md_block_view *block)
{
	struct md_block_view own, left = { 0 }, right = { 0 };
	uint32_t count = zone->kind == MD_ZONE_LARGE ? 1 : zone->slot_count;
	uint32_t slot = zone->kind == MD_ZONE_LARGE || addr < zone->first_slot ? 0 : md_zone_slot_at(zone, addr);

	if (slot >= count)
		slot = count - 1;
	md_inspect_slot(heap, zone, slot, &own);
	if (!own.valid || addr >= end_of(&own)) {
		left = own;
		if (slot + 1 < count)
			md_inspect_slot(heap, zone, slot + 1, &right);
	} else {
		right = own;
		if (slot > 0)
			md_inspect_slot(heap, zone, slot - 1, &left);
	}
	/* Its own bytes, freed; unless it is a step back from the block behind it. */
	if (own.valid && addr >= own.user && addr < end_of(&own)) {
		if (slot + 1 < count)
			md_inspect_slot(heap, zone, slot + 1, &right);
		if (addr != own.user && right.user > addr && in_use(&right) && bytes > right.user - addr)
			return blame(&right, MD_ERROR_HEAP_BUFFER_UNDERFLOW, block);
		*block = own;
		return MD_ERROR_HEAP_USE_AFTER_FREE;
	}
	if (!left.valid && !right.valid)
		return judge_far(heap, zone, slot, block);
	return judge_between(&left, &right, addr, bytes, block);
}

enum md_error md_access_judge(const struct md_heap *heap, uintptr_t addr, size_t bytes, struct md_block_view *block, uintptr_t *first_bad)
{
	uintptr_t entry = md_page_map_get(&heap->map, addr);

	*block = (struct md_block_view){ 0 };
	*first_bad = addr;
	if (!entry || !bytes)
		return MD_ERROR_NONE;
	if (entry & 1) /* a free run */
		return MD_ERROR_HEAP_WILD_ACCESS;
	md_inspect_address(heap, addr, block);
	if (in_use(block) && addr - block->user < block->size) {
		if (bytes <= block->size - (addr - block->user))
			return MD_ERROR_NONE;
		*first_bad = end_of(block);
		return MD_ERROR_HEAP_BUFFER_OVERFLOW;
	}
	*block = (struct md_block_view){ 0 };
	return judge_outside(heap, (const struct md_zone *)entry, addr, bytes, block);
}

void md_access_describe(const struct md_heap *heap, uintptr_t addr, struct md_block_view *block)
{
	*block = (struct md_block_view){ 0 };
	if (md_page_map_zone(&heap->map, addr))
		md_inspect_address(heap, addr, block);
}

/* --- findings --------------------------------------------------------------- */

void md_access_add_error(struct md_heap *heap, struct md_thread *thread, enum md_error error, uintptr_t first_bad,
	const struct md_block_view *block, const struct md_access *access, const struct md_call *call)
{
	struct md_finding *finding = md_check_add(heap, thread, error, MD_NOTICED_AT_ACCESS, first_bad, block, call);

	thread->accesses_told++;
	if (finding)
		finding->access = *access;
}

bool md_access_add(struct md_heap *heap, struct md_thread *thread, const struct md_access *access, const struct md_call *call)
{
	struct md_block_view block;
	uintptr_t first_bad;
	enum md_error error = md_access_judge(heap, access->addr, access->bytes ? access->bytes : 1, &block, &first_bad);

	if (error == MD_ERROR_NONE)
		return false;
	md_access_add_error(heap, thread, error, first_bad, &block, access, call);
	return true;
}

/* --- mending ---------------------------------------------------------------- */

static uintptr_t later(uintptr_t a, uintptr_t b)
{
	return a > b ? a : b;
}

static uintptr_t earlier(uintptr_t a, uintptr_t b)
{
	return a < b ? a : b;
}

/* Byte by byte: what lies in the same word may be a block's, and be written by its owner at this moment. */
static void repaint(const struct md_heap *heap, uintptr_t begin, uintptr_t end)
{
	for (uintptr_t addr = begin; addr < end; addr++)
		*(volatile unsigned char *)addr = md_pattern_byte(heap->secret, addr);
}

static void refill(const struct md_heap *heap, uintptr_t begin, uintptr_t end)
{
	for (uintptr_t addr = begin; addr < end; addr++)
		*(volatile unsigned char *)addr = heap->config.fill_free_byte;
}

/* Whether a freed block's bytes may be written: those of other kinds of zones may be inaccessible. */
static bool may_fill(const struct md_zone *zone)
{
	return zone->kind == MD_ZONE_TINY || zone->kind == MD_ZONE_SMALL || zone->kind == MD_ZONE_LARGE;
}

/* Under check_lock. The part of [begin, end) that is this slot's. A large block has all of its zone. */
static void mend_slot(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, uint32_t slot, uintptr_t begin,
	uintptr_t end)
{
	struct md_record *record = &zone->records[slot];
	uint8_t state = atomic_load_explicit(&record->state, memory_order_acquire);
	bool own_quarantine = state == MD_BLOCK_QUARANTINED && record->free_thread == thread->id.value && may_fill(zone) &&
		!md_guard_is_closed(zone, record);
	uint8_t live = MD_BLOCK_LIVE;
	bool held = state == MD_BLOCK_LIVE &&
		atomic_compare_exchange_strong_explicit(&record->state, &live, MD_BLOCK_FREEING, memory_order_acquire,
			memory_order_relaxed);

	if (held || own_quarantine) {
		struct md_extent extent = md_extent_of(zone, record, md_zone_slot_begin(zone, slot));
		uintptr_t rear = extent.user + extent.size;

		if (held && (later(begin, extent.begin) < earlier(end, extent.user) || later(begin, rear) < earlier(end, extent.end)))
			record->flags |= MD_BLOCK_TOLD; /* it stays until the block is freed, see check.c */
		if (own_quarantine) {
			repaint(heap, later(begin, extent.begin), earlier(end, extent.user));
			refill(heap, later(begin, extent.user), earlier(end, extent.user + md_filled_bytes(heap, extent.size)));
			if (!(record->flags & MD_BLOCK_DROPPED))
				repaint(heap, later(begin, rear), earlier(end, extent.end));
		}
	}
	if (held)
		atomic_store_explicit(&record->state, MD_BLOCK_LIVE, memory_order_release);
	/* The red zone that it shares is always there, and nobody's. */
	if (!held && !own_quarantine && (zone->kind == MD_ZONE_TINY || zone->kind == MD_ZONE_SMALL)) {
		uintptr_t slot_end = md_zone_slot_begin(zone, slot) + zone->slot_bytes;

		repaint(heap, later(begin, slot_end - MD_REDZONE_BYTES), earlier(end, slot_end));
	}
}

void md_access_mend(struct md_heap *heap, struct md_thread *thread, uintptr_t begin, uintptr_t end)
{
	if (begin >= end)
		return;
	md_lock_take(&heap->check_lock);
	md_runs_watch_begin(&heap->runs);
	while (begin < end) {
		const struct md_zone *zone = md_page_map_zone(&heap->map, begin);

		if (!zone) {
			begin = (begin | (MD_UNIT_BYTES - 1)) + 1;
			continue;
		}
		uintptr_t zone_end = zone->begin + zone->bytes;

		if (zone->kind == MD_ZONE_LARGE) {
			mend_slot(heap, thread, zone, 0, begin, earlier(end, zone_end));
		} else {
			uint32_t slot = begin < zone->first_slot ? 0 : md_zone_slot_at(zone, begin);

			for (; slot < zone->slot_count && md_zone_slot_begin(zone, slot) - MD_REDZONE_BYTES < end; slot++)
				mend_slot(heap, thread, zone, slot, begin, end);
		}
		begin = zone_end;
	}
	md_runs_watch_end(&heap->runs);
	md_lock_release(&heap->check_lock);
}
