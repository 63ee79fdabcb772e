/* SPDX-License-Identifier: MIT */
#include "src/inspect.h"

#include <string.h>

#include "src/check.h"
#include "src/pattern.h"

/* A copy of a record that its owner may be changing: taken until two in a row are equal, so that it is of one moment. */
static struct md_record copy_record(const struct md_record *record)
{
	union {
		struct md_record record;
		uint64_t words[3];
	} copy, again;
	const uint64_t *words = (const uint64_t *)record;

	for (int tries = 0; tries < 8; tries++) {
		for (int i = 0; i < 3; i++)
			copy.words[i] = __atomic_load_n(&words[i], __ATOMIC_ACQUIRE);
		for (int i = 0; i < 3; i++)
			again.words[i] = __atomic_load_n(&words[i], __ATOMIC_ACQUIRE);
		if (!memcmp(&copy, &again, sizeof copy))
			break;
	}
	return again.record;
}

/* Where the parts of a block are, by a copy of its record. */
static struct md_extent extent_now(const struct md_zone *zone, uint32_t slot, const struct md_record *record)
{
	if (zone->kind != MD_ZONE_LARGE)
		return md_extent_of(zone, record, md_zone_slot_begin(zone, slot));
	return (struct md_extent){
		.begin = __atomic_load_n(&zone->large_begin, __ATOMIC_RELAXED),
		.user = __atomic_load_n(&zone->large_user, __ATOMIC_RELAXED),
		.size = __atomic_load_n(&zone->large_size, __ATOMIC_RELAXED),
		.end = __atomic_load_n(&zone->large_end, __ATOMIC_RELAXED),
	};
}

/* Of a large zone that is handed on meanwhile the parts may be those of two blocks. */
static bool is_sound(const struct md_extent *extent)
{
	return extent->begin <= extent->user && extent->user <= extent->end && extent->size <= extent->end - extent->user;
}

static bool is_shut(const _Atomic uint8_t *door)
{
	return atomic_load_explicit(door, memory_order_acquire) == MD_DOOR_SHUT;
}

/* What stands around a block of a guarded or large zone. */
static void tell_guards(const struct md_zone *zone, uint32_t slot, const struct md_record *record, struct md_block_view *block)
{
	block->guard_before = is_shut(slot ? &zone->guards[slot - 1].rear : &zone->guards[0].front);
	block->guard_after = is_shut(&zone->guards[slot].rear);
	block->closed = is_shut(&zone->guards[slot].door);
	if (zone->kind == MD_ZONE_GUARDED) {
		block->redzone_rear = block->end; /* the guard page is what protects it; all before that is slack */
		block->flush = record->user_offset16 & MD_FLUSH_BEFORE ? MD_FLUSH_BEGIN : MD_FLUSH_END;
	} else if (block->guard_after) {
		block->flush = MD_FLUSH_END;
	}
}

void md_inspect_slot(const struct md_heap *heap, const struct md_zone *zone, uint32_t slot, struct md_block_view *block)
{
	struct md_record copy = copy_record(&zone->records[slot]), *record = &copy;
	uint8_t state = atomic_load_explicit(&record->state, memory_order_relaxed);

	memset(block, 0, sizeof *block);
	if (state == MD_BLOCK_FREE && !record->alloc_time && !record->apis && !record->alloc_stack && !record->size)
		return; /* never handed out: the record is as it came */
	if (state == MD_BLOCK_CACHED && !record->alloc_time && !record->alloc_stack)
		return;
	struct md_extent extent = extent_now(zone, slot, record);

	if (!is_sound(&extent))
		return;
	bool freed = state != MD_BLOCK_LIVE && (record->free_stack || record->free_thread);

	block->valid = true;
	block->user = extent.user;
	block->size = extent.size;
	block->begin = extent.begin;
	block->end = extent.end;
	block->redzone_rear = extent.end - md_layout_redzone(extent.size, heap->config.redzone);
	if (block->redzone_rear < extent.user + extent.size || zone->kind == MD_ZONE_LARGE)
		block->redzone_rear = extent.user + extent.size;
	if (zone->guards)
		tell_guards(zone, slot, record, block);
	block->state = (enum md_block_state)state;
	block->flags = record->flags;
	block->alloc_api = (enum md_api)(record->apis & 15);
	block->alloc_stack = (md_stack_id){ record->alloc_stack };
	block->alloc_thread = (md_thread_id){ record->alloc_thread };
	block->alloc_time = record->alloc_time;
	block->free_api = freed ? (enum md_api)((record->apis >> 4) + MD_API_FIRST_FREE) : MD_API_NONE;
	block->free_stack = freed ? (md_stack_id){ record->free_stack } : MD_STACK_NONE;
	block->free_thread = freed ? (md_thread_id){ record->free_thread } : MD_THREAD_NONE;
	block->zone_kind = (enum md_zone_kind)zone->kind;
	block->zone_begin = zone->begin;
	block->zone_end = zone->begin + zone->bytes;
}

