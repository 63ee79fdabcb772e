/* SPDX-License-Identifier: MIT */
#include "src/inspect.h"

#include "tests/unit/heap_unit.h"

TestSuite(inspect, .init = heap_start_default);

static struct md_block_view view_of(uintptr_t addr)
{
	struct md_block_view block;

	memset(&block, 0xff, sizeof block);
	md_inspect_address(&heap, addr, &block);
	return block;
}

static const struct md_zone *zone_of(const void *user)
{
	return md_page_map_zone(&heap.map, (uintptr_t)user);
}

/* Three blocks side by side: every byte belongs to the block whose slot it lies in; the red zone between two is the left one's. */
Test(inspect, every_byte_has_its_owner)
{
	for (size_t size = 0; size <= 200; size += 7) {
		unsigned char *users[3];

		for (int i = 0; i < 3; i++)
			users[i] = heap_malloc(&heap, self, size);
		size_t slot = zone_of(users[0])->slot_bytes;

		must(users[1] == users[0] + slot && users[2] == users[1] + slot, "%zu: not neighbours", size);
		for (uintptr_t addr = (uintptr_t)users[0]; addr < (uintptr_t)users[2] + slot; addr++) {
			size_t i = (addr - (uintptr_t)users[0]) / slot;
			struct md_block_view block = view_of(addr);

			must(block.valid && block.user == (uintptr_t)users[i] && block.size == size, "%zu: %#lx is of %#lx", size, addr,
				block.user);
			must(block.begin == (uintptr_t)users[i] - MD_REDZONE_BYTES && block.end == (uintptr_t)users[i] + slot,
				"%zu: begin and end", size);
			must(block.redzone_rear >= block.user + size && block.end - block.redzone_rear >= MD_REDZONE_BYTES,
				"%zu: rear red zone", size);
			must(block.state == MD_BLOCK_LIVE && block.zone_begin == zone_of(users[0])->begin, "%zu", size);
		}
	}
}

/* Before the first slot of a zone nobody's red zone ends: it is the first block's. */
Test(inspect, the_front_of_a_zone_belongs_to_its_first_block)
{
	unsigned char *user = heap_malloc(&heap, self, 40);
	const struct md_zone *zone = zone_of(user);

	cr_assert(eq(ulong, (uintptr_t)user, zone->first_slot));
	for (uintptr_t addr = zone->begin; addr < zone->first_slot; addr++)
		must(view_of(addr).user == (uintptr_t)user, "%#lx", addr);
}

/* What is left at the end of a full zone, too small for a slot, is put down to the last block: it is the nearest. */
Test(inspect, the_rest_of_a_zone_belongs_to_its_last_block)
{
	unsigned char *user = heap_malloc(&heap, self, 1500);
	const struct md_zone *zone = zone_of(user);
	uintptr_t end = md_zone_slot_begin(zone, zone->slot_count);

	for (uint32_t i = 1; i < zone->slot_count; i++)
		user = heap_malloc(&heap, self, 1500);
	cr_assert(lt(ulong, end, zone->begin + zone->bytes), "there is a rest");
	for (uintptr_t addr = end; addr < zone->begin + zone->bytes; addr++)
		must(view_of(addr).user == (uintptr_t)user, "%#lx", addr);
}

/* A slot that was never used has no owner, but for the red zone of the used one behind it. */
Test(inspect, slots_never_used)
{
	unsigned char *first = heap_malloc(&heap, self, 40), *second = heap_malloc(&heap, self, 40), *third = heap_malloc(&heap, self, 40);
	const struct md_zone *zone = zone_of(first);
	uintptr_t unused = (uintptr_t)third + zone->slot_bytes;

	(void)second;
	for (uintptr_t addr = unused; addr < zone->begin + zone->bytes; addr++)
		must(!view_of(addr).valid, "%#lx, never handed out, is of %#lx", addr, view_of(addr).user);
	/* The third was used and the second not, as far as their records tell: */
	md_page_map_zone(&heap.map, (uintptr_t)second)->records[1] = (struct md_record){ 0 };
	for (uintptr_t addr = (uintptr_t)second; addr < (uintptr_t)third; addr++) {
		struct md_block_view block = view_of(addr);

		if (addr < (uintptr_t)third - MD_REDZONE_BYTES)
			must(!block.valid, "%#lx", addr);
		else
			must(block.valid && block.user == (uintptr_t)third, "%#lx", addr);
	}
}

