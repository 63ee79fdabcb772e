/* SPDX-License-Identifier: MIT */
#include "src/check.h"

#include <string.h>

#include "src/inspect.h"

#define GUARD_SHOWN 32 /* bytes of a guard page in hexdumps: they are all alike */

static uint32_t slot_of(const struct md_zone *zone, const struct md_record *record)
{
	return (uint32_t)(record - zone->records);
}

/* Copies what stands around addr: the row of sixteen it is in, four rows before it, and what fits after it. Only inside the zone, which is
 * mapped. */
static void copy_evidence(struct md_heap *heap, struct md_finding *finding, uintptr_t low, uintptr_t high)
{
	uintptr_t begin = (finding->addr & ~(uintptr_t)15) - 64, end = begin + MD_EVIDENCE_BYTES;

	if (begin < low)
		begin = low;
	if (end > high)
		end = high;
	if (begin >= end)
		return;
	if (!md_inspect_copy(heap, begin, end, finding->evidence))
		return;
	finding->evidence_begin = begin;
	finding->evidence_bytes = (uint16_t)(end - begin);
	md_inspect_bytes(heap, begin, end - begin, finding->evidence, finding->evidence_mark, finding->expected);
}

/* Errors after which the later blocks of the same stack are guarded. */
static bool is_misuse(enum md_error error)
{
	return error == MD_ERROR_HEAP_BUFFER_OVERFLOW || error == MD_ERROR_HEAP_BUFFER_UNDERFLOW || error == MD_ERROR_HEAP_USE_AFTER_FREE;
}

struct md_finding *md_check_add(struct md_heap *heap, struct md_thread *thread, enum md_error error, enum md_noticed noticed, uintptr_t addr,
	const struct md_block_view *block, const struct md_call *call)
{
	struct md_finding *finding = md_findings_add(&thread->findings);

	thread->attended = true;
	if (block && block->valid && is_misuse(error))
		md_guard_suspect(heap, block->alloc_stack);
	if (!finding)
		return NULL;
	finding->error = error;
	finding->noticed = noticed;
	finding->addr = addr;
	finding->thread = thread->id;
	finding->call = *call;
	if (block && block->valid) {
		uintptr_t low = block->zone_begin, high = block->zone_end;

		finding->block = *block;
		finding->place = MD_PLACE_BLOCK;
		if (block->closed || block->guard_before || block->guard_after) { /* with the guard pages, which cannot be read, but can be shown */
			low = addr < block->begin ? addr - GUARD_SHOWN : block->begin - (block->guard_before ? GUARD_SHOWN : 0);
			high = addr >= block->end ? addr + GUARD_SHOWN : block->end + (block->guard_after ? GUARD_SHOWN : 0);
			low = low & ~(uintptr_t)15;
			high = (high + 15) & ~(uintptr_t)15;
			if (low < block->zone_begin)
				low = block->zone_begin;
			if (high > block->zone_end)
				high = block->zone_end;
		} else if (block->zone_kind == MD_ZONE_LARGE) { /* the rest of a large zone was never touched, and should not be now */
			low = block->begin & ~(uintptr_t)15;
			high = block->end;
			if (block->flags & MD_BLOCK_DROPPED)
				high = block->user + md_filled_bytes(heap, block->size); /* and what was dropped says nothing */
		}
		copy_evidence(heap, finding, low, high);
	}
	return finding;
}

static bool add_damage(struct md_heap *heap, struct md_thread *thread, enum md_error error, enum md_noticed noticed, struct md_damage damage,
	const struct md_block_view *block, uintptr_t suspect, const struct md_call *call)
{
	struct md_finding *finding = md_check_add(heap, thread, error, noticed, damage.first, block, call);

	if (!finding)
		return false;
	finding->damaged_bytes = damage.byte_count;
	finding->damaged_end = damage.end;
	finding->suspect = suspect;
	return true;
}

static bool in_use(const struct md_block_view *block)
{
	return block->valid && (block->state == MD_BLOCK_LIVE || block->state == MD_BLOCK_FREEING);
}