static bool is_held(const struct md_block_view *block)
{
	return block->valid && block->state != MD_BLOCK_FREE && block->state != MD_BLOCK_CACHED;
}

/* An address in the guard page between two blocks belongs to the nearer one, one that has left the quarantine only if there is no other. */
static void inspect_guarded(const struct md_heap *heap, const struct md_zone *zone, uint32_t slot, uintptr_t addr, struct md_block_view *block)
{
	struct md_block_view after = { 0 };

	md_inspect_slot(heap, zone, slot, block);
	if (addr < md_zone_slot_begin(zone, slot) + zone->slot_bytes - MD_PAGE_BYTES || slot + 1 >= zone->slot_count)
		return;
	md_inspect_slot(heap, zone, slot + 1, &after);
	if (!after.valid || (is_held(block) && !is_held(&after)))
		return;
	if (!block->valid || (!is_held(block) && is_held(&after)) || after.user - addr < addr - (block->user + block->size))
		*block = after;
}

void md_inspect_address(const struct md_heap *heap, uintptr_t addr, struct md_block_view *block)
{
	const struct md_zone *zone = md_page_map_zone(&heap->map, addr);

	memset(block, 0, sizeof *block);
	if (!zone)
		return;
	if (zone->kind == MD_ZONE_LARGE) {
		md_inspect_slot(heap, zone, 0, block);
		return;
	}
	if (addr < zone->first_slot) {
		md_inspect_slot(heap, zone, 0, block);
		return;
	}
	uint32_t slot = md_zone_slot_at(zone, addr);

	if (slot >= zone->slot_count)
		slot = zone->slot_count - 1;
	if (zone->kind == MD_ZONE_GUARDED) {
		inspect_guarded(heap, zone, slot, addr, block);
		return;
	}
	md_inspect_slot(heap, zone, slot, block);
	if (!block->valid && slot + 1 < zone->slot_count && addr >= md_zone_slot_begin(zone, slot + 1) - MD_REDZONE_BYTES)
		md_inspect_slot(heap, zone, slot + 1, block);
}

void md_inspect_neighbours(const struct md_heap *heap, const struct md_block_view *block, struct md_block_view *before,
	struct md_block_view *after)
{
	const struct md_zone *zone = block->valid ? md_page_map_zone(&heap->map, block->user) : NULL;

	memset(before, 0, sizeof *before);
	memset(after, 0, sizeof *after);
	if (!zone || zone->kind == MD_ZONE_LARGE)
		return;
	uint32_t slot = md_zone_slot_at(zone, block->user);

	if (slot > 0)
		md_inspect_slot(heap, zone, slot - 1, before);
	if (slot + 1 < zone->slot_count)
		md_inspect_slot(heap, zone, slot + 1, after);
}

/* Mark of one byte of a block, and what should stand there. */
static unsigned char mark_byte(const struct md_heap *heap, const struct md_block_view *block, uintptr_t addr, unsigned char found, unsigned char *expected)
{
	unsigned char mark;

	*expected = found;
	if (block->closed)
		return md_guard_is_kept(heap, addr) ? MD_MARK_FREED : MD_MARK_GUARD;
	if (addr >= block->user && addr < block->user + block->size) {
		if (block->state == MD_BLOCK_LIVE || block->state == MD_BLOCK_FREEING)
			return MD_MARK_USER;
		if (addr < block->user + md_filled_bytes(heap, block->size))
			*expected = heap->config.fill_free_byte;
		mark = block->state == MD_BLOCK_QUARANTINED ? MD_MARK_FREED : MD_MARK_FREE;
		if (mark == MD_MARK_FREE)
			*expected = found; /* nothing is promised about a slot that waits for its next owner */
	} else {
		*expected = md_pattern_byte(heap->secret, addr);
		mark = addr < block->user || addr >= block->redzone_rear ? MD_MARK_REDZONE : MD_MARK_SLACK;
		if (block->state == MD_BLOCK_FREE || block->state == MD_BLOCK_CACHED) {
			if (addr < block->end - MD_REDZONE_BYTES)
				*expected = found;
		} else if (block->flags & MD_BLOCK_DROPPED && addr > block->user) {
			*expected = found; /* its rear red zone went back with its pages */
		}
	}
	return *expected == found ? mark : mark | MD_MARK_DAMAGED;
}