Test(inspect, addresses_that_are_not_ours)
{
	static char global;
	char local;
	const uintptr_t addrs[] = { 0, 1, 4096, (uintptr_t)&global, (uintptr_t)&local, (uintptr_t)&heap, (uintptr_t)1 << 47, UINTPTR_MAX };

	heap_malloc(&heap, self, 10);
	for (size_t i = 0; i < sizeof addrs / sizeof *addrs; i++)
		cr_expect(not(view_of(addrs[i]).valid), "%#lx", addrs[i]);
}

Test(inspect, large_and_aligned_blocks)
{
	static const struct {
		size_t size, alignment;
	} rows[] = { { 40000, 16 }, { 1 << 20, 16 }, { 100, 64 }, { 1000, 1024 }, { 10, 4096 }, { 100000, 1 << 20 } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned char *user = heap_memalign(&heap, self, rows[i].alignment, rows[i].size);
		struct md_block_view own = view_of((uintptr_t)user);

		must(own.valid && own.user == (uintptr_t)user && own.size == rows[i].size, "row %zu", i);
		for (uintptr_t addr = own.begin + (zone_of(user)->kind == MD_ZONE_LARGE ? 0 : MD_REDZONE_BYTES); addr < own.end; addr += 13)
			must(view_of(addr).user == (uintptr_t)user, "row %zu: %#lx", i, addr);
	}
}

Test(inspect, a_freed_block_keeps_its_story)
{
	unsigned char *user = heap_malloc(&heap, self, 40);

	heap_free(&heap, self, user);
	cr_expect(view_of((uintptr_t)user + 3).state == MD_BLOCK_QUARANTINED);
	md_heap_evict(&heap, self, 0);
	struct md_block_view block = view_of((uintptr_t)user + 3);

	cr_expect(block.valid && block.state == MD_BLOCK_CACHED && block.size == 40 && block.free_api == MD_API_FREE);
	md_heap_purge_thread(&heap, self, true);
	block = view_of((uintptr_t)user + 3);
	cr_expect(block.valid && block.state == MD_BLOCK_FREE && block.size == 40 && block.free_api == MD_API_FREE);
}

Test(inspect, neighbours)
{
	unsigned char *users[3];
	struct md_block_view before, after, block;

	for (int i = 0; i < 3; i++)
		users[i] = heap_malloc(&heap, self, 40);
	for (int i = 0; i < 3; i++) {
		block = view_of((uintptr_t)users[i]);
		md_inspect_neighbours(&heap, &block, &before, &after);
		cr_expect(eq(ulong, before.user, i > 0 ? (uintptr_t)users[i - 1] : 0));
		cr_expect(eq(ulong, after.user, i < 2 ? (uintptr_t)users[i + 1] : 0));
		cr_expect(before.valid == (i > 0) && after.valid == (i < 2));
	}
	block = view_of((uintptr_t)heap_malloc(&heap, self, 100000));
	md_inspect_neighbours(&heap, &block, &before, &after);
	cr_expect(not(before.valid || after.valid), "a large block has none");
	block = (struct md_block_view){ 0 };
	md_inspect_neighbours(&heap, &block, &before, &after);
	cr_expect(not(before.valid || after.valid), "no block has none");
}

static unsigned char data[8192], marks[8192], expected[8192];

static void mark(uintptr_t addr, size_t bytes)
{
	memcpy(data, (const void *)addr, bytes);
	memset(marks, 0xff, sizeof marks);
	memset(expected, 0xff, sizeof expected);
	md_inspect_bytes(&heap, addr, bytes, data, marks, expected);
}

