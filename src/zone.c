/* SPDX-License-Identifier: MIT */
#include "src/zone.h"

#include <string.h>

#include "src/arena.h"
#include "src/os.h"
#include "src/pattern.h"

_Static_assert(MD_SLOT_BYTES_MAX / 16 * 16 == MD_SLOT_BYTES_MAX && 16 * MD_UNIT_BYTES <= 1u << 20, "see md_zone_slot_at");
_Static_assert((MD_GUARDED_PAGES_MAX + 1) * MD_PAGE_BYTES < 1u << 16, "see md_zone_slot_at");

void md_zones_init(struct md_zones *zones, struct md_runs *runs, struct md_arena *arena, uint64_t secret, size_t redzone)
{
	memset(zones, 0, sizeof *zones);
	zones->runs = runs;
	zones->arena = arena;
	zones->secret = secret;
	zones->redzone = redzone;
	md_lock_init(&zones->large_lock, MD_LOCK_CLASS);
	for (unsigned i = 0; i < MD_CLASSES_ALL; i++) {
		md_lock_init(&zones->classes[i].lock, MD_LOCK_CLASS);
		zones->classes[i].class_index = i;
	}
}

static void list_put(struct md_class *class, struct md_zone *zone)
{
	zone->previous = NULL;
	zone->next = class->partial;
	if (zone->next)
		zone->next->previous = zone;
	class->partial = zone;
	zone->listed = true;
}

static void list_remove(struct md_class *class, struct md_zone *zone)
{
	if (zone->previous)
		zone->previous->next = zone->next;
	else
		class->partial = zone->next;
	if (zone->next)
		zone->next->previous = zone->previous;
	zone->listed = false;
}

/* Struct, bit set and records of a zone of that many units: one that went back earlier, or new ones. All zero where it matters. */
static struct md_zone *shell_take(struct md_zones *zones, struct md_class *class, size_t bytes, unsigned tier)
{
	struct md_zone *zone = class->shells[tier];

	if (zone) {
		class->shells[tier] = zone->next;
		return zone;
	}
	bool guarded = class->class_index >= MD_CLASS_COUNT;
	size_t slot = md_class_slot_bytes(class->class_index), front = guarded ? MD_PAGE_BYTES : zones->redzone;
	uint32_t count = (uint32_t)((bytes - front) / slot), words = (count + 63) / 64;
	size_t bits_at = (sizeof *zone + 7) & ~(size_t)7, records_at = bits_at + words * sizeof(uint64_t);
	size_t guards_at = records_at + count * sizeof(struct md_record), kept_at = guards_at + count * sizeof(struct md_guard_slot);

	zone = md_arena_take(zones->arena, guarded ? kept_at + count * sizeof(struct md_guard_kept) : guards_at, 64);
	if (!zone)
		return NULL;
	zone->slot_bytes = (uint32_t)slot;
	zone->slot_count = count;
	zone->slot_reciprocal = (uint32_t)((((uint64_t)1 << 32) + slot / 16 - 1) / (slot / 16));
	zone->kind = guarded ? MD_ZONE_GUARDED : slot <= MD_SLOT_BYTES_TINY ? MD_ZONE_TINY : MD_ZONE_SMALL;
	zone->class_index = (uint8_t)class->class_index;
	zone->front_bytes = (uint16_t)front;
	zone->free_words = words;
	zone->free_bits = (uint64_t *)((char *)zone + bits_at);
	zone->records = (struct md_record *)((char *)zone + records_at);
	if (guarded) {
		zone->guards = (struct md_guard_slot *)((char *)zone + guards_at);
		zone->kept = (struct md_guard_kept *)((char *)zone + kept_at);
	}
	return zone;
}

/* All of a new guarded zone becomes inaccessible. Refused: the zone is not made. Where the process may not have much address space, guarded
 * zones take no more than a quarter of it. */
static bool shut_zone(struct md_zones *zones, uintptr_t begin, size_t bytes)
{
	if (atomic_load_explicit(&zones->guarded_bytes, memory_order_relaxed) + bytes > md_os_address_space() / 4)
		return false;
	if (!md_runs_shut(zones->runs, begin, bytes))
		return false;
	atomic_fetch_add_explicit(&zones->guarded_bytes, bytes, memory_order_relaxed);
	return true;
}

static void shut_slots(struct md_zone *zone)
{
	for (uint32_t i = 0; i < zone->slot_count; i++) {
		atomic_store_explicit(&zone->guards[i].door, MD_DOOR_SHUT, memory_order_relaxed);
		atomic_store_explicit(&zone->guards[i].rear, MD_DOOR_SHUT, memory_order_relaxed);
	}
	atomic_store_explicit(&zone->guards[0].front, MD_DOOR_SHUT, memory_order_relaxed);
}

