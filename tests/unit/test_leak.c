/* SPDX-License-Identifier: MIT
 *
 * Which blocks a leak search calls leaked: on a heap of the test's own, with the words of `roots` for all roots.
 */
#include "src/leak.h"

#include <sys/mman.h>

#include "src/clock.h"
#include "tests/unit/heap_unit.h"

#define ROOTS 16
#define holds(condition) must(condition, "not so: %s", #condition)

static uintptr_t roots[ROOTS];
static struct md_leak leak;

TestSuite(leak, .init = heap_start_default);

/* A block of zeroes. */
static uintptr_t *allocate(size_t size, enum md_api api, uint32_t stack)
{
	struct md_call call = { .api = api, .size = size, .stack = { stack } };
	void *block = md_heap_allocate(&heap, self, size, MD_ALIGNMENT, true, &call);

	must(block, "no block of %zu bytes", size);
	return block;
}

static uintptr_t *make(size_t size)
{
	return allocate(size, MD_API_MALLOC, 1);
}

static struct md_record *record_of(const void *block)
{
	struct md_zone *zone;
	struct md_record *record = md_heap_live_block(&heap, (uintptr_t)block, &zone);

	must(record, "no block at %p", block);
	return record;
}

static void search(bool reachable_groups)
{
	leak.heap = &heap;
	leak.pointer_mask = leak.pointer_mask ? leak.pointer_mask : ~(uintptr_t)0;
	must(md_leak_begin(&leak), "no memory for a search");
	md_leak_mark(&leak, roots, ROOTS);
	md_leak_classify(&leak, reachable_groups);
}

static void expect_total(enum md_leak_kind kind, uint64_t blocks, uint64_t bytes)
{
	static const char *const kinds[] = { "direct", "indirect", "possible", "reachable", "ignored" };
	struct md_leak_count *total = &leak.totals[kind];

	must(total->blocks == blocks && total->bytes == bytes, "%s: %lu blocks with %lu bytes, not %lu with %lu", kinds[kind], total->blocks, total->bytes,
		blocks, bytes);
}

static const struct md_leak_group *group(size_t i)
{
	must(i < leak.group_count, "there are %zu groups", leak.group_count);
	return &leak.groups[i];
}

/* --- kinds ------------------------------------------------------------------------ */

Test(leak, what_a_root_leads_to_is_reachable)
{
	uintptr_t *first = make(40), *second = make(200), *third = make(5000), *large = make(100000), *last = make(8);

	roots[3] = (uintptr_t)first;
	first[4] = (uintptr_t)second;
	second[24] = (uintptr_t)third;
	third[624] = (uintptr_t)large;
	large[12499] = (uintptr_t)last;
	search(false);
	expect_total(MD_LEAK_REACHABLE, 5, 40 + 200 + 5000 + 100000 + 8);
	expect_total(MD_LEAK_DIRECT, 0, 0);
	expect_total(MD_LEAK_INDIRECT, 0, 0);
	expect_total(MD_LEAK_POSSIBLE, 0, 0);
	holds(md_leak_kind_of(&leak, (uintptr_t)last) == MD_LEAK_REACHABLE);
	holds(leak.group_count == 0);
}

Test(leak, what_nothing_points_to_is_leaked_and_holds_the_rest)
{
	uintptr_t *leader = make(64), *held = make(100), *further = make(30), *alone = allocate(7, MD_API_MALLOC, 2);

	leader[0] = (uintptr_t)held;
	held[1] = (uintptr_t)further;
	further[2] = (uintptr_t)held; /* back: changes nothing */
	search(false);
	expect_total(MD_LEAK_DIRECT, 2, 71);
	expect_total(MD_LEAK_INDIRECT, 2, 130);
	expect_total(MD_LEAK_REACHABLE, 0, 0);
	holds(md_leak_kind_of(&leak, (uintptr_t)leader) == MD_LEAK_DIRECT);
	holds(md_leak_kind_of(&leak, (uintptr_t)further) == MD_LEAK_INDIRECT);
	holds(md_leak_kind_of(&leak, (uintptr_t)alone) == MD_LEAK_DIRECT);
	holds(leak.group_count == 2);
	holds(group(0)->count.blocks == 1 && group(0)->count.bytes == 64 && group(0)->held.blocks == 2 && group(0)->held.bytes == 130);
	holds(group(1)->count.blocks == 1 && group(1)->count.bytes == 7 && group(1)->held.blocks == 0);
	holds(!group(0)->ring && !group(1)->ring);
}