Test(inspect, marks_of_a_live_block_of_every_size)
{
	for (size_t size = 0; size <= 300; size++) {
		unsigned char *user = heap_malloc(&heap, self, size);
		struct md_block_view block = view_of((uintptr_t)user);
		size_t bytes = block.end - block.begin;

		memset(user, 'u', size);
		mark(block.begin, bytes);
		for (size_t i = 0; i < bytes; i++) {
			uintptr_t addr = block.begin + i;
			unsigned char right = addr < block.user ? MD_MARK_REDZONE
				: addr < block.user + size      ? MD_MARK_USER
				: addr < block.redzone_rear     ? MD_MARK_SLACK
								: MD_MARK_REDZONE;

			must(marks[i] == right, "%zu bytes: mark %#x at %td", size, marks[i], (ptrdiff_t)(addr - block.user));
			must(expected[i] == data[i], "%zu bytes: expected at %td", size, (ptrdiff_t)(addr - block.user));
		}
		if (size % 3 == 0) /* blocks in different states as neighbours */
			heap_free(&heap, self, user);
	}
}

Test(inspect, marks_of_damage)
{
	unsigned char *user = heap_malloc(&heap, self, 21), *freed = heap_malloc(&heap, self, 21);
	struct md_block_view block = view_of((uintptr_t)user);
	unsigned char slack = user[21], rear = user[block.end - block.user - 1], front = user[-3];

	heap_free(&heap, self, freed);
	user[21] ^= 1;
	user[block.end - block.user - 1] ^= 2;
	user[-3] ^= 4;
	freed[20] ^= 8;
	mark((uintptr_t)user - 16, 128);
	cr_expect(marks[16 + 21] == (MD_MARK_SLACK | MD_MARK_DAMAGED) && expected[16 + 21] == slack);
	cr_expect(marks[16 + block.end - block.user - 1] == (MD_MARK_REDZONE | MD_MARK_DAMAGED) &&
		expected[16 + block.end - block.user - 1] == rear);
	cr_expect(marks[13] == (MD_MARK_REDZONE | MD_MARK_DAMAGED) && expected[13] == front);
	size_t at = 16 + (size_t)(freed - user);

	cr_expect(eq(int, marks[at], MD_MARK_FREED));
	cr_expect(marks[at + 20] == (MD_MARK_FREED | MD_MARK_DAMAGED) && expected[at + 20] == heap.config.fill_free_byte);
	for (size_t i = 0; i < 128; i++)
		must(!(marks[i] & MD_MARK_DAMAGED) == (i != 13 && i != 16 + 21 && i != 16 + block.end - block.user - 1 && i != at + 20),
			"byte %zu", i);
}

/* Without the copy of a big freed block's dropped part nothing is promised about it. */
Test(inspect, marks_of_a_freed_block_beyond_its_fill)
{
	unsigned char *user = heap_malloc(&heap, self, 6000);

	memset(user, 'u', 6000);
	heap_free(&heap, self, user);
	mark((uintptr_t)user, 6000);
	for (size_t i = 0; i < 6000; i++)
		must(marks[i] == MD_MARK_FREED, "byte %zu: %#x", i, marks[i]);
}

Test(inspect, marks_of_a_big_freed_block_whose_pages_went_back)
{
	unsigned char *user = heap_malloc(&heap, self, 200000);
	struct md_block_view block = view_of((uintptr_t)user);

	memset(user, 'u', 200000);
	heap_free(&heap, self, user);
	cr_assert(ne(int, view_of((uintptr_t)user).flags &MD_BLOCK_DROPPED, 0));
	for (uintptr_t addr = block.begin; addr < block.end; addr += 4096) {
		size_t bytes = block.end - addr < 4096 ? block.end - addr : 4096;

		mark(addr, bytes);
		for (size_t i = 0; i < bytes; i++)
			must(!(marks[i] & MD_MARK_DAMAGED), "byte at %td of 200000", (ptrdiff_t)(addr + i - block.user));
	}
	user[100] ^= 1;
	mark((uintptr_t)user, 200);
	cr_expect(eq(int, marks[100], MD_MARK_FREED | MD_MARK_DAMAGED));
}

Test(inspect, marks_of_memory_without_a_block)
{
	unsigned char *user = heap_malloc(&heap, self, 40);
	const struct md_zone *zone = zone_of(user);
	static unsigned char own[64];

	mark(md_zone_slot_begin(zone, zone->slot_count - 1), 64);
	for (size_t i = 0; i < 64; i++)
		must(marks[i] == MD_MARK_FREE && expected[i] == data[i], "byte %zu", i);
	mark((uintptr_t)own, 64);
	for (size_t i = 0; i < 64; i++)
		must(marks[i] == MD_MARK_OTHER && expected[i] == data[i], "byte %zu", i);
}

