/* SPDX-License-Identifier: MIT */
#include "src/page_map.h"

#include "tests/unit/core_fixture.h"

#define LEAF_SPAN ((uintptr_t)1 << (MD_UNIT_SHIFT + MD_LEAF_BITS))
#define ADDRESS_END ((uintptr_t)1 << MD_ADDRESS_BITS)

static struct md_page_map map;

static _Alignas(16) char things[4][16]; /* stand for zones and runs: only their addresses count */

static uintptr_t thing(int i)
{
	return (uintptr_t)things[i];
}

Test(page_map, nothing_is_known_of_any_address_at_first)
{
	static const uintptr_t addrs[] = { 0, 1, 4096, MD_UNIT_BYTES, LEAF_SPAN, 0x7fffffffffff, ADDRESS_END, 0xffff800000000000,
		UINTPTR_MAX };

	for (size_t i = 0; i < sizeof addrs / sizeof *addrs; i++) {
		cr_expect(eq(ulong, md_page_map_get(&map, addrs[i]), 0));
		cr_expect(eq(ptr, md_page_map_zone(&map, addrs[i]), NULL));
		cr_expect(eq(ptr, md_page_map_run(&map, addrs[i]), NULL));
		cr_expect(eq(ulong, md_page_map_next(&map, addrs[i]), 0));
	}
}

Test(page_map, every_address_of_a_range_finds_its_entry)
{
	uintptr_t begin = 5 * LEAF_SPAN + 17 * MD_UNIT_BYTES;
	size_t bytes = 3 * MD_UNIT_BYTES;

	cr_assert(md_page_map_reserve(&map, begin, bytes));
	cr_expect(eq(sz, atomic_load(&map.mapped_bytes), sizeof(struct md_page_map_leaf)));
	md_page_map_set(&map, begin, bytes, thing(0));
	for (uintptr_t addr = begin; addr < begin + bytes; addr++)
		must((uintptr_t)md_page_map_zone(&map, addr) == thing(0), "at %#lx", addr);
	cr_expect(eq(ulong, md_page_map_get(&map, begin - 1), 0));
	cr_expect(eq(ulong, md_page_map_get(&map, begin + bytes), 0));
	md_page_map_set(&map, begin, bytes, 0);
	cr_expect(eq(ulong, md_page_map_next(&map, 0), 0));
}

Test(page_map, a_run_is_no_zone_and_a_zone_is_no_run)
{
	cr_assert(md_page_map_reserve(&map, LEAF_SPAN, 2 * MD_UNIT_BYTES));
	md_page_map_set(&map, LEAF_SPAN, MD_UNIT_BYTES, thing(0));
	md_page_map_set(&map, LEAF_SPAN + MD_UNIT_BYTES, MD_UNIT_BYTES, thing(1) + 1);
	cr_expect(eq(ulong, (uintptr_t)md_page_map_zone(&map, LEAF_SPAN), thing(0)));
	cr_expect(eq(ptr, md_page_map_run(&map, LEAF_SPAN), NULL));
	cr_expect(eq(ptr, md_page_map_zone(&map, LEAF_SPAN + MD_UNIT_BYTES), NULL));
	cr_expect(eq(ulong, (uintptr_t)md_page_map_run(&map, LEAF_SPAN + MD_UNIT_BYTES), thing(1)));
}

Test(page_map, a_range_over_the_border_of_two_leaves)
{
	uintptr_t begin = 9 * LEAF_SPAN - 2 * MD_UNIT_BYTES;

	cr_assert(md_page_map_reserve(&map, begin, 4 * MD_UNIT_BYTES));
	cr_expect(eq(sz, atomic_load(&map.mapped_bytes), 2 * sizeof(struct md_page_map_leaf)));
	md_page_map_set(&map, begin, 4 * MD_UNIT_BYTES, thing(0));
	for (int i = -1; i <= 4; i++)
		cr_expect(eq(ulong, md_page_map_get(&map, begin + (uintptr_t)i * MD_UNIT_BYTES), i >= 0 && i < 4 ? thing(0) : 0));
	cr_assert(md_page_map_reserve(&map, begin, 4 * MD_UNIT_BYTES));
	cr_expect(eq(sz, atomic_load(&map.mapped_bytes), 2 * sizeof(struct md_page_map_leaf)), "reserving again takes nothing");
}

Test(page_map, next_goes_from_one_entry_to_the_next_over_any_gap)
{
	static const uintptr_t places[] = { 3 * MD_UNIT_BYTES, 4 * MD_UNIT_BYTES, LEAF_SPAN - MD_UNIT_BYTES, LEAF_SPAN,
		1000 * LEAF_SPAN + 65535 * MD_UNIT_BYTES, ADDRESS_END - MD_UNIT_BYTES };
	const size_t count = sizeof places / sizeof *places;
	uintptr_t from = 0;

	for (size_t i = 0; i < count; i++) {
		cr_assert(md_page_map_reserve(&map, places[i], MD_UNIT_BYTES));
		md_page_map_set(&map, places[i], MD_UNIT_BYTES, thing(0) + i % 2);
	}
	for (size_t i = 0; i < count; i++) {
		cr_assert(eq(ulong, md_page_map_next(&map, from), places[i]));
		cr_assert(eq(ulong, md_page_map_next(&map, places[i] + MD_UNIT_BYTES - 1), places[i]), "from inside the unit");
		from = places[i] + MD_UNIT_BYTES;
	}
	cr_expect(eq(ulong, md_page_map_next(&map, from), 0));
}

Test(page_map, what_lies_beyond_the_map_cannot_be_reserved)
{
	cr_expect(md_page_map_reserve(&map, ADDRESS_END - MD_UNIT_BYTES, MD_UNIT_BYTES));
	cr_expect(not(md_page_map_reserve(&map, ADDRESS_END - MD_UNIT_BYTES, 2 * MD_UNIT_BYTES)));
	cr_expect(not(md_page_map_reserve(&map, ADDRESS_END, MD_UNIT_BYTES)));
	cr_expect(not(md_page_map_reserve(&map, (uintptr_t)1 << 52, MD_UNIT_BYTES)));
	for (unsigned shift = MD_ADDRESS_BITS; shift < 64;
		shift++) /* now that something is in the map: nothing behind its end is taken for a part of it */
		cr_expect(eq(ulong, md_page_map_get(&map, (uintptr_t)1 << shift), 0));
}

Test(page_map, the_system_refuses_a_leaf)
{
	uintptr_t begin = 2 * LEAF_SPAN - MD_UNIT_BYTES;

	fake_os_refuse_maps(2, 1); /* the second leaf of the two */
	cr_expect(not(md_page_map_reserve(&map, begin, 2 * MD_UNIT_BYTES)));
	cr_expect(eq(ulong, md_page_map_get(&map, begin + MD_UNIT_BYTES), 0));
	cr_expect(md_page_map_reserve(&map, begin, 2 * MD_UNIT_BYTES), "only that one call was refused");
	md_page_map_set(&map, begin, 2 * MD_UNIT_BYTES, thing(2));
	cr_expect(eq(ulong, (uintptr_t)md_page_map_zone(&map, begin + MD_UNIT_BYTES), thing(2)));
}