Test(leak, a_block_held_by_two_is_counted_once)
{
	uintptr_t *one = make(16), *other = make(16), *shared = make(1000);

	one[0] = other[1] = (uintptr_t)shared;
	search(false);
	expect_total(MD_LEAK_DIRECT, 2, 32);
	expect_total(MD_LEAK_INDIRECT, 1, 1000);
	holds(leak.group_count == 1 && group(0)->held.blocks == 1);
}

Test(leak, what_is_freed_counts_for_nothing)
{
	uintptr_t *freed = make(64), *lost = make(32);

	roots[0] = (uintptr_t)freed; /* dangling */
	heap_free(&heap, self, freed);
	freed[0] = (uintptr_t)lost; /* a write after the free, so that there is something to be followed */
	search(false);
	expect_total(MD_LEAK_DIRECT, 1, 32);
	expect_total(MD_LEAK_REACHABLE, 0, 0);
}

/* --- inside pointers --------------------------------------------------------------- */

Test(leak, a_pointer_to_the_inside_makes_possibly_lost)
{
	uintptr_t *inside = make(100), *held = make(50), *start_too = make(80);

	roots[0] = (uintptr_t)inside + 99;
	roots[1] = (uintptr_t)start_too + 8;
	roots[2] = (uintptr_t)start_too;
	inside[3] = (uintptr_t)held;
	search(false);
	expect_total(MD_LEAK_POSSIBLE, 2, 150);
	expect_total(MD_LEAK_REACHABLE, 1, 80);
	expect_total(MD_LEAK_DIRECT, 0, 0);
	expect_total(MD_LEAK_INDIRECT, 0, 0);
	holds(leak.group_count == 1 && group(0)->kind == MD_LEAK_POSSIBLE && group(0)->count.blocks == 2);
}

/* An iterator's end is no pointer to the block, nor is what lies before it. */
Test(leak, a_pointer_beside_a_block_is_none)
{
	uintptr_t *block = make(96), *large = make(100000);

	roots[0] = (uintptr_t)block + 96;
	roots[1] = (uintptr_t)block - 8;
	roots[2] = (uintptr_t)large + 100000;
	roots[3] = (uintptr_t)large - 8;
	search(false);
	expect_total(MD_LEAK_DIRECT, 2, 100096);
}

Test(leak, a_block_of_no_bytes_is_reached_at_its_address)
{
	uintptr_t *kept = make(0);

	make(0);
	roots[0] = (uintptr_t)kept;
	search(false);
	expect_total(MD_LEAK_REACHABLE, 1, 0);
	expect_total(MD_LEAK_DIRECT, 1, 0);
}

/* The program has the address behind the number of elements. */
Test(leak, new_array_keeps_a_count_before_the_elements)
{
	uintptr_t *counted = allocate(88, MD_API_NEW_ARRAY, 1), *aligned = allocate(96, MD_API_NEW_ARRAY, 1), *plain = allocate(24, MD_API_NEW, 1);
	uintptr_t *further = allocate(64, MD_API_NEW_ARRAY, 1);

	roots[0] = (uintptr_t)counted + 8;
	roots[1] = (uintptr_t)aligned + 16;
	roots[2] = (uintptr_t)plain + 8;
	roots[3] = (uintptr_t)further + 24;
	search(false);
	expect_total(MD_LEAK_REACHABLE, 2, 88 + 96);
	expect_total(MD_LEAK_POSSIBLE, 2, 24 + 64);
}