void md_inspect_bytes(const struct md_heap *heap, uintptr_t addr, size_t bytes, const unsigned char *data, unsigned char *marks,
	unsigned char *expected)
{
	struct md_block_view block = { 0 };
	uintptr_t known_end = 0; /* block describes the bytes up to here */

	for (size_t i = 0; i < bytes; i++) {
		const struct md_zone *zone = md_page_map_zone(&heap->map, addr + i);

		if (addr + i >= known_end && zone) {
			md_inspect_address(heap, addr + i, &block);
			known_end = block.valid && block.end > addr + i ? block.end : addr + i + 1;
		}
		if (zone && block.valid && addr + i >= block.begin && addr + i < block.end) {
			marks[i] = mark_byte(heap, &block, addr + i, data[i], &expected[i]);
		} else {
			marks[i] = zone && zone->guards && md_guard_is_guard(heap, addr + i) ? MD_MARK_GUARD : zone ? MD_MARK_FREE : MD_MARK_OTHER;
			expected[i] = data[i];
		}
	}
}

const struct md_zone *md_inspect_zone_from(const struct md_heap *heap, uintptr_t addr)
{
	while ((addr = md_page_map_next(&heap->map, addr))) {
		const struct md_zone *zone = md_page_map_zone(&heap->map, addr);

		if (zone && zone->begin == addr)
			return zone;
		addr += MD_UNIT_BYTES;
	}
	return NULL;
}

static size_t size_now(const struct md_zone *zone, const struct md_record *record)
{
	return zone->kind == MD_ZONE_LARGE ? __atomic_load_n(&zone->large_size, __ATOMIC_RELAXED) : __atomic_load_n(&record->size, __ATOMIC_RELAXED);
}

void md_inspect_zone(const struct md_heap *heap, const struct md_zone *zone, struct md_zone_view *view)
{
	(void)heap;
	*view = (struct md_zone_view){
		.kind = (enum md_zone_kind)zone->kind,
		.begin = zone->begin,
		.end = zone->begin + zone->bytes,
		.slot_bytes = zone->kind == MD_ZONE_LARGE ? zone->bytes : zone->slot_bytes,
		.slot_count = zone->slot_count,
		.first_slot = zone->first_slot,
		.slots_untouched = zone->kind == MD_ZONE_LARGE ? 0 : zone->slot_count - zone->carved,
	};
	for (uint32_t i = 0; i < zone->slot_count; i++) {
		const struct md_record *record = &zone->records[i];

		switch (atomic_load_explicit(&record->state, memory_order_relaxed)) {
		case MD_BLOCK_LIVE:
		case MD_BLOCK_FREEING:
			view->live++;
			view->user_bytes += size_now(zone, record);
			break;
		case MD_BLOCK_QUARANTINED:
			view->quarantined++;
			break;
		case MD_BLOCK_CACHED:
			view->cached++;
			break;
		default:
			view->free++;
		}
	}
}

size_t md_inspect_slot_states(const struct md_zone *zone, uint32_t first, unsigned char *states, size_t states_max)
{
	size_t count = 0;

	for (uint32_t i = first; i < zone->slot_count && count < states_max; i++) {
		const struct md_record *record = &zone->records[i];

		states[count] = atomic_load_explicit(&record->state, memory_order_relaxed);
		if (record->flags & MD_BLOCK_DAMAGED)
			states[count] |= 0x80;
		count++;
	}
	return count;
}

