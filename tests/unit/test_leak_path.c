/* SPDX-License-Identifier: MIT
 *
 * The chain of pointers that leads from a root to a block: on a heap of the test's own, with made-up roots.
 */
#include "src/leak_path.h"

#include <sys/mman.h>

#include "tests/unit/heap_unit.h"

#define ROOTS 8
#define ROOTS_AT 0x10000
#define WEAK_AT 0x20000
#define holds(condition) must(condition, "not so: %s", #condition)

static uintptr_t roots[ROOTS], weak[ROOTS];
static struct md_leak leak;
static struct md_leak_path path;

static void start(void)
{
	heap_start_default();
	leak.heap = &heap;
	leak.pointer_mask = ~(uintptr_t)0;
}

TestSuite(leak_path, .init = start);

static uintptr_t *make(size_t size)
{
	struct md_call call = { .api = MD_API_CALLOC, .size = size, .stack = { (uint32_t)size } };
	void *block = md_heap_allocate(&heap, self, size, MD_ALIGNMENT, true, &call);

	must(block, "no block of %zu bytes", size);
	return block;
}

static void show_roots(void)
{
	struct md_root_words some = { weak, ROOTS, WEAK_AT, MD_ROOT_MEMORY, 0 }, others = { roots, ROOTS, ROOTS_AT, MD_ROOT_MEMORY, 0 };

	if (!md_leak_path_root(&path, &some))
		md_leak_path_root(&path, &others);
}

static void find(const void *target)
{
	if (!leak.marks)
		must(md_leak_begin(&leak), "no memory for a search");
	must(md_leak_path_begin(&path, &leak, (uintptr_t)target), "there is no block at %p", target);
	path.weak_begin = WEAK_AT;
	path.weak_end = WEAK_AT + sizeof weak;
	do
		show_roots();
	while (md_leak_path_step(&path));
	md_leak_path_finish(&path);
}

static void expect_link(size_t i, const void *block, size_t size, size_t entered, size_t offset)
{
	const struct md_leak_link *link = &path.links[i];

	must(i < path.link_count, "there are %zu links", path.link_count);
	must(link->block == (uintptr_t)block && link->size == size && link->entered == entered, "link %zu: %zu bytes at %#lx, entered at %zu", i, link->size,
		link->block, link->entered);
	must(i + 1 == path.link_count || link->offset == offset, "link %zu: leaves at %zu, not %zu", i, link->offset, offset);
	must(link->stack.value == size && link->api == MD_API_CALLOC && link->thread.value == self->id.value, "link %zu: other facts", i);
}

static void expect_root(uintptr_t address, uintptr_t word)
{
	must(path.end == MD_LEAK_PATH_ROOT, "end %d", (int)path.end);
	must(path.root.address == address && path.root.word == word, "root at %#lx", path.root.address);
}

Test(leak_path, a_root_points_to_the_block)
{
	uintptr_t *block = make(40);

	roots[5] = (uintptr_t)block;
	find(block);
	expect_root(ROOTS_AT + 40, (uintptr_t)block);
	holds(path.link_count == 1 && path.root_words == 1 && path.weak_words == 0 && path.block_words == 0);
	expect_link(0, block, 40, 0, 0);
}

Test(leak_path, a_pointer_to_the_inside_leads_there_too)
{
	uintptr_t *block = make(40), *holder = make(100000);

	holder[12000] = (uintptr_t)block + 33;
	roots[0] = (uintptr_t)holder + 50000;
	find((char *)block + 7); /* an address inside names the block */
	expect_root(ROOTS_AT, roots[0]);
	holds(path.link_count == 2);
	expect_link(0, holder, 100000, 50000, 96000);
	expect_link(1, block, 40, 33, 0);
}