Test(leak, marks_in_pointers_are_taken_off)
{
	uintptr_t *tagged = make(64), *held = make(32);

	leak.pointer_mask = 0x0000fffffffffffeul;
	roots[0] = (uintptr_t)tagged | 0xabcd000000000001ul;
	tagged[0] = (uintptr_t)held | 1ul << 63;
	search(false);
	expect_total(MD_LEAK_REACHABLE, 2, 96);
}

/* Allocators of aligned memory keep the start of what they have to free where they find it. */
Test(leak, a_block_that_knows_its_start_is_reached_by_its_inside)
{
	uintptr_t *aligned[2] = { make(100), make(5000) }, *held = make(10), *plain = make(200);

	aligned[0][1] = (uintptr_t)aligned[0];
	aligned[0][5] = (uintptr_t)&aligned[1][10];
	aligned[1][9] = (uintptr_t)aligned[1];
	aligned[1][600] = (uintptr_t)held;
	roots[0] = (uintptr_t)&aligned[0][2];
	roots[1] = (uintptr_t)&plain[3];
	search(false);
	expect_total(MD_LEAK_REACHABLE, 3, 5110);
	expect_total(MD_LEAK_POSSIBLE, 1, 200);
}

/* Behind the count of its elements, where there is none, ends the block. */
Test(leak, an_array_of_no_elements_is_reachable)
{
	uintptr_t *array = allocate(8, MD_API_NEW_ARRAY, 1), *plain = make(8);

	roots[0] = (uintptr_t)(array + 1);
	roots[1] = (uintptr_t)(plain + 1);
	search(false);
	expect_total(MD_LEAK_REACHABLE, 1, 8);
	expect_total(MD_LEAK_DIRECT, 1, 8);
}

/* --- rings --------------------------------------------------------------------------- */

Test(leak, a_ring_is_one_leak)
{
	uintptr_t *ring[3] = { make(16), make(24), make(32) }, *tail = make(500);

	for (int i = 0; i < 3; i++)
		ring[i][1] = (uintptr_t)ring[(i + 1) % 3];
	ring[1][0] = (uintptr_t)tail;
	search(false);
	holds(leak.totals[MD_LEAK_DIRECT].blocks == 1);
	holds(leak.totals[MD_LEAK_INDIRECT].blocks == 3);
	holds(leak.totals[MD_LEAK_DIRECT].bytes + leak.totals[MD_LEAK_INDIRECT].bytes == 16 + 24 + 32 + 500);
	holds(leak.group_count == 1 && group(0)->ring && group(0)->held.blocks == 3);
}

Test(leak, a_ring_that_a_leak_holds_has_a_first_one)
{
	uintptr_t *leader = make(16), *one = make(16), *other = make(16);

	leader[0] = (uintptr_t)one;
	one[0] = (uintptr_t)other;
	other[0] = (uintptr_t)one;
	search(false);
	expect_total(MD_LEAK_DIRECT, 1, 16);
	expect_total(MD_LEAK_INDIRECT, 2, 32);
	holds(group(0)->sample == (uintptr_t)leader && !group(0)->ring && group(0)->held.blocks == 2);
}

/* What a ring leads to may lie before it in memory, and so be met first: a plain block, or another ring. */
Test(leak, a_ring_holds_what_lies_before_it)
{
	uintptr_t *tail = make(16), *inner[2] = { make(16), make(16) }, *outer[2] = { make(16), make(16) };

	inner[0][0] = (uintptr_t)inner[1];
	inner[1][0] = (uintptr_t)inner[0];
	inner[1][1] = (uintptr_t)tail;
	outer[0][0] = (uintptr_t)outer[1];
	outer[1][0] = (uintptr_t)outer[0];
	outer[1][1] = (uintptr_t)inner[0];
	search(false);
	expect_total(MD_LEAK_DIRECT, 1, 16);
	expect_total(MD_LEAK_INDIRECT, 4, 64);
	holds(group(0)->ring && group(0)->held.blocks == 4);
	holds(group(0)->sample == (uintptr_t)outer[0] || group(0)->sample == (uintptr_t)outer[1]);
}