/* A copy that ends in one zone and begins in another, or in none. */
Test(inspect, marks_over_the_end_of_a_zone)
{
	unsigned char *user = heap_malloc(&heap, self, 40);
	const struct md_zone *zone = zone_of(user);
	uintptr_t end = zone->begin + zone->bytes;

	memset(data, 0, sizeof data);
	md_inspect_bytes(&heap, end - 32, 64, data, marks, expected);
	cr_expect(eq(int, marks[0], MD_MARK_FREE));
	cr_expect(eq(int, marks[63], MD_MARK_OTHER));
}

Test(inspect, zones_in_order_of_address)
{
	uintptr_t last = 0;
	size_t count = 0, bytes = 0;

	for (size_t size = 1; size < 200000; size = size * 3 / 2 + 1)
		heap_malloc(&heap, self, size);
	for (const struct md_zone *zone; (zone = md_inspect_zone_from(&heap, last)); last = zone->begin + zone->bytes) {
		struct md_zone_view view;

		must(zone->begin >= last, "zone at %#lx", zone->begin);
		md_inspect_zone(&heap, zone, &view);
		must(view.live + view.cached + view.quarantined + view.free == view.slot_count, "zone at %#lx: slots were lost",
			zone->begin);
		must(view.begin == zone->begin && view.end == zone->begin + zone->bytes && view.slots_untouched <= view.free,
			"zone at %#lx", zone->begin);
		count++;
		bytes += zone->bytes;
	}
	cr_expect(gt(sz, count, 15));
	cr_expect(eq(sz, bytes, atomic_load(&heap.runs.used_bytes)));
}

/* Slots and runs of slots must tell the same of every zone, in whatever state it is. */
Test(inspect, runs_of_slots_add_up)
{
	static void *users[2000];
	uint64_t random = 4;
	size_t zones = 0;

	for (int i = 0; i < 2000; i++)
		users[i] = heap_malloc(&heap, self, random_below(&random, i % 50 ? 400 : 100000));
	for (int i = 0; i < 2000; i++)
		if (random_below(&random, 3))
			heap_free(&heap, self, users[i]);
	for (uintptr_t from = 0;; zones++) {
		const struct md_zone *zone = md_inspect_zone_from(&heap, from);
		static unsigned char states[100000];
		struct md_run_view run, last = { 0 };
		struct md_zone_view view;
		size_t slots = 0, user_bytes = 0, live = 0;
		uint32_t slot = 0;

		if (!zone)
			break;
		from = zone->begin + zone->bytes;
		md_inspect_zone(&heap, zone, &view);
		must(md_inspect_slot_states(zone, 0, states, sizeof states) == zone->slot_count, "states");
		while (md_inspect_next_run(&heap, zone, &slot, &run)) {
			must(run.slots && slot == slots + run.slots, "run at %#lx", run.begin);
			must(!last.slots || (last.end == run.begin && (last.state != run.state || last.damaged != run.damaged)),
				"runs at %#lx", run.begin);
			for (size_t i = 0; i < run.slots; i++)
				must((states[slots + i] & 0x7f) == run.state && !(states[slots + i] & 0x80) == !run.damaged, "slot %zu",
					slots + i);
			slots += run.slots;
			if (run.state == MD_BLOCK_LIVE) {
				live += run.slots;
				user_bytes += run.user_bytes;
			}
			last = run;
		}
		must(slots == zone->slot_count && live == view.live && user_bytes == view.user_bytes, "zone at %#lx", zone->begin);
	}
	cr_expect(gt(sz, zones, 10));
}

