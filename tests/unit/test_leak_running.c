/* SPDX-License-Identifier: MIT
 *
 * What a leak search finds, and survives, where other threads could not be stopped, and where the program has made memory unreadable.
 */
#include <sys/mman.h>

#include "src/leak.h"
#include "src/leak_path.h"
#include "tests/unit/heap_unit.h"

#define holds(condition) must(condition, "not so: %s", #condition)

static uintptr_t root;
static struct md_leak leak = { .heap = &heap, .pointer_mask = ~(uintptr_t)0 };

TestSuite(leak_running, .init = heap_start_default);

/* A block of zeroes. */
static uintptr_t *allocate(size_t size, size_t alignment, enum md_api api)
{
	struct md_call call = { .api = api, .size = size, .stack = { 1 } };
	void *block = md_heap_allocate(&heap, self, size, alignment, true, &call);

	must(block, "no block of %zu bytes", size);
	return block;
}

static uintptr_t *make(size_t size)
{
	return allocate(size, MD_ALIGNMENT, MD_API_MALLOC);
}

static struct md_zone *zone_of(const void *block)
{
	return md_page_map_zone(&heap.map, (uintptr_t)block);
}

static void protect(const struct md_zone *zone, int protection)
{
	must(mprotect((void *)zone->begin, zone->bytes, protection) == 0, "mprotect");
}

static void search(bool careful)
{
	leak.careful = careful;
	must(md_leak_begin(&leak), "no memory for a search");
	md_leak_mark(&leak, &root, 1);
	md_leak_classify(&leak, false);
}

/* Whoever frees it has its address, and whoever moves it will have that of what it holds. */
Test(leak_running, a_block_that_is_just_being_freed_or_moved_holds_what_it_held)
{
	uintptr_t *first = make(40), *second = make(200), *third = make(5000), *lost = make(16);
	struct md_zone *zone;
	struct md_record *record = md_heap_live_block(&heap, (uintptr_t)first, &zone);

	first[0] = (uintptr_t)second;
	second[0] = (uintptr_t)third;
	atomic_store(&record->state, MD_BLOCK_FREEING);
	search(true);
	holds(leak.totals[MD_LEAK_REACHABLE].blocks == 3 && leak.totals[MD_LEAK_DIRECT].blocks == 1 && leak.totals[MD_LEAK_INDIRECT].blocks == 0);
	holds(md_leak_kind_of(&leak, (uintptr_t)lost) == MD_LEAK_DIRECT);
}

Test(leak_running, the_same_is_found_with_care)
{
	uintptr_t *small = make(40), *page = make(4096), *large = make(300000), *none = allocate(8, MD_ALIGNMENT, MD_API_NEW_ARRAY);

	root = (uintptr_t)small;
	small[4] = (uintptr_t)page;
	page[511] = (uintptr_t)large;
	large[37499] = (uintptr_t)(none + 1);
	make(24)[2] = (uintptr_t)make(32);
	for (int careful = 0; careful < 2; careful++) {
		leak = (struct md_leak){ .heap = &heap, .pointer_mask = ~(uintptr_t)0 };
		search(careful);
		holds(leak.totals[MD_LEAK_REACHABLE].blocks == 4 && leak.totals[MD_LEAK_POSSIBLE].blocks == 0);
		holds(leak.totals[MD_LEAK_DIRECT].blocks == 1 && leak.totals[MD_LEAK_INDIRECT].blocks == 1);
		md_leak_end(&leak);
	}
}

/* A thread that runs may give a zone of small blocks back to the system. */
Test(leak_running, memory_that_vanishes_ends_nothing)
{
	uintptr_t *first = make(40), *second = make(200), *none = allocate(8, MD_ALIGNMENT, MD_API_NEW_ARRAY), *holder = make(5000);
	const struct md_zone *zones[] = { zone_of(first), zone_of(second), zone_of(none) };

	root = (uintptr_t)holder;
	holder[0] = (uintptr_t)first;
	holder[1] = (uintptr_t)(none + 1);
	first[0] = (uintptr_t)second;
	for (int i = 0; i < 3; i++)
		protect(zones[i], PROT_NONE);
	search(true);
	for (int i = 0; i < 3; i++)
		protect(zones[i], PROT_READ | PROT_WRITE);
	holds(md_leak_kind_of(&leak, (uintptr_t)first) == MD_LEAK_REACHABLE);
	holds(md_leak_kind_of(&leak, (uintptr_t)second) == MD_LEAK_DIRECT);
}

/* A small block with pages of its own, which the program may use as a guard. */
Test(leak_running, a_small_block_may_be_unreadable)
{
	uintptr_t *guard = allocate(100, 4096, MD_API_MEMALIGN);

	root = (uintptr_t)guard;
	must(mprotect(guard, 4096, PROT_NONE) == 0, "mprotect");
	search(false);
	must(mprotect(guard, 4096, PROT_READ | PROT_WRITE) == 0, "mprotect");
	holds(leak.totals[MD_LEAK_REACHABLE].blocks == 1);
}

static void find_path(struct md_leak_path *path, const uintptr_t *target)
{
	struct md_root_words words = { .words = &root, .count = 1, .address = (uintptr_t)&root, .kind = MD_ROOT_MEMORY };

	leak.careful = true;
	must(md_leak_begin(&leak), "no memory for a search");
	must(md_leak_path_begin(path, &leak, (uintptr_t)target), "no block");
	do
		md_leak_path_root(path, &words);
	while (md_leak_path_step(path));
	md_leak_path_finish(path);
}

Test(leak_running, a_chain_is_found_with_care)
{
	static struct md_leak_path path;
	uintptr_t *first = make(40), *second = make(200), *last = make(5000);

	for (int i = 0; i < 5000; i++) /* the zones have more bytes than are read at once */
		make(40), second = make(200);
	root = (uintptr_t)first;
	first[3] = (uintptr_t)second;
	second[7] = (uintptr_t)last;
	find_path(&path, last);
	holds(path.end == MD_LEAK_PATH_ROOT && path.link_count == 3);
	holds(path.links[0].block == (uintptr_t)first && path.links[0].offset == 24);
	holds(path.links[1].block == (uintptr_t)second && path.links[1].offset == 56);
}

Test(leak_running, a_chain_ends_where_memory_vanishes)
{
	static struct md_leak_path path;
	uintptr_t *first = make(40), *last = make(5000);
	const struct md_zone *zone = zone_of(first);

	root = (uintptr_t)first;
	first[0] = (uintptr_t)last;
	protect(zone, PROT_NONE);
	find_path(&path, last);
	protect(zone, PROT_READ | PROT_WRITE);
	holds(path.end == MD_LEAK_PATH_NOTHING && path.link_count == 1);
}