bool md_inspect_next_run(const struct md_heap *heap, const struct md_zone *zone, uint32_t *slot, struct md_run_view *run)
{
	(void)heap;
	if (*slot >= zone->slot_count)
		return false;
	bool large = zone->kind == MD_ZONE_LARGE;

	*run = (struct md_run_view){ .begin = large ? zone->begin : md_zone_slot_begin(zone, *slot) };
	for (; *slot < zone->slot_count; ++*slot) {
		const struct md_record *record = &zone->records[*slot];
		uint8_t state = atomic_load_explicit(&record->state, memory_order_relaxed);
		bool damaged = __atomic_load_n(&record->flags, __ATOMIC_RELAXED) & MD_BLOCK_DAMAGED;

		if (!run->slots) {
			run->state = (enum md_block_state)state;
			run->damaged = damaged;
		} else if (state != run->state || damaged != run->damaged) {
			break;
		}
		if (state != MD_BLOCK_FREE && state != MD_BLOCK_CACHED)
			run->user_bytes += size_now(zone, record);
		run->slots++;
	}
	run->end = large ? zone->begin + zone->bytes : md_zone_slot_begin(zone, *slot);
	return true;
}

bool md_inspect_free_run_from(const struct md_heap *heap, uintptr_t addr, uintptr_t *begin, uintptr_t *end, bool *dirty)
{
	while ((addr = md_page_map_next(&heap->map, addr))) {
		const struct md_run *run = md_page_map_run(&heap->map, addr);

		if (run && run->begin == addr) {
			*begin = run->begin;
			*end = run->begin + run->bytes;
			*dirty = run->dirty;
			return true;
		}
		addr += MD_UNIT_BYTES;
	}
	return false;
}

void md_inspect_totals(const struct md_heap *heap, struct md_heap_totals *totals)
{
	uintptr_t from = 0, begin, end;
	bool dirty;

	memset(totals, 0, sizeof *totals);
	for (const struct md_zone *zone; (zone = md_inspect_zone_from(heap, from)); from = md_inspect_after(zone, from)) {
		struct md_zone_view view;

		md_inspect_zone(heap, zone, &view);
		totals->zones[zone->kind]++;
		totals->live_blocks += view.live;
		totals->live_bytes += view.user_bytes;
		totals->cached_slots += view.cached;
		totals->quarantined_blocks += view.quarantined;
		/* Of a guarded slot the last page, and of a closed one all, is address space only. */
		bool guarded = zone->kind == MD_ZONE_GUARDED;

		totals->quarantined_bytes += guarded ? 0 : view.quarantined * view.slot_bytes;
		totals->slot_overhead_bytes += view.live * (view.slot_bytes - (guarded ? MD_PAGE_BYTES : 0)) - view.user_bytes;
	}
	for (from = 0; md_inspect_free_run_from(heap, from, &begin, &end, &dirty); from = end) {
		totals->free_runs++;
		totals->free_run_bytes += end - begin;
		if (end - begin > totals->free_run_largest)
			totals->free_run_largest = end - begin;
	}
	totals->mapped_bytes = atomic_load(&heap->runs.mapped_bytes);
	totals->metadata_bytes = atomic_load(&heap->arena.mapped_bytes) + atomic_load(&heap->map.mapped_bytes);
}

void md_inspect_counters(const struct md_heap *heap, struct md_counters *counters)
{
	uint64_t freed = 0;

	memset(counters, 0, sizeof *counters);
	for (const struct md_thread *thread = atomic_load(&heap->threads); thread; thread = thread->next) {
		const struct md_thread_counters *own = &thread->counters;

		counters->allocations += own->allocations;
		counters->frees += own->frees;
		counters->reallocations += own->reallocations;
		counters->failed += own->failed;
		counters->allocated_bytes += own->allocated_bytes;
		freed += own->freed_bytes;
		counters->unwind_walks += own->unwind_walks;
		counters->unwind_slow += own->unwind_slow;
		counters->unwind_mismatches += own->unwind_mismatches;
	}
	counters->live_blocks = counters->allocations > counters->frees ? counters->allocations - counters->frees : 0;
	counters->live_bytes = counters->allocated_bytes > freed ? counters->allocated_bytes - freed : 0;
	counters->peak_bytes = atomic_load(&heap->runs.used_peak);
	counters->stacks = atomic_load(&heap->stacks->stack_count);
	counters->frames = atomic_load(&heap->stacks->frame_count) - 1;
	counters->modules = atomic_load(&heap->modules.count) - 1;
	counters->threads = heap->threads_created;
	counters->checks = atomic_load(&heap->checks);
	for (unsigned i = 0; i < MD_GUARD_REASONS; i++)
		counters->guarded[i] = atomic_load(&heap->guard.guarded[i]);
	counters->failed_on_purpose = atomic_load(&heap->failures.failed);
	counters->failed_last.value = atomic_load(&heap->failures.last);
	counters->guarded_now = atomic_load(&heap->guard.live);
	counters->guarded_now_bytes = atomic_load(&heap->guard.live_bytes);
	counters->guards_refused = atomic_load(&heap->guard.refused);
	counters->guard_bytes_short = atomic_load(&heap->guard.bytes_short);
	counters->guard_ranges_short = atomic_load(&heap->guard.ranges_short);
}