/* Makes all of a guarded zone accessible, so that its range can serve others. No fault handler can open its slots from then on. False, and
 * all as before, if one is at it, or the system refuses. *dirty: whether something may be stored there. */
static bool open_zone(struct md_zones *zones, struct md_zone *zone, bool *dirty)
{
	uint32_t locked = 0;

	*dirty = false;
	for (; locked < zone->slot_count; locked++) {
		uint8_t shut = MD_DOOR_SHUT;

		if (atomic_compare_exchange_strong(&zone->guards[locked].door, &shut, MD_DOOR_OPENING))
			continue;
		*dirty = true;
		if (shut == MD_DOOR_OPENING)
			break;
		atomic_store(&zone->guards[locked].door, MD_DOOR_OPENED);
	}
	if (locked == zone->slot_count && md_os_guard_remove((void *)zone->begin, zone->bytes)) {
		memset(zone->guards, 0, zone->slot_count * sizeof *zone->guards);
		atomic_fetch_sub_explicit(&zones->guarded_bytes, zone->bytes, memory_order_relaxed);
		return true;
	}
	while (locked--) {
		uint8_t opening = MD_DOOR_OPENING;

		atomic_compare_exchange_strong(&zone->guards[locked].door, &opening, MD_DOOR_SHUT);
	}
	return false;
}

#define POPULATED_FROM 2 /* zones: a class that has so many will fill the next one, too */

static struct md_zone *create_zone(struct md_zones *zones, struct md_class *class)
{
	unsigned units = md_layout_zone_units(class->class_index, class->zone_count);
	unsigned tier = units != md_layout_zone_units(class->class_index, 0);
	size_t bytes = units * MD_UNIT_BYTES;
	bool fresh;
	uintptr_t begin = md_runs_take(zones->runs, bytes, MD_UNIT_BYTES, &fresh);

	if (!begin)
		return NULL;
	bool guarded = class->class_index >= MD_CLASS_COUNT, shut = guarded && shut_zone(zones, begin, bytes);
	struct md_zone *zone = guarded && !shut ? NULL : shell_take(zones, class, bytes, tier);

	if (!zone) {
		if (shut) {
			if (!md_os_guard_remove((void *)begin, bytes)) {
				md_runs_forget(zones->runs, begin, bytes);
				return NULL;
			}
			atomic_fetch_sub_explicit(&zones->guarded_bytes, bytes, memory_order_relaxed);
		}
		md_runs_give(zones->runs, begin, bytes, !fresh);
		return NULL;
	}
	zone->begin = begin;
	zone->bytes = bytes;
	zone->first_slot = begin + zone->front_bytes;
	zone->free_count = zone->slot_count;
	zone->carved = 0;
	zone->free_hint = 0;
	if (guarded)
		shut_slots(zone);
	else if (!fresh) /* the records of fresh memory say nothing; those of used memory must say so, or calloc would trust its bytes */
		for (uint32_t i = 0; i < zone->slot_count; i++)
			zone->records[i].flags = MD_BLOCK_USED;
	if (fresh && !guarded && class->zone_count >= POPULATED_FROM) {
		uintptr_t records = ((uintptr_t)zone->records + MD_PAGE_BYTES - 1) & ~(uintptr_t)(MD_PAGE_BYTES - 1);
		uintptr_t records_end = (uintptr_t)(zone->records + zone->slot_count) & ~(uintptr_t)(MD_PAGE_BYTES - 1);

		md_os_populate((void *)begin, bytes);
		if (records < records_end)
			md_os_populate((void *)records, records_end - records);
	}
	if (!guarded)
		md_pattern_paint(zones->secret, begin, zone->first_slot);
	md_page_map_set(zones->runs->map, begin, bytes, (uintptr_t)zone);
	class->zone_count++;
	list_put(class, zone);
	return zone;
}

/* All slots are free: the range becomes a free run, the struct waits for the next zone of this class and size. */
static void destroy_zone(struct md_zones *zones, struct md_class *class, struct md_zone *zone)
{
	unsigned tier = zone->bytes != md_layout_zone_units(class->class_index, 0) * MD_UNIT_BYTES;
	bool dirty = zone->carved != 0;

	if (zone->kind == MD_ZONE_GUARDED && !open_zone(zones, zone, &dirty))
		return;
	if (zone->listed)
		list_remove(class, zone);
	class->zone_count--;
	md_page_map_set(zones->runs->map, zone->begin, zone->bytes, 0);
	md_runs_give(zones->runs, zone->begin, zone->bytes, dirty);
	memset(zone->records, 0, zone->slot_count * sizeof *zone->records);
	memset(zone->free_bits, 0, zone->free_words * sizeof *zone->free_bits);
	zone->next = class->shells[tier];
	class->shells[tier] = zone;
}

