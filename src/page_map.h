/* SPDX-License-Identifier: MIT
 *
 * Page map: what lies at an address, for any address, in two loads.
 *
 * Our memory is handed out in units of 64 KiB, aligned to their size. The map has an entry for each unit that we ever mapped: the zone
 * there, or the free run (see runs.h). The first level covers the 47 bits of addresses that a kernel gives without being asked for more
 * (x86-64 with 4 or 5 levels, aarch64 with 48 or 52 bits: larger ones are only given for a hint, and we give none), so everything above is
 * nobody's of ours.
 *
 * Locking   Entries are written under MD_LOCK_RUNS or by the owner of the range, and read without lock; what an entry points to stays
 *           readable for ever (arena.h), so a reader can at worst see what was true a moment ago.
 */
#ifndef MD_PAGE_MAP_H
#define MD_PAGE_MAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MD_UNIT_SHIFT 16
#define MD_UNIT_BYTES ((size_t)1 << MD_UNIT_SHIFT)
#define MD_ADDRESS_BITS 47
#define MD_LEAF_BITS 16
#define MD_ROOT_BITS (MD_ADDRESS_BITS - MD_UNIT_SHIFT - MD_LEAF_BITS)

struct md_zone;
struct md_run;

struct md_page_map_leaf {
	_Atomic uintptr_t entries[1u << MD_LEAF_BITS]; /* zone, run with its low bit set, or 0 */
};

struct md_page_map {
	_Atomic(struct md_page_map_leaf *) root[1u << MD_ROOT_BITS];
	_Atomic uintptr_t low, high; /* around all that was ever reserved, so that a walk over the heap leaves the rest of the map alone */
	_Atomic size_t mapped_bytes; /* of leaves */
};

/* Makes sure that entries for the range exist. False when the system refuses the memory. Under MD_LOCK_RUNS. */
bool md_page_map_reserve(struct md_page_map *map, uintptr_t begin, size_t bytes);

/* Sets every entry of a reserved range. value: zone, run + 1, or 0. */
void md_page_map_set(struct md_page_map *map, uintptr_t begin, size_t bytes, uintptr_t value);

/* First address at or after addr whose unit has an entry that is not 0, or 0 when there is none. For walks over the whole heap. */
uintptr_t md_page_map_next(const struct md_page_map *map, uintptr_t addr);

/* The entry for an address of which no bit beyond MD_ADDRESS_BITS is set. */
static inline uintptr_t md_page_map_entry(const struct md_page_map *map, uintptr_t addr)
{
	const struct md_page_map_leaf *leaf =
		atomic_load_explicit(&map->root[addr >> (MD_UNIT_SHIFT + MD_LEAF_BITS)], memory_order_acquire);

	if (__builtin_expect(!leaf, 0))
		return 0;
	return atomic_load_explicit(&leaf->entries[addr >> MD_UNIT_SHIFT & ((1u << MD_LEAF_BITS) - 1)], memory_order_acquire);
}

static inline uintptr_t md_page_map_get(const struct md_page_map *map, uintptr_t addr)
{
	return __builtin_expect(addr >> MD_ADDRESS_BITS != 0, 0) ? 0 : md_page_map_entry(map, addr);
}

/* The same, sooner for what lies outside of all that was ever reserved, such as stacks and programs. */
static inline __attribute__((always_inline)) uintptr_t md_page_map_get_inside(const struct md_page_map *map, uintptr_t addr)
{
	if (addr < atomic_load_explicit(&map->low, memory_order_relaxed) || addr >= atomic_load_explicit(&map->high, memory_order_relaxed))
		return 0;
	return md_page_map_entry(map, addr);
}

/* The zone at addr, or NULL. */
static inline struct md_zone *md_page_map_zone(const struct md_page_map *map, uintptr_t addr)
{
	uintptr_t entry = md_page_map_get(map, addr);

	return __builtin_expect(entry & 1, 0) ? NULL : (struct md_zone *)entry;
}

/* The free run at addr (only its first and last unit are marked), or NULL. */
static inline struct md_run *md_page_map_run(const struct md_page_map *map, uintptr_t addr)
{
	uintptr_t entry = md_page_map_get(map, addr);

	return entry & 1 ? (struct md_run *)(entry - 1) : NULL;
}

#endif