bool md_inspect_copy(struct md_heap *heap, uintptr_t begin, uintptr_t end, unsigned char *copy)
{
	md_runs_watch_begin(&heap->runs);
	const struct md_zone *zone = md_page_map_zone(&heap->map, begin);
	bool readable = begin < end && zone && zone == md_page_map_zone(&heap->map, end - 1);

	if (readable && zone->guards)
		md_guard_copy(heap, begin, end, copy);
	for (uintptr_t addr = begin; readable && !zone->guards && addr < end; addr++) /* not memcpy: its owner may write to it */
		*copy++ = __atomic_load_n((const unsigned char *)addr, __ATOMIC_RELAXED);
	md_runs_watch_end(&heap->runs);
	return readable;
}

/* Looks at a block in another thread's quarantine. It may leave that, be handed out and come back while we look, so only what is seen three times in a row
 * is believed; and it is not ours to repair. False when the list of findings was full. */
static bool check_freed_elsewhere(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, uint32_t slot, enum md_noticed noticed,
	const struct md_call *call)
{
	struct md_block_view block, again;
	struct md_damage damage, first_damage;

	for (int look = 0; look < 3; look++) {
		md_inspect_slot(heap, zone, slot, &again);
		if (!again.valid || again.state != MD_BLOCK_QUARANTINED)
			return true;
		damage = md_check_find_freed(heap, &again);
		if (!damage.byte_count || (look && (damage.first != first_damage.first || damage.end != first_damage.end || again.user != block.user ||
				again.size != block.size || again.alloc_time != block.alloc_time || again.free_thread.value != block.free_thread.value)))
			return true;
		block = again;
		first_damage = damage;
		for (volatile int pause = 0; pause < 500; pause++)
			;
	}
	md_inspect_slot(heap, zone, slot, &again);
	if (again.state != MD_BLOCK_QUARANTINED)
		return true;
	return md_check_add_freed(heap, thread, &block, damage, noticed, call);
}

/* Looks at one slot. False when the list of findings was full. */
static bool check_slot(struct md_heap *heap, struct md_thread *thread, const struct md_zone *zone, uint32_t slot, enum md_noticed noticed,
	const struct md_call *call)
{
	struct md_record *record = &zone->records[slot], copy = copy_record(record);
	uint8_t state = atomic_load_explicit(&copy.state, memory_order_relaxed);
	bool intact;

	if (state != MD_BLOCK_LIVE && state != MD_BLOCK_QUARANTINED)
		return true;
	struct md_extent extent = extent_now(zone, slot, &copy);

	/* Nobody can have written to a closed block. */
	if (state == MD_BLOCK_QUARANTINED && md_guard_is_closed(zone, record))
		return true;
	/* The zone may have been given up, and its struct have become another's, since it was found. */
	if (!is_sound(&extent) || md_page_map_zone(&heap->map, extent.begin) != zone || md_page_map_zone(&heap->map, extent.end - 1) != zone)
		return true;
	if (state == MD_BLOCK_LIVE) {
		intact = md_redzones_intact(heap->secret, &extent);
	} else {
		intact = md_fill_intact(heap->config.fill_free_byte, extent.user, extent.user + md_filled_bytes(heap, extent.size)) &&
			((copy.flags & MD_BLOCK_DROPPED) || md_pattern_intact(heap->secret, extent.user + extent.size, extent.end));
	}
	if (intact)
		return true;
	/* Perhaps only because its owner freed or resized it meanwhile: what follows looks again, with the block held. */
	if (state == MD_BLOCK_LIVE)
		return md_check_live(heap, thread, zone, record, noticed, call);
	if (copy.free_thread == thread->id.value)
		return md_check_freed(heap, thread, zone, record, noticed, call);
	return check_freed_elsewhere(heap, thread, zone, slot, noticed, call);
}