/* Slots that were used before, lowest first. */
static unsigned take_returned(struct md_zone *zone, struct md_slot *slots, unsigned count)
{
	unsigned taken = 0;
	uint32_t word = zone->free_hint;

	for (; word < zone->free_words && taken < count; word++) {
		while (zone->free_bits[word] && taken < count) {
			uint32_t slot = word * 64 + (uint32_t)__builtin_ctzll(zone->free_bits[word]);

			zone->free_bits[word] &= zone->free_bits[word] - 1;
			slots[taken].begin = md_zone_slot_begin(zone, slot);
			slots[taken].record = &zone->records[slot];
			taken++;
		}
		if (zone->free_bits[word])
			break;
	}
	zone->free_hint = word;
	return taken;
}

static unsigned carve(struct md_zones *zones, struct md_zone *zone, struct md_slot *slots, unsigned count)
{
	unsigned taken = 0;

	while (taken < count && zone->carved < zone->slot_count) {
		uintptr_t begin = md_zone_slot_begin(zone, zone->carved), end = begin + zone->slot_bytes;

		if (zone->kind != MD_ZONE_GUARDED)
			md_pattern_paint(zones->secret, end - MD_REDZONE_BYTES, end);
		slots[taken].begin = begin;
		slots[taken].record = &zone->records[zone->carved++];
		taken++;
	}
	return taken;
}

unsigned md_zones_take_slots(struct md_zones *zones, unsigned class_index, struct md_slot *slots, unsigned count)
{
	struct md_class *class = &zones->classes[class_index];
	unsigned taken = 0;

	md_lock_take(&class->lock);
	while (taken < count) {
		struct md_zone *zone = class->partial;

		if (!zone && (taken || !(zone = create_zone(zones, class))))
			break; /* some are better than a new zone now */
		unsigned got = take_returned(zone, slots + taken, count - taken);

		got += carve(zones, zone, slots + taken + got, count - taken - got);
		zone->free_count -= got;
		taken += got;
		if (!zone->free_count)
			list_remove(class, zone);
	}
	for (unsigned i = 0; i < taken; i++)
		atomic_store_explicit(&slots[i].record->state, MD_BLOCK_CACHED, memory_order_relaxed);
	md_lock_release(&class->lock);
	return taken;
}

void md_zones_give_slots(struct md_zones *zones, unsigned class_index, const struct md_slot *slots, unsigned count, bool keep_zones)
{
	struct md_class *class = &zones->classes[class_index];

	md_lock_take(&class->lock);
	for (unsigned i = 0; i < count; i++) {
		struct md_zone *zone = md_page_map_zone(zones->runs->map, slots[i].begin);
		uint32_t slot = (uint32_t)(slots[i].record - zone->records);

		atomic_store_explicit(&slots[i].record->state, MD_BLOCK_FREE, memory_order_relaxed);
		zone->free_bits[slot / 64] |= 1ull << slot % 64;
		if (slot / 64 < zone->free_hint)
			zone->free_hint = slot / 64;
		zone->free_count++;
		if (!zone->listed)
			list_put(class, zone);
		/* One empty zone stays, or a program that sits on the edge would map and unmap with every call. */
		if (zone->free_count == zone->slot_count && !keep_zones && (class->partial != zone || zone->next))
			destroy_zone(zones, class, zone);
	}
	md_lock_release(&class->lock);
}

void md_zones_release_empty(struct md_zones *zones)
{
	for (unsigned i = 0; i < MD_CLASSES_ALL; i++) {
		struct md_class *class = &zones->classes[i];

		md_lock_take(&class->lock);
		for (struct md_zone *zone = class->partial, *next; zone; zone = next) {
			next = zone->next;
			if (zone->free_count == zone->slot_count)
				destroy_zone(zones, class, zone);
		}
		md_lock_release(&class->lock);
	}
}

struct md_zone *md_zones_take_large(struct md_zones *zones, const struct md_large_layout *layout, size_t alignment, bool *fresh)
{
	size_t run_alignment = alignment > MD_UNIT_BYTES ? alignment : MD_UNIT_BYTES;
	/* Beyond a unit the user bytes, not the zone, must be aligned: the zone then begins one unit before an aligned address. */
	size_t lead = alignment > MD_UNIT_BYTES ? alignment - layout->user : 0;
	uintptr_t begin = md_runs_take(zones->runs, layout->zone_bytes + lead, run_alignment, fresh);