/* As in std::map: the parts point to the inside of the container, which was lost, wherever in memory it lies. */
Test(leak, a_container_holds_its_parts)
{
	uintptr_t *before = make(16), *container = make(48), *after = make(16);

	container[2] = (uintptr_t)after;
	after[0] = (uintptr_t)before;
	after[1] = before[0] = (uintptr_t)&container[1];
	search(false);
	expect_total(MD_LEAK_DIRECT, 1, 48);
	expect_total(MD_LEAK_INDIRECT, 2, 32);
	holds(group(0)->sample == (uintptr_t)container && !group(0)->ring);
}

/* ... and such a container may itself hang on a ring. */
Test(leak, a_ring_holds_a_container)
{
	uintptr_t *container = make(48), *part = make(16), *ring[2] = { make(32), make(32) };

	container[0] = (uintptr_t)part;
	part[0] = (uintptr_t)&container[1];
	ring[0][0] = (uintptr_t)ring[1];
	ring[1][0] = (uintptr_t)ring[0];
	ring[1][1] = (uintptr_t)&container[2];
	search(false);
	expect_total(MD_LEAK_DIRECT, 1, 32);
	expect_total(MD_LEAK_INDIRECT, 3, 96);
	holds(group(0)->ring);
}

Test(leak, a_block_that_points_to_itself_is_no_ring)
{
	uintptr_t *block = make(16);

	block[0] = (uintptr_t)block;
	search(false);
	expect_total(MD_LEAK_DIRECT, 1, 16);
	holds(!group(0)->ring);
}

Test(leak, a_reachable_ring_is_reachable)
{
	uintptr_t *one = make(16), *other = make(16);

	one[0] = (uintptr_t)other;
	other[0] = (uintptr_t)one;
	roots[0] = (uintptr_t)other;
	search(false);
	expect_total(MD_LEAK_REACHABLE, 2, 32);
}

/* --- ignored ones ------------------------------------------------------------------------ */

Test(leak, ignored_blocks_and_what_they_hold_are_no_leaks)
{
	uintptr_t *ignored = make(64), *held = make(32), *ring[2] = { make(16), make(16) };

	ignored[0] = (uintptr_t)held;
	ring[0][0] = (uintptr_t)ring[1];
	ring[1][0] = (uintptr_t)ring[0];
	record_of(ignored)->flags |= MD_BLOCK_IGNORED;
	record_of(ring[1])->flags |= MD_BLOCK_IGNORED;
	make(5);
	search(true);
	expect_total(MD_LEAK_IGNORED, 2, 80);
	expect_total(MD_LEAK_REACHABLE, 2, 48);
	expect_total(MD_LEAK_DIRECT, 1, 5);
	expect_total(MD_LEAK_INDIRECT, 0, 0);
	holds(md_leak_kind_of(&leak, (uintptr_t)ignored) == MD_LEAK_IGNORED);
	holds(leak.group_count == 2 && group(0)->count.bytes == 5 && group(1)->count.bytes == 48);
}

/* --- many ---------------------------------------------------------------------------------- */

#define CHILDREN (3 * MD_LEAK_STACK_BYTES / sizeof(uintptr_t)) /* three times what the stack takes */

/* A block with so many pointers that the stack overflows, each to a block with one more. */
static uintptr_t *make_fan(void)
{
	uintptr_t *parent = make(CHILDREN * sizeof *parent);

	for (size_t i = 0; i < CHILDREN; i++) {
		uintptr_t *child = make(16);

		child[1] = (uintptr_t)make(16);
		parent[i] = (uintptr_t)child;
	}
	return parent;
}

Test(leak, more_children_than_the_stack_takes_are_reached, .timeout = 60)
{
	roots[0] = (uintptr_t)make_fan();
	search(false);
	expect_total(MD_LEAK_REACHABLE, 1 + 2 * CHILDREN, CHILDREN * 40);
	holds(!leak.overflowed && !leak.stack_count);
}

Test(leak, more_children_than_the_stack_takes_are_held, .timeout = 60)
{
	make_fan();
	search(false);
	expect_total(MD_LEAK_DIRECT, 1, CHILDREN * 8);
	expect_total(MD_LEAK_INDIRECT, 2 * CHILDREN, CHILDREN * 32);
	holds(leak.group_count == 1 && group(0)->held.blocks == 2 * CHILDREN);
}