/* Slots that were ever handed out; reading the records of the others would only make the system find pages for them. */
static uint32_t slots_begun(const struct md_zone *zone)
{
	return zone->kind == MD_ZONE_LARGE ? zone->slot_count : __atomic_load_n(&zone->carved, __ATOMIC_RELAXED);
}

/* Where the slots of a zone are, at one moment. */
struct place {
	uintptr_t first_slot;
	uint32_t slot_bytes;
	bool plain; /* tiny or small, and still there: it then stays mapped while we watch, whatever becomes of it */
};

static struct place place_of(const struct md_heap *heap, const struct md_zone *zone)
{
	uintptr_t begin = zone->begin, end = begin + zone->bytes;
	struct place place = { zone->first_slot, zone->slot_bytes, zone->kind < MD_ZONE_LARGE };
	uintptr_t slots_end = place.first_slot + (uintptr_t)zone->slot_count * place.slot_bytes;

	place.plain = place.plain && place.first_slot >= begin + MD_REDZONE_BYTES && slots_end <= end && slots_end > place.first_slot &&
		md_page_map_zone(&heap->map, begin) == zone && md_page_map_zone(&heap->map, end - 1) == zone;
	return place;
}

/* A quick look at a slot of a plain zone, which nearly always is as it should be. Its owner may change it meanwhile: then this may say anything, and a block
 * that has just been changed has been checked by who did it. */
static bool looks_intact(const struct md_heap *heap, const struct md_zone *zone, const struct place *place, uint32_t slot)
{
	const struct md_record *record = &zone->records[slot];
	uint8_t state = atomic_load_explicit(&record->state, memory_order_acquire);

	if (state != MD_BLOCK_LIVE && state != MD_BLOCK_QUARANTINED)
		return true;
	uintptr_t begin = place->first_slot + (uintptr_t)slot * place->slot_bytes, end = begin + place->slot_bytes;
	uintptr_t user = begin + 16u * (uintptr_t)__atomic_load_n(&record->user_offset16, __ATOMIC_RELAXED);
	size_t size = __atomic_load_n(&record->size, __ATOMIC_RELAXED);

	if (user > end || size > end - user)
		return false;
	if (state == MD_BLOCK_LIVE)
		return md_pattern_intact(heap->secret, begin - MD_REDZONE_BYTES, user) && md_pattern_intact(heap->secret, user + size, end);
	return md_fill_intact(heap->config.fill_free_byte, user, user + md_filled_bytes(heap, size)) &&
		((__atomic_load_n(&record->flags, __ATOMIC_RELAXED) & MD_BLOCK_DROPPED) || md_pattern_intact(heap->secret, user + size, end));
}

bool md_check_heap(struct md_heap *heap, struct md_thread *thread, struct md_check_cursor *cursor, enum md_noticed noticed,
	const struct md_call *call)
{
	bool more = false;

	md_runs_watch_begin(&heap->runs);
	for (const struct md_zone *zone; !more && (zone = md_inspect_zone_from(heap, cursor->zone_from));) {
		struct place place = place_of(heap, zone);

		for (uint32_t slots = slots_begun(zone); cursor->slot < slots && !more;) {
			more = !(place.plain && looks_intact(heap, zone, &place, cursor->slot)) &&
				!check_slot(heap, thread, zone, cursor->slot, noticed, call);
			if (!more)
				cursor->slot++, cursor->blocks++;
		}
		if (!more) {
			cursor->zone_from = md_inspect_after(zone, cursor->zone_from);
			cursor->slot = 0;
		}
	}
	md_runs_watch_end(&heap->runs);
	if (!more)
		atomic_fetch_add_explicit(&heap->checks, 1, memory_order_relaxed);
	return more;
}

bool md_check_block(struct md_heap *heap, struct md_thread *thread, uintptr_t addr, enum md_noticed noticed, const struct md_call *call)
{
	const struct md_zone *zone = md_page_map_zone(&heap->map, addr);
	struct md_block_view block;

	md_inspect_address(heap, addr, &block);
	if (!zone || !block.valid)
		return false;
	md_runs_watch_begin(&heap->runs);
	check_slot(heap, thread, zone, zone->kind == MD_ZONE_LARGE ? 0 : md_zone_slot_at(zone, block.user), noticed, call);
	md_runs_watch_end(&heap->runs);
	return true;
}