/* Both a long and a short chain lead there, and rings beside them lead nowhere. */
Test(leak_path, the_shortest_chain_is_found)
{
	uintptr_t *chain[9], *ring = make(600), *target = make(32);

	for (size_t i = 0; i < 9; i++)
		chain[i] = make(1000 + 8 * i);
	for (size_t i = 0; i < 8; i++)
		chain[i][i] = (uintptr_t)chain[i + 1];
	chain[8][50] = (uintptr_t)target;
	chain[2][60] = (uintptr_t)chain[7]; /* the short cut */
	chain[5][61] = (uintptr_t)chain[1]; /* back */
	target[0] = (uintptr_t)chain[0];
	target[1] = (uintptr_t)target;
	ring[0] = (uintptr_t)ring;
	ring[1] = (uintptr_t)target;
	roots[7] = (uintptr_t)chain[0];
	find(target);
	expect_root(ROOTS_AT + 56, (uintptr_t)chain[0]);
	holds(path.link_count == 6);
	expect_link(0, chain[0], 1000, 0, 0);
	expect_link(1, chain[1], 1008, 0, 8);
	expect_link(2, chain[2], 1016, 0, 480);
	expect_link(3, chain[7], 1056, 0, 56);
	expect_link(4, chain[8], 1064, 0, 400);
	expect_link(5, target, 32, 0, 0);
	holds(path.block_words == 2 && path.root_words == 0); /* not by itself */
}

Test(leak_path, all_words_that_point_to_the_block_are_counted)
{
	uintptr_t *target = make(64), *holder = make(640), *other = make(16);

	for (size_t i = 0; i < 80; i++)
		holder[i] = (uintptr_t)target + i % 64;
	other[1] = (uintptr_t)target;
	roots[1] = roots[2] = roots[7] = (uintptr_t)target;
	weak[4] = (uintptr_t)target;
	find(target);
	expect_root(ROOTS_AT + 8, (uintptr_t)target);
	holds(path.root_words == 4 && path.weak_words == 1);
	memset(roots, 0, sizeof roots);
	find(target);
	holds(path.root_words == 1 && path.weak_words == 1 && path.block_words == 81);
}

Test(leak_path, nothing_points_to_it)
{
	uintptr_t *block = make(40), *large = make(100000);

	roots[0] = (uintptr_t)block + 40; /* behind it */
	roots[1] = (uintptr_t)large;
	find(block);
	holds(path.end == MD_LEAK_PATH_NOTHING && path.link_count == 1 && !path.root_words && !path.block_words);
	expect_link(0, block, 40, 0, 0);
}

Test(leak_path, only_leaked_blocks_point_to_it)
{
	uintptr_t *first = make(16), *second = make(24), *target = make(32);

	first[1] = (uintptr_t)second;
	second[2] = (uintptr_t)target;
	target[3] = (uintptr_t)second; /* a ring at the end */
	find(target);
	holds(path.end == MD_LEAK_PATH_NOTHING && path.link_count == 3);
	expect_link(0, first, 16, 0, 8);
	expect_link(1, second, 24, 0, 16);
	expect_link(2, target, 32, 0, 0);
}

/* Who asks has the address of the block: that says nothing. */
Test(leak_path, weak_words_are_no_roots)
{
	uintptr_t *holder = make(16), *target = make(32);

	weak[2] = (uintptr_t)target;
	find(target);
	holds(path.end == MD_LEAK_PATH_NOTHING && path.link_count == 1 && path.root_words == 1 && path.weak_words == 1);

	holder[0] = (uintptr_t)target;
	find(target);
	holds(path.end == MD_LEAK_PATH_NOTHING && path.link_count == 2);
	expect_link(0, holder, 16, 0, 0);

	weak[3] = (uintptr_t)holder; /* what the asking thread has of other blocks is as good as any */
	find(target);
	expect_root(WEAK_AT + 24, (uintptr_t)holder);
	holds(path.link_count == 2);

	roots[6] = (uintptr_t)target;
	find(target);
	expect_root(ROOTS_AT + 48, (uintptr_t)target);
	holds(path.link_count == 1 && path.root_words == 2 && path.weak_words == 1);
}

Test(leak_path, registers_have_no_address)
{
	uintptr_t *target = make(32);
	uintptr_t registers[3] = { 0, 0, (uintptr_t)target };
	struct md_root_words own = { registers, 3, 0, MD_ROOT_REGISTERS, 0 }, others = { registers, 3, 0, MD_ROOT_REGISTERS, 77 };

	must(md_leak_begin(&leak), "no memory for a search");
	for (int other = 0; other < 2; other++) {
		must(md_leak_path_begin(&path, &leak, (uintptr_t)target), "there is no block");
		path.own_registers_weak = true;
		md_leak_path_root(&path, other ? &others : &own);
		holds(!md_leak_path_step(&path));
		md_leak_path_finish(&path);
		holds(path.root_words == 1 && path.weak_words == (other ? 0 : 1));
		holds(path.end == (other ? MD_LEAK_PATH_ROOT : MD_LEAK_PATH_NOTHING));
		if (other)
			holds(path.root.kind == MD_ROOT_REGISTERS && path.root.tid == 77 && !path.root.address && path.root.word == (uintptr_t)target);
	}
}