Test(inspect, states_may_be_asked_for_in_parts)
{
	unsigned char all[2000], part[2000];
	const struct md_zone *zone = zone_of(heap_malloc(&heap, self, 40));

	for (int i = 0; i < 100; i++)
		heap_free(&heap, self, heap_malloc(&heap, self, 40));
	size_t count = md_inspect_slot_states(zone, 0, all, sizeof all), got = 0;

	cr_expect(eq(sz, count, zone->slot_count));
	while (got < count)
		got += md_inspect_slot_states(zone, (uint32_t)got, part + got, 7);
	cr_expect(eq(int, memcmp(all, part, count), 0));
	cr_expect(eq(sz, md_inspect_slot_states(zone, zone->slot_count, part, 7), 0));
}

Test(inspect, damage_shows_in_the_states)
{
	unsigned char *user = heap_malloc(&heap, self, 40);
	const struct md_zone *zone = zone_of(user);
	struct md_run_view run;
	unsigned char state;
	uint32_t slot = 0;

	user[40] ^= 1;
	heap_free(&heap, self, user);
	self->findings.count = 0;
	md_inspect_slot_states(zone, md_zone_slot_at(zone, (uintptr_t)user), &state, 1);
	cr_expect(eq(int, state, MD_BLOCK_QUARANTINED | 0x80));
	cr_assert(md_inspect_next_run(&heap, zone, &slot, &run));
	cr_expect(run.damaged && run.slots == 1);
}

Test(inspect, totals_add_up)
{
	static void *users[3000];
	static size_t sizes[3000];
	uint64_t random = 8, live_bytes = 0, live = 0;
	struct md_heap_totals totals;

	for (int i = 0; i < 3000; i++) {
		sizes[i] = random_below(&random, i % 100 ? 3000 : 300000);
		users[i] = heap_malloc(&heap, self, sizes[i]);
	}
	for (int i = 0; i < 3000; i++) {
		if (i % 3) {
			live++;
			live_bytes += sizes[i];
		} else {
			heap_free(&heap, self, users[i]);
		}
	}
	md_inspect_totals(&heap, &totals);
	cr_expect(eq(u64, totals.live_blocks, live));
	cr_expect(eq(u64, totals.live_bytes, live_bytes));
	cr_expect(eq(u64, totals.quarantined_blocks, self->quarantine.blocks + self->aged.blocks));
	cr_expect(eq(u64, totals.free_run_bytes, heap.runs.free_bytes));
	cr_expect(ge(u64, totals.free_run_bytes, totals.free_run_largest * (totals.free_runs > 0)));
	cr_expect(eq(u64, totals.mapped_bytes, atomic_load(&heap.runs.used_bytes) + totals.free_run_bytes));
	cr_expect(gt(u64, totals.slot_overhead_bytes, live * MD_REDZONE_BYTES));
	cr_expect(gt(u64, totals.metadata_bytes, 0));
	size_t cached = 0;

	for (unsigned i = 0; i < MD_CLASS_COUNT; i++)
		cached += self->caches[i].count;
	cr_expect(eq(u64, totals.cached_slots, cached));
}

Test(inspect, counters_of_all_threads)
{
	struct md_thread *second = md_heap_thread_begin(&heap, 2);
	struct md_counters counters;
	void *user = heap_malloc(&heap, self, 100), *kept = heap_malloc(&heap, second, 50);

	heap_free(&heap, second, user);
	kept = heap_realloc(&heap, second, kept, 70);
	heap_malloc(&heap, self, SIZE_MAX);
	md_inspect_counters(&heap, &counters);
	cr_expect(eq(u64, counters.allocations, 3));
	cr_expect(eq(u64, counters.frees, 2));
	cr_expect(eq(u64, counters.reallocations, 1));
	cr_expect(eq(u64, counters.failed, 1));
	cr_expect(eq(u64, counters.live_blocks, 1));
	cr_expect(eq(u64, counters.live_bytes, 70));
	cr_expect(eq(u64, counters.threads, 2));
	cr_expect(ge(u64, counters.peak_bytes, 2 * MD_UNIT_BYTES));
}

/* --- checks ------------------------------------------------------------------ */