/* Bytes between two neighbours differ: the left one's overflow, or the right one's underflow? The nearer one's, and the other is named as
 * suspect; as near to both, the left one's, because a run past the end is the commoner mistake. */
static bool blames_right(const struct md_block_view *left, const struct md_block_view *right, struct md_damage damage)
{
	if (!in_use(right))
		return false;
	if (!in_use(left))
		return true;
	return right->user - damage.end < damage.first - (left->user + left->size);
}

static bool check_between(struct md_heap *heap, struct md_thread *thread, const struct md_block_view *left, const struct md_block_view *right,
	struct md_damage damage, enum md_noticed noticed, const struct md_call *call)
{
	if (blames_right(left, right, damage))
		return add_damage(heap, thread, MD_ERROR_HEAP_BUFFER_UNDERFLOW, noticed, damage, right, in_use(left) ? left->user : 0, call);
	return add_damage(heap, thread, MD_ERROR_HEAP_BUFFER_OVERFLOW, noticed, damage, left, in_use(right) ? right->user : 0, call);
}

/* The damage between two neighbours was reported when it was done. It stays while the block that did it is in use: a program that reads
 * back what it wrote there goes on as it would without us. */
static bool is_told(const struct md_block_view *left, const struct md_block_view *right)
{
	return (in_use(left) && left->flags & MD_BLOCK_TOLD) || (in_use(right) && right->flags & MD_BLOCK_TOLD);
}

/* Byte by byte: what lies in the same word may be the program's, and be written by it at this moment. */
static void repair(const struct md_heap *heap, uintptr_t begin, uintptr_t end)
{
	for (uintptr_t addr = begin; addr < end; addr++)
		*(unsigned char *)addr = md_pattern_byte(heap->secret, addr);
}

void md_check_wait(struct md_heap *heap)
{
	md_lock_take(&heap->check_lock);
	md_lock_release(&heap->check_lock);
}

/* Takes a live block out of its owner's reach, under check_lock. */
static bool hold(struct md_record *record)
{
	uint8_t live = MD_BLOCK_LIVE;

	return atomic_compare_exchange_strong_explicit(&record->state, &live, MD_BLOCK_FREEING, memory_order_acquire, memory_order_relaxed);
}

static void let_go(struct md_record *record)
{
	atomic_store_explicit(&record->state, MD_BLOCK_LIVE, memory_order_release);
}

/* The part before the block: its front red zone, and the slack of its left neighbour, which is held if it is live. */
static bool check_front(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, struct md_record *record,
	const struct md_block_view *block, enum md_noticed noticed, const struct md_call *call)
{
	struct md_damage front = md_pattern_check(heap->secret, block->begin, block->user);
	struct md_block_view before = { 0 };
	bool held = false, done = true;

	if (!front.byte_count)
		return true;
	if (slot_of(zone, record) > 0 && zone->kind != MD_ZONE_GUARDED) { /* between guarded neighbours is a page that neither can have damaged */
		held = hold(record - 1);
		md_inspect_slot(heap, zone, slot_of(zone, record) - 1, &before);
	}
	if (held) {
		/* The shared red zone is the end of the left neighbour's: look at its slack too, to see where the damage begins. */
		struct md_damage wider = md_pattern_check(heap->secret, before.user + before.size, block->user);

		before.state = MD_BLOCK_LIVE;
		if (wider.byte_count)
			front = wider;
	}
	if (is_told(&before, block)) {
		if (noticed == MD_NOTICED_AT_FREE && !(in_use(&before) && before.flags & MD_BLOCK_TOLD))
			repair(heap, front.first, front.end);
	} else if ((done = check_between(heap, thread, &before, block, front, noticed, call))) {
		record->flags |= MD_BLOCK_DAMAGED;
		repair(heap, front.first, front.end);
	}
	if (held)
		let_go(record - 1);
	return done;
}

/* Under check_lock; the block is MD_BLOCK_FREEING, and not by somebody else. */
static bool check_redzones(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, struct md_record *record,
	enum md_noticed noticed, const struct md_call *call)
{
	struct md_block_view block, before, after;