static uintptr_t *make_list(size_t count, uintptr_t **first)
{
	uintptr_t *block = *first = make(16);

	for (size_t i = 1; i < count; i++) {
		block[1] = (uintptr_t)make(16);
		block = (uintptr_t *)block[1];
	}
	return block;
}

Test(leak_path, chains_end_at_a_length)
{
	uintptr_t *first, *last = make_list(MD_LEAK_PATH_MAX, &first);

	roots[0] = (uintptr_t)first;
	find(last);
	expect_root(ROOTS_AT, (uintptr_t)first);
	holds(path.link_count == MD_LEAK_PATH_MAX);

	uintptr_t *further = make(16);

	last[0] = (uintptr_t)further;
	find(further);
	holds(path.end == MD_LEAK_PATH_DEEP && path.link_count == MD_LEAK_PATH_MAX);
	expect_link(0, (void *)first[1], 16, 0, 8);
	expect_link(MD_LEAK_PATH_MAX - 1, further, 16, 0, 0);
}

Test(leak_path, the_time_may_be_up)
{
	uintptr_t *first, *last = make_list(20000, &first);

	roots[0] = (uintptr_t)first;
	must(md_leak_begin(&leak), "no memory for a search");
	must(md_leak_path_begin(&path, &leak, (uintptr_t)last), "there is no block");
	path.until = 1; /* a nanosecond after the system started */
	do
		show_roots();
	while (md_leak_path_step(&path));
	md_leak_path_finish(&path);
	holds(path.end == MD_LEAK_PATH_LATE && path.link_count == 1);
	expect_link(0, last, 16, 0, 0);
}

Test(leak_path, marks_in_pointers_are_taken_off)
{
	uintptr_t *holder = make(16), *target = make(32);

	leak.pointer_mask = 0x0000fffffffffff8ul;
	holder[1] = (uintptr_t)target | 0xab00000000000001ul;
	roots[0] = (uintptr_t)holder | 2;
	find(target);
	expect_root(ROOTS_AT, (uintptr_t)holder | 2);
	holds(path.link_count == 2);
	expect_link(0, holder, 16, 0, 8);
	expect_link(1, target, 32, 0, 0);
}

/* A large block of which little is used, and one with a page that cannot be read. */
Test(leak_path, places_in_large_blocks_are_exact)
{
	uintptr_t *large = make(64ul << 20), *broken = heap_memalign(&heap, self, MD_PAGE_BYTES, 4 * MD_PAGE_BYTES), *target = make(32);

	large[7000001] = (uintptr_t)broken;
	broken[1025] = (uintptr_t)target;
	must(mprotect(broken + 512, MD_PAGE_BYTES, PROT_NONE) == 0, "mprotect");
	roots[0] = (uintptr_t)large;
	find(target);
	expect_root(ROOTS_AT, (uintptr_t)large);
	holds(path.link_count == 3);
	holds(path.links[0].offset == 7000001 * 8 && path.links[1].offset == 1025 * 8);
}

Test(leak_path, freed_blocks_lead_nowhere)
{
	uintptr_t *holder = make(100), *target = make(32);

	roots[0] = (uintptr_t)holder;
	heap_free(&heap, self, holder);
	holder[3] = (uintptr_t)target;
	find(target);
	holds(path.end == MD_LEAK_PATH_NOTHING && path.link_count == 1);
	heap_free(&heap, self, target);
	holds(!md_leak_path_begin(&path, &leak, (uintptr_t)target));
	holds(!md_leak_path_begin(&path, &leak, (uintptr_t)roots));
}

/* A thread that did not stand still has changed a pointer after it was seen. */
Test(leak_path, a_chain_that_changes_meanwhile_is_none)
{
	uintptr_t *holder = make(100), *target = make(32);

	holder[3] = (uintptr_t)target;
	roots[0] = (uintptr_t)holder;
	must(md_leak_begin(&leak), "no memory for a search");
	must(md_leak_path_begin(&path, &leak, (uintptr_t)target), "there is no block");
	do
		show_roots();
	while (md_leak_path_step(&path));
	holder[3] = 0;
	md_leak_path_finish(&path);
	holds(path.end == MD_LEAK_PATH_CHANGED);
}