Test(leak, more_possible_ones_than_the_stack_takes, .timeout = 60)
{
	uintptr_t *fan = make_fan();

	for (size_t i = 0; i < CHILDREN; i++)
		fan[i] += 8;
	roots[0] = (uintptr_t)fan + 8;
	search(false);
	expect_total(MD_LEAK_POSSIBLE, 1 + 2 * CHILDREN, CHILDREN * 40);
}

/* The stack takes the first ones, half as many are taken up again at a time, and the rest is too few for another overflow. */
enum { STACK = MD_LEAK_STACK_BYTES / sizeof(uintptr_t), COUNT = STACK + STACK / 2 + STACK / 16, MORE = STACK };

static uintptr_t *make_more(void)
{
	uintptr_t *more = make(MORE * sizeof *more);

	for (size_t i = 0; i < MORE; i++) {
		uintptr_t *block = make(16);

		block[0] = (uintptr_t)make(16);
		more[i] = (uintptr_t)block;
	}
	return more;
}

/* What does not fit the second time lies before the place where the search for such blocks goes on, or behind it. */
static void overflow_twice(bool first)
{
	uintptr_t *more = first ? make_more() : NULL, *parent = make(COUNT * sizeof *parent), *child = NULL;

	for (size_t i = 0; i < COUNT; i++) {
		parent[i] = (uintptr_t)make(24);
		if (i == STACK + STACK / 2 - 100)
			child = (uintptr_t *)parent[i];
	}
	child[0] = (uintptr_t)(first ? more : make_more());
	roots[0] = (uintptr_t)parent;
	search(false);
	expect_total(MD_LEAK_REACHABLE, 2 + COUNT + 2 * MORE, COUNT * (8 + 24) + MORE * (8 + 32));
}

Test(leak, a_second_overflow_may_be_of_older_blocks, .timeout = 60)
{
	overflow_twice(true);
}

Test(leak, a_second_overflow_may_be_of_younger_blocks, .timeout = 60)
{
	overflow_twice(false);
}

Test(leak, a_long_list_needs_no_deep_stack, .timeout = 60)
{
	uintptr_t *next = NULL;

	for (size_t i = 0; i < 300000; i++) {
		uintptr_t *element = make(24);

		element[2] = (uintptr_t)next;
		next = element;
	}
	search(false);
	expect_total(MD_LEAK_DIRECT, 1, 24);
	expect_total(MD_LEAK_INDIRECT, 299999, 299999 * 24);
	holds(group(0)->held.blocks == 299999);
}

/* --- reading blocks --------------------------------------------------------------------------- */

/* As the stack of a coroutine may have one. */
Test(leak, an_unreadable_page_in_a_block_ends_nothing)
{
	uintptr_t *block = heap_memalign(&heap, self, MD_PAGE_BYTES, 4 * MD_PAGE_BYTES), *before = make(16), *behind = make(16);

	block[511] = (uintptr_t)before;
	block[1024] = (uintptr_t)behind;
	roots[0] = (uintptr_t)block;
	must(mprotect(block + 512, MD_PAGE_BYTES, PROT_NONE) == 0, "mprotect");
	search(false);
	expect_total(MD_LEAK_REACHABLE, 3, 4 * MD_PAGE_BYTES + 32);
}

/* Only pages that were written to are read, in whatever part they lie. */
Test(leak, pointers_far_apart_in_a_large_block_are_found)
{
	static const size_t places[] = { 0, 511, 512, 8191, 8192, 8193, 2097151, 2097152, 20000000, 33554431 };
	size_t words = (256ul << 20) / sizeof(uintptr_t), count = sizeof places / sizeof *places;

	for (size_t k = 0; k < 3; k++) {
		uintptr_t *block = make(words * sizeof *block);

		for (size_t i = 0; i < count; i++)
			block[places[i]] = (uintptr_t)make(16);
		roots[k] = (uintptr_t)block;
	}
	for (int round = 0; round < 2; round++) { /* from the lowest block to the highest, and the other way round */
		memset(&leak, 0, sizeof leak);
		search(false);
		expect_total(MD_LEAK_REACHABLE, 3 * (1 + count), 3 * (words * sizeof(uintptr_t) + 16 * count));
		md_leak_end(&leak);
		uintptr_t first = roots[0];

		roots[0] = roots[2];
		roots[2] = first;
	}
}