	md_inspect_slot(heap, zone, slot_of(zone, record), &block);
	md_inspect_neighbours(heap, &block, &before, &after);
	if (zone->kind == MD_ZONE_GUARDED)
		after.valid = false;
	if (noticed != MD_NOTICED_AT_FREE)
		block.state = MD_BLOCK_LIVE; /* it is only held */
	struct md_damage rear = md_pattern_check(heap->secret, block.user + block.size, block.end);

	if (rear.byte_count && is_told(&block, &after)) {
		if (noticed == MD_NOTICED_AT_FREE)
			repair(heap, rear.first, rear.end);
	} else if (rear.byte_count) {
		if (!check_between(heap, thread, &block, &after, rear, noticed, call))
			return false;
		record->flags |= MD_BLOCK_DAMAGED;
		repair(heap, rear.first, rear.end);
	}
	return check_front(heap, thread, zone, record, &block, noticed, call);
}

bool md_check_redzones(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, struct md_record *record,
	enum md_noticed noticed, const struct md_call *call)
{
	md_lock_take(&heap->check_lock);
	bool done = check_redzones(heap, thread, zone, record, noticed, call);

	md_lock_release(&heap->check_lock);
	return done;
}

bool md_check_live(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, struct md_record *record, enum md_noticed noticed,
	const struct md_call *call)
{
	bool done = true;

	md_lock_take(&heap->check_lock);
	if (hold(record)) {
		struct md_extent extent = md_extent_of(zone, record, md_zone_slot_begin(zone, slot_of(zone, record)));

		if (!md_redzones_intact(heap->secret, &extent))
			done = check_redzones(heap, thread, zone, record, noticed, call);
		let_go(record);
	}
	md_lock_release(&heap->check_lock);
	return done;
}

struct md_damage md_check_find_freed(const struct md_heap *heap, const struct md_block_view *block)
{
	struct md_damage damage =
		md_fill_check(heap->config.fill_free_byte, block->user, block->user + md_filled_bytes(heap, block->size));
	struct md_damage rear = { 0 };

	if (!(block->flags & MD_BLOCK_DROPPED))
		rear = md_pattern_check(heap->secret, block->user + block->size, block->end);
	if (!damage.byte_count)
		return rear;
	if (rear.byte_count) {
		damage.byte_count += rear.byte_count;
		damage.end = rear.end;
	}
	return damage;
}

bool md_check_add_freed(struct md_heap *heap, struct md_thread *thread, const struct md_block_view *block, struct md_damage damage,
	enum md_noticed noticed, const struct md_call *call)
{
	struct md_block_view before, after;

	/* Its own bytes are untouched, but the red zone that it shares is not: the mistake of a neighbour in use, see blames_right. */
	md_inspect_neighbours(heap, block, &before, &after);
	if (damage.first >= block->user + block->size && damage.first >= block->end - MD_REDZONE_BYTES && in_use(&after) &&
		block->zone_kind != MD_ZONE_GUARDED)
		return is_told(block, &after) || check_between(heap, thread, block, &after, damage, noticed, call);
	return add_damage(heap, thread, MD_ERROR_HEAP_USE_AFTER_FREE, noticed, damage, block, 0, call);
}

bool md_check_freed(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, struct md_record *record, enum md_noticed noticed,
	const struct md_call *call)
{
	struct md_block_view block;

	md_inspect_slot(heap, zone, slot_of(zone, record), &block);
	struct md_damage damage = md_check_find_freed(heap, &block);

	if (!damage.byte_count)
		return true;
	if (!md_check_add_freed(heap, thread, &block, damage, noticed, call))
		return false;
	record->flags |= MD_BLOCK_DAMAGED;
	memset((void *)block.user, heap->config.fill_free_byte, md_filled_bytes(heap, block.size));
	if (!(record->flags & MD_BLOCK_DROPPED))
		repair(heap, damage.first > block.user + block.size ? damage.first : block.user + block.size, damage.end);
	return true;
}
