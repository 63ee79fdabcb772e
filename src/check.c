/* SPDX-License-Identifier: MIT */
#include "src/check.h"

#include <string.h>

#include "src/inspect.h"

static uint32_t slot_of(const struct md_zone *zone, const struct md_record *record)
{
	return (uint32_t)(record - zone->records);
}

/* Copies what stands around addr: the row of sixteen it is in, four rows before it, and what fits after it. Only inside the zone, which is mapped. */
static void copy_evidence(const struct md_heap *heap, struct md_finding *finding, uintptr_t low, uintptr_t high)
{
	uintptr_t begin = (finding->addr & ~(uintptr_t)15) - 64, end = begin + MD_EVIDENCE_BYTES;

	if (begin < low)
		begin = low;
	if (end > high)
		end = high;
	if (begin >= end)
		return;
	finding->evidence_begin = begin;
	finding->evidence_bytes = (uint16_t)(end - begin);
	memcpy(finding->evidence, (const void *)begin, end - begin);
	md_inspect_bytes(heap, begin, end - begin, finding->evidence, finding->evidence_mark, finding->expected);
}

struct md_finding *md_check_add(struct md_heap *heap, struct md_thread *thread, enum md_error error, enum md_noticed noticed, uintptr_t addr,
	const struct md_block_view *block, const struct md_call *call)
{
	struct md_finding *finding = md_findings_add(&thread->findings);

	thread->attended = true;
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
		if (block->zone_kind == MD_ZONE_LARGE) { /* the rest of a large zone was never touched, and should not be now */
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

/* Bytes between two neighbours differ: the left one's overflow, or the right one's underflow? Damage that touches one of them and not the other is that
 * one's; otherwise the nearer one's, and the other is named as suspect. */
static bool blames_right(const struct md_block_view *left, const struct md_block_view *right, struct md_damage damage)
{
	if (!in_use(right))
		return false;
	if (!in_use(left))
		return true;
	bool touches_left = damage.first == left->user + left->size, touches_right = damage.end == right->user;

	if (touches_left != touches_right)
		return touches_right;
	return right->user - damage.end < damage.first - (left->user + left->size);
}

static bool check_between(struct md_heap *heap, struct md_thread *thread, const struct md_block_view *left, const struct md_block_view *right,
	struct md_damage damage, enum md_noticed noticed, const struct md_call *call)
{
	if (blames_right(left, right, damage))
		return add_damage(heap, thread, MD_ERROR_HEAP_BUFFER_UNDERFLOW, noticed, damage, right, in_use(left) ? left->user : 0, call);
	return add_damage(heap, thread, MD_ERROR_HEAP_BUFFER_OVERFLOW, noticed, damage, left, in_use(right) ? right->user : 0, call);
}

bool md_check_redzones(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, struct md_record *record,
	enum md_noticed noticed, const struct md_call *call)
{
	struct md_block_view block, before, after;

	md_inspect_slot(heap, zone, slot_of(zone, record), &block);
	md_inspect_neighbours(heap, &block, &before, &after);
	struct md_damage rear = md_pattern_check(heap->secret, block.user + block.size, block.end);

	if (rear.byte_count) {
		if (!check_between(heap, thread, &block, &after, rear, noticed, call))
			return false;
		record->flags |= MD_BLOCK_DAMAGED;
		md_pattern_paint(heap->secret, block.user + block.size, block.end);
	}
	struct md_damage front = md_pattern_check(heap->secret, block.begin, block.user);

	if (front.byte_count) {
		/* The shared red zone is the end of the left neighbour's: look at its slack too, to see where the damage begins. */
		if (in_use(&before)) {
			struct md_damage wider = md_pattern_check(heap->secret, before.user + before.size, block.user);

			if (wider.byte_count)
				front = wider;
		}
		if (!check_between(heap, thread, &before, &block, front, noticed, call))
			return false;
		record->flags |= MD_BLOCK_DAMAGED;
		md_pattern_paint(heap->secret, in_use(&before) ? before.user + before.size : block.begin, block.user);
	}
	return true;
}

bool md_check_freed(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, struct md_record *record, enum md_noticed noticed,
	const struct md_call *call)
{
	struct md_block_view block;

	md_inspect_slot(heap, zone, slot_of(zone, record), &block);
	uintptr_t filled_end = block.user + md_filled_bytes(heap, block.size);
	struct md_damage damage = md_fill_check(heap->config.fill_free_byte, block.user, filled_end);
	struct md_damage rear = { 0 };

	if (!(record->flags & MD_BLOCK_DROPPED))
		rear = md_pattern_check(heap->secret, block.user + block.size, block.end);
	if (!damage.byte_count) {
		struct md_block_view before, after;

		/* Its own bytes are untouched, but the red zone that it shares is not: the mistake of a neighbour in use, see blames_right. */
		md_inspect_neighbours(heap, &block, &before, &after);
		if (rear.byte_count && rear.first >= block.end - MD_REDZONE_BYTES && in_use(&after)) {
			if (!check_between(heap, thread, &block, &after, rear, noticed, call))
				return false;
			md_pattern_paint(heap->secret, rear.first, block.end);
			return true;
		}
		damage = rear;
	} else if (rear.byte_count) {
		damage.byte_count += rear.byte_count;
		damage.end = rear.end;
	}
	if (!damage.byte_count)
		return true;
	if (!add_damage(heap, thread, MD_ERROR_HEAP_USE_AFTER_FREE, noticed, damage, &block, 0, call))
		return false;
	record->flags |= MD_BLOCK_DAMAGED;
	memset((void *)block.user, heap->config.fill_free_byte, filled_end - block.user);
	if (!(record->flags & MD_BLOCK_DROPPED))
		md_pattern_paint(heap->secret, block.user + block.size, block.end);
	return true;
}
