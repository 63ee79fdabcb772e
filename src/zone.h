/* SPDX-License-Identifier: MIT
 *
 * Zones: page-aligned ranges that hold blocks. A tiny, small or guarded zone has equal slots of one size class; a large zone has a single
 * block. Guarded zones (guard.h) are inaccessible but for the data pages of slots that were handed out.
 *
 * A zone's slots are handed out in batches to the threads' caches, lowest address first, never-used ones last; a zone whose slots are all
 * back becomes a free run again (runs.h), where it merges with its neighbours and serves any other class.
 *
 * Invariants   free_count is the number of bits set in free_bits plus the slots from carved on. A slot from carved on was never touched:
 *              its bytes and its record read as zero.
 * Locking      The lock of its class for free_bits, free_count, carved and the links; see block.h for the records. `begin` to `records` do
 *              not change while the zone is in the page map, and the struct itself stays readable for ever.
 */
#ifndef MD_ZONE_H
#define MD_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/block.h"
#include "src/layout.h"
#include "src/lock.h"
#include "src/runs.h"

struct md_arena;

/* Whether the pages of a slot, or of a large block, may be touched. Changed by exchange: see guard.h. */
enum md_guard_door {
	MD_DOOR_OPEN,    /* accessible: zero, so that zones without guards need no writing */
	MD_DOOR_SHUT,    /* inaccessible                                                   */
	MD_DOOR_OPENING, /* on its way from one to the other: nobody else touches it         */
	MD_DOOR_OPENED   /* accessible for a fault handler: bytes that were freed, in what state ever */
};

/* What guarded zones, and large ones, have for each slot besides its record. */
struct md_guard_slot {
	_Atomic uint8_t door;        /* enum md_guard_door */
	_Atomic uint8_t front, rear; /* the guard page before it (of slot 0 only), behind it: MD_DOOR_SHUT while it is one, MD_DOOR_OPENED after a fault */
	uint8_t counted;             /* the block in it is one of those that guard.h counts as live */
};

struct md_guard_kept {
	unsigned char first[MD_KEPT_BYTES], last[MD_KEPT_BYTES]; /* of a closed block; only the first where it is shorter */
};

struct md_zone {
	uintptr_t begin;
	size_t bytes;
	uintptr_t first_slot; /* begin and the front red zone */
	uint32_t slot_bytes;
	uint32_t slot_count;
	uint32_t slot_reciprocal; /* ceil(2^32 / (slot_bytes / 16)) */
	uint8_t kind;             /* enum md_zone_kind */
	uint8_t class_index;
	uint16_t front_bytes; /* red zone before the first slot */
	struct md_record *records;

	/* Large zones only: the block's record and what does not fit there. A pointer that was freed before may be looked up while they
	 * change. */
	struct md_record large_record;
	size_t large_size;
	uintptr_t large_user, large_begin, large_end; /* red zones included */

	/* Tiny and small zones only */
	uint32_t carved; /* slots from here on were never handed out */
	uint32_t free_count;
	uint32_t free_words;
	uint32_t free_hint; /* no bit is set in words before this one */
	uint64_t *free_bits;
	struct md_zone *next, *previous; /* in its class's list of zones with free slots */
	bool listed;

	struct md_guard_slot *guards; /* guarded and large zones only; in their order of slots */
	struct md_guard_kept *kept;   /* the same */

	unsigned char *marks; /* of its slots, while a leak check runs (leak.h); else NULL */
};

/* A slot on its way between zones, caches and the program. */
struct md_slot {
	uintptr_t begin;
	struct md_record *record;
};

/* The zones of one size class. */
struct md_class {
	struct md_lock lock;
	struct md_zone *partial; /* zones with free slots */
	struct md_zone *shells[2]; /* structs and records of zones that went back, for reuse: before and after zones grew */
	uint32_t zone_count;
	uint32_t class_index;
};

struct md_zones {
	struct md_class classes[MD_CLASSES_ALL];
	struct md_lock large_lock;
	struct md_zone *large_shells;
	_Atomic uint64_t large_count;
	struct md_runs *runs;
	struct md_arena *arena;
	uint64_t secret;
	size_t redzone; /* least bytes, a multiple of 16 */
	_Atomic size_t guarded_bytes; /* address space of guarded zones */
};

void md_zones_init(struct md_zones *zones, struct md_runs *runs, struct md_arena *arena, uint64_t secret, size_t redzone);

/* Fills slots with up to count free slots of a class, lowest addresses first; their red zones are painted, their records MD_BLOCK_CACHED.
 * Returns how many; 0 when the system has no memory. */
unsigned md_zones_take_slots(struct md_zones *zones, unsigned class_index, struct md_slot *slots, unsigned count);

/* Gives free slots of one class back. keep_zones: empty zones stay zones. */
void md_zones_give_slots(struct md_zones *zones, unsigned class_index, const struct md_slot *slots, unsigned count, bool keep_zones);

/* Gives back zones of which all slots are free. */
void md_zones_release_empty(struct md_zones *zones);

/* A zone for one large block, mapped in the page map, its record not yet live; NULL when the system has no memory. The caller paints. */
struct md_zone *md_zones_take_large(struct md_zones *zones, const struct md_large_layout *layout, size_t alignment, bool *fresh);

/* Gives a large zone back. moved: its pages are gone already (md_runs_move), and nothing of it is inaccessible. */
void md_zones_give_large(struct md_zones *zones, struct md_zone *zone, bool moved);

/* Index of the slot that contains addr, which lies in the zone at or after first_slot. May be slot_count: the remainder at the end. */
static inline uint32_t md_zone_slot_at(const struct md_zone *zone, uintptr_t addr)
{
	/* Exact while offset times slot size, both in units of 16 bytes, stays below 2^32: zones of at most 2^20 bytes, slots below 2^16. */
	return (uint32_t)((uint64_t)((addr - zone->first_slot) >> 4) * zone->slot_reciprocal >> 32);
}

static inline uintptr_t md_zone_slot_begin(const struct md_zone *zone, uint32_t slot)
{
	return zone->first_slot + (uintptr_t)slot * zone->slot_bytes;
}

#endif