	if (!begin)
		return NULL;
	if (lead) { /* what lies before the unit with the red zone is not needed */
		md_runs_give(zones->runs, begin, lead, !*fresh);
		begin += lead;
	}
	md_lock_take(&zones->large_lock);
	struct md_zone *zone = zones->large_shells;

	if (zone)
		zones->large_shells = zone->next;
	md_lock_release(&zones->large_lock);
	if (!zone) {
		zone = md_arena_take(zones->arena, sizeof *zone + sizeof *zone->kept + sizeof *zone->guards, 64);
		if (!zone) {
			md_runs_give(zones->runs, begin, layout->zone_bytes, !*fresh);
			return NULL;
		}
		zone->kind = MD_ZONE_LARGE; /* for ever: whoever still looks at the struct's last use relies on it */
		zone->slot_count = 1;
		zone->records = &zone->large_record;
		zone->guards = (struct md_guard_slot *)(zone + 1);
		zone->kept = (struct md_guard_kept *)(zone->guards + 1);
	}
	zone->begin = begin;
	zone->bytes = layout->zone_bytes;
	zone->first_slot = begin;
	zone->large_size = 0;
	zone->large_begin = begin + layout->front;
	__atomic_store_n(&zone->large_user, begin + layout->user, __ATOMIC_RELAXED); /* pairs with find_exact in heap.c */
	zone->large_end = begin + layout->end;
	zone->marks = NULL;
	zone->large_record = (struct md_record){ 0 };
	atomic_store_explicit(&zone->large_record.state, MD_BLOCK_CACHED, memory_order_relaxed);
	atomic_fetch_add_explicit(&zones->large_count, 1, memory_order_relaxed);
	md_page_map_set(zones->runs->map, begin, zone->bytes, (uintptr_t)zone);
	return zone;
}

/* Makes all of a large zone accessible. False if the system refuses, or a fault handler does not get done with it. */
static bool open_large(struct md_zone *zone)
{
	struct md_guard_slot *guard = zone->guards;
	uint8_t door = MD_DOOR_SHUT;

	for (uint32_t spins = 0; !atomic_compare_exchange_strong(&guard->door, &door, MD_DOOR_OPENING) && door == MD_DOOR_OPENING; door = MD_DOOR_SHUT)
		if (++spins == 1u << 24) /* a copy of 4 KiB; forever only in the child of a fork */
			return false;
	bool front = atomic_exchange(&guard->front, 0) == MD_DOOR_SHUT, rear = atomic_exchange(&guard->rear, 0) == MD_DOOR_SHUT;

	if (door == MD_DOOR_SHUT) {
		bool open = md_os_guard_remove((void *)zone->begin, zone->bytes);

		atomic_store(&guard->door, open ? MD_DOOR_OPEN : MD_DOOR_OPENING); /* if not, the range is given up */
		return open;
	}
	atomic_store(&guard->door, MD_DOOR_OPEN);
	if (front && !md_os_guard_remove((void *)zone->begin, MD_PAGE_BYTES))
		return false;
	return !rear || md_os_guard_remove((void *)zone->large_end, MD_PAGE_BYTES);
}

void md_zones_give_large(struct md_zones *zones, struct md_zone *zone, bool moved)
{
	bool dropped = zone->large_record.flags & MD_BLOCK_DROPPED;

	atomic_store_explicit(&zone->large_record.state, MD_BLOCK_FREE, memory_order_release);
	if (!moved && !open_large(zone)) {
		md_page_map_set(zones->runs->map, zone->begin, zone->bytes, 0);
		md_runs_forget(zones->runs, zone->begin, zone->bytes);
	} else if (!moved) {
		if (dropped) /* the filled pages are left, and what an earlier zone wrote behind our end: gone too, the whole range is fresh */
			dropped = md_os_drop((void *)zone->begin, zone->bytes);
		md_page_map_set(zones->runs->map, zone->begin, zone->bytes, 0);
		md_runs_give(zones->runs, zone->begin, zone->bytes, !dropped);
	}
	atomic_fetch_sub_explicit(&zones->large_count, 1, memory_order_relaxed);
	md_lock_take(&zones->large_lock);
	zone->next = zones->large_shells;
	zones->large_shells = zone;
	md_lock_release(&zones->large_lock);
}
