/* SPDX-License-Identifier: MIT */
#include "src/page_map.h"

#include "src/os.h"

#define LEAF_SPAN ((uintptr_t)1 << (MD_UNIT_SHIFT + MD_LEAF_BITS))

bool md_page_map_reserve(struct md_page_map *map, uintptr_t begin, size_t bytes)
{
	if ((begin + bytes - 1) >> MD_ADDRESS_BITS)
		return false;
	for (uintptr_t root = begin / LEAF_SPAN; root <= (begin + bytes - 1) / LEAF_SPAN; root++) {
		if (atomic_load_explicit(&map->root[root], memory_order_relaxed))
			continue;
		struct md_page_map_leaf *leaf = md_os_map(0, sizeof *leaf);

		if (!leaf)
			return false;
		atomic_fetch_add_explicit(&map->mapped_bytes, sizeof *leaf, memory_order_relaxed);
		atomic_store_explicit(&map->root[root], leaf, memory_order_release);
	}
	uintptr_t high = atomic_load_explicit(&map->high, memory_order_relaxed);

	if (!high || begin < atomic_load_explicit(&map->low, memory_order_relaxed))
		atomic_store_explicit(&map->low, begin, memory_order_relaxed);
	if (begin + bytes > high)
		atomic_store_explicit(&map->high, begin + bytes, memory_order_release);
	return true;
}

void md_page_map_set(struct md_page_map *map, uintptr_t begin, size_t bytes, uintptr_t value)
{
	for (uintptr_t addr = begin; addr < begin + bytes; addr += MD_UNIT_BYTES) {
		struct md_page_map_leaf *leaf = atomic_load_explicit(&map->root[addr / LEAF_SPAN], memory_order_relaxed);

		atomic_store_explicit(&leaf->entries[addr >> MD_UNIT_SHIFT & ((1u << MD_LEAF_BITS) - 1)], value, memory_order_release);
	}
}

uintptr_t md_page_map_next(const struct md_page_map *map, uintptr_t addr)
{
	uintptr_t high = atomic_load_explicit(&map->high, memory_order_acquire), low = atomic_load_explicit(&map->low, memory_order_relaxed);

	addr = addr < low ? low : addr & ~(uintptr_t)(MD_UNIT_BYTES - 1);
	while (addr < high) {
		const struct md_page_map_leaf *leaf = atomic_load_explicit(&map->root[addr / LEAF_SPAN], memory_order_acquire);

		if (!leaf) {
			addr = (addr / LEAF_SPAN + 1) * LEAF_SPAN;
			continue;
		}
		if (atomic_load_explicit(&leaf->entries[addr >> MD_UNIT_SHIFT & ((1u << MD_LEAF_BITS) - 1)], memory_order_acquire))
			return addr;
		addr += MD_UNIT_BYTES;
	}
	return 0;
}