Test(inspect, a_check_of_the_whole_heap)
{
	struct md_check_cursor cursor = { 0 };
	struct md_call call = { .api = MD_API_CHECK };
	unsigned char *live = heap_malloc(&heap, self, 40), *freed = heap_malloc(&heap, self, 40),
		      *large = heap_malloc(&heap, self, 100000);

	heap_free(&heap, self, freed);
	cr_expect(not(md_check_heap(&heap, self, &cursor, MD_NOTICED_ON_REQUEST, &call)));
	expect_no_finding("no mistake was made");
	live[40] ^= 1;
	cursor = (struct md_check_cursor){ 0 };
	cr_expect(not(md_check_heap(&heap, self, &cursor, MD_NOTICED_ON_REQUEST, &call)));
	expect_damage(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_ON_REQUEST, (uintptr_t)live + 40, 1, live, 40, "live");
	freed[3] ^= 1;
	cursor = (struct md_check_cursor){ 0 };
	cr_expect(not(md_check_heap(&heap, self, &cursor, MD_NOTICED_PERIODICALLY, &call)));
	expect_damage(MD_ERROR_HEAP_USE_AFTER_FREE, MD_NOTICED_PERIODICALLY, (uintptr_t)freed + 3, 1, freed, 40, "freed");
	large[-1] ^= 1;
	cursor = (struct md_check_cursor){ 0 };
	cr_expect(not(md_check_heap(&heap, self, &cursor, MD_NOTICED_AT_EXIT, &call)));
	expect_damage(MD_ERROR_HEAP_BUFFER_UNDERFLOW, MD_NOTICED_AT_EXIT, (uintptr_t)large - 1, 1, large, 100000, "large");
	heap_free(&heap, self, live);
	heap_free(&heap, self, large);
	heap_purge(&heap, self);
	expect_no_finding("all was repaired");
	cr_expect(eq(u64, atomic_load(&heap.checks), 4));
}

Test(inspect, a_check_with_more_findings_than_fit)
{
	static unsigned char *users[50];
	struct md_check_cursor cursor = { 0 };
	struct md_call call = { .api = MD_API_CHECK };
	unsigned found = 0, rounds = 0;

	for (int i = 0; i < 50; i++) {
		users[i] = heap_malloc(&heap, self, 40);
		users[i][40] ^= 1;
	}
	for (bool more = true; more; rounds++) {
		more = md_check_heap(&heap, self, &cursor, MD_NOTICED_ON_REQUEST, &call);
		for (unsigned i = 0; i < self->findings.count; i++, found++)
			must(self->findings.list[i].addr == (uintptr_t)users[found] + 40, "finding %u", found);
		self->findings.count = self->findings.dropped = 0;
		must(rounds < 100, "no end");
	}
	cr_expect(eq(uint, found, 50));
	cursor = (struct md_check_cursor){ 0 };
	cr_expect(not(md_check_heap(&heap, self, &cursor, MD_NOTICED_ON_REQUEST, &call)));
	expect_no_finding("each is told once");
}

Test(inspect, a_check_of_one_block)
{
	struct md_call call = { .api = MD_API_CHECK };
	unsigned char *user = heap_malloc(&heap, self, 40), *other = heap_malloc(&heap, self, 40),
		      *large = heap_malloc(&heap, self, 100000);

	user[41] ^= 1;
	large[100000] ^= 1;
	cr_expect(md_check_block(&heap, self, (uintptr_t)other + 5, MD_NOTICED_ON_REQUEST, &call));
	expect_no_finding("another block");
	cr_expect(md_check_block(&heap, self, (uintptr_t)user + 39, MD_NOTICED_ON_REQUEST, &call));
	expect_damage(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_ON_REQUEST, (uintptr_t)user + 41, 1, user, 40, "one block");
	cr_expect(md_check_block(&heap, self, (uintptr_t)large + 50000, MD_NOTICED_ON_REQUEST, &call));
	expect_damage(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_ON_REQUEST, (uintptr_t)large + 100000, 1, large, 100000, "a large block");
	cr_expect(not(md_check_block(&heap, self, (uintptr_t)&call, MD_NOTICED_ON_REQUEST, &call)));
	cr_expect(not(md_check_block(&heap, self, 0, MD_NOTICED_ON_REQUEST, &call)));
	cr_expect(not(md_check_block(&heap, self, zone_of(user)->begin + zone_of(user)->bytes - 1, MD_NOTICED_ON_REQUEST, &call)),
		"never handed out");
	expect_no_finding("no block");
}