/* --- groups -------------------------------------------------------------------------------------- */

Test(leak, groups_are_by_stack_and_kind_the_largest_first)
{
	uintptr_t *holder = allocate(16, MD_API_CALLOC, 5), *possible = allocate(90000, MD_API_MALLOC, 7);

	for (int i = 1; i <= 10; i++)
		allocate(100, MD_API_MALLOC, 6);
	allocate(150, MD_API_MALLOC, 6);
	allocate(120, MD_API_MALLOC, 6);
	holder[1] = (uintptr_t)allocate(5000, MD_API_MALLOC, 6); /* held: it counts for stack 5 */
	roots[0] = (uintptr_t)possible + 5;
	roots[1] = (uintptr_t)allocate(10, MD_API_MALLOC, 8);
	roots[2] = (uintptr_t)allocate(20, MD_API_MALLOC, 9);
	roots[3] = (uintptr_t)allocate(30, MD_API_MALLOC, 6);
	search(true);
	holds(leak.group_count == 6 && !leak.groups_lost);
	holds(group(0)->stack.value == 5 && group(0)->kind == MD_LEAK_DIRECT && group(0)->api == MD_API_CALLOC && group(0)->held.bytes == 5000);
	holds(group(1)->stack.value == 6 && group(1)->kind == MD_LEAK_DIRECT && group(1)->count.blocks == 12 && group(1)->count.bytes == 1270);
	holds(group(1)->sample_size == 150 && record_of((void *)group(1)->sample)->size == 150 && group(1)->thread.value == self->id.value);
	holds(group(2)->stack.value == 7 && group(2)->kind == MD_LEAK_POSSIBLE);
	holds(group(3)->kind == MD_LEAK_REACHABLE && group(3)->count.bytes == 30 && group(3)->stack.value == 6);
	holds(group(4)->kind == MD_LEAK_REACHABLE && group(4)->count.bytes == 20);
	holds(group(5)->kind == MD_LEAK_REACHABLE && group(5)->count.bytes == 10);
}

Test(leak, groups_know_their_oldest_and_newest)
{
	static const uint32_t times[] = { 5000, 4000, 9000, 6000 };

	for (size_t i = 0; i < 4; i++)
		record_of(make(16))->alloc_time = times[i];
	search(false);
	holds(group(0)->oldest == 4000 && group(0)->newest == 9000);
}

Test(leak, totals_are_right_where_there_is_no_room_for_groups)
{
	for (uint32_t i = 1; i <= 3000; i++)
		allocate(16, MD_API_MALLOC, i);
	search(false);
	expect_total(MD_LEAK_DIRECT, 3000, 48000);
	holds(leak.groups_lost && leak.group_count > 500 && leak.group_count < 3000);
}

/* --- since a moment -------------------------------------------------------------------------------- */

Test(leak, older_blocks_are_counted_and_not_grouped)
{
	uint32_t now = md_clock_coarse(md_clock_now());

	record_of(allocate(100, MD_API_MALLOC, 1))->alloc_time = now - 500;
	record_of(allocate(200, MD_API_MALLOC, 1))->alloc_time = now - 100;
	record_of(allocate(300, MD_API_MALLOC, 2))->alloc_time = now - 99;
	roots[0] = (uintptr_t)allocate(10, MD_API_MALLOC, 3);
	record_of((void *)roots[0])->alloc_time = now - 500;
	uintptr_t *possible = allocate(50, MD_API_MALLOC, 4);

	record_of(possible)->alloc_time = now - 500;
	roots[1] = (uintptr_t)possible + 1;
	leak.since_set = true;
	leak.since = now - 100;
	search(true);
	expect_total(MD_LEAK_DIRECT, 3, 600);
	expect_total(MD_LEAK_REACHABLE, 1, 10);
	expect_total(MD_LEAK_POSSIBLE, 1, 50);
	holds(leak.recent[MD_LEAK_DIRECT].blocks == 2 && leak.recent[MD_LEAK_DIRECT].bytes == 500);
	holds(leak.recent[MD_LEAK_REACHABLE].blocks == 0);
	holds(leak.group_count == 2 && group(0)->count.bytes == 300 && group(1)->count.bytes == 200 && group(1)->count.blocks == 1);
}

/* Elements that were added to an old list, which then was lost: the list's head is what to look for. */
Test(leak, younger_blocks_show_with_the_older_one_that_holds_them)
{
	uint32_t now = md_clock_coarse(md_clock_now());
	uintptr_t *head = allocate(16, MD_API_MALLOC, 1), *old = allocate(32, MD_API_MALLOC, 2), *young = allocate(48, MD_API_MALLOC, 3);

	head[0] = (uintptr_t)old;
	old[0] = (uintptr_t)young;
	record_of(head)->alloc_time = record_of(old)->alloc_time = now - 5000;
	leak.since_set = true;
	leak.since = now - 100;
	search(false);
	holds(leak.recent[MD_LEAK_DIRECT].blocks == 0 && leak.recent[MD_LEAK_INDIRECT].blocks == 1 && leak.recent[MD_LEAK_INDIRECT].bytes == 48);
	holds(leak.group_count == 1 && group(0)->sample == (uintptr_t)head && group(0)->held.blocks == 1 && group(0)->held.bytes == 48);
}

/* The counter has 32 bits, which last for 80 days: more than half of that ago is still before. */
Test(leak, times_far_apart_are_told_apart)
{
	uint32_t now = md_clock_coarse(md_clock_now());

	record_of(allocate(100, MD_API_MALLOC, 1))->alloc_time = now - 0xc0000000u;
	record_of(allocate(200, MD_API_MALLOC, 2))->alloc_time = now - 50;
	record_of(allocate(400, MD_API_MALLOC, 3))->alloc_time = now + 1; /* by another processor's counter */
	leak.since_set = true;
	leak.since = now - 0x10000;
	search(false);
	holds(leak.recent[MD_LEAK_DIRECT].blocks == 2 && leak.recent[MD_LEAK_DIRECT].bytes == 600);
}

/* --- memory --------------------------------------------------------------------------------------------- */

Test(leak, everything_is_given_back)
{
	size_t mapped;

	make(100);
	make(100000);
	mapped = fake_os.mapped_bytes;
	search(false);
	holds(fake_os.mapped_bytes > mapped);
	md_leak_end(&leak);
	holds(fake_os.mapped_bytes == mapped);
	memset(&leak, 0, sizeof leak); /* and once more */
	search(false);
	expect_total(MD_LEAK_DIRECT, 2, 100100);
}

Test(leak, is_refused_without_memory)
{
	size_t mapped = fake_os.mapped_bytes;

	make(100);
	mapped = fake_os.mapped_bytes;
	for (uint64_t nth = 1; nth <= 3; nth++) {
		leak = (struct md_leak){ .heap = &heap, .pointer_mask = ~(uintptr_t)0 };
		fake_os_refuse_maps(nth, 1);
		must(!md_leak_begin(&leak), "mapping %lu is not needed", nth);
		fake_os_allow_all();
		must(fake_os.mapped_bytes == mapped, "mapping %lu refused: %zu bytes are left over", nth, fake_os.mapped_bytes - mapped);
	}
	memset(&leak, 0, sizeof leak);
	fake_os_refuse_maps(4, 1); /* of the groups */
	search(false);
	fake_os_allow_all();
	expect_total(MD_LEAK_DIRECT, 1, 100);
	holds(leak.groups_lost && leak.group_count == 0);
	md_leak_end(&leak);
	holds(fake_os.mapped_bytes == mapped);
}
