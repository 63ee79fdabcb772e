/* SPDX-License-Identifier: MIT */
#include "src/runs.h"

#include "src/arena.h"
#include "src/os.h"
#include "tests/unit/core_fixture.h"

#define UNIT MD_UNIT_BYTES

static struct md_page_map map;
static struct md_arena arena;
static struct md_runs runs;

static void init(void)
{
	md_arena_init(&arena);
	md_runs_init(&runs, &map, &arena);
}

TestSuite(runs, .init = init);

/* Counts the free runs, after a look at everything that must hold of them. */
static size_t free_runs(void)
{
	size_t count = 0, free_bytes = 0, dirty_bytes = 0;

	for (unsigned bin = 0; bin < MD_RUN_BINS; bin++) {
		must(!runs.bins[bin] == !(runs.bins_filled >> bin & 1), "bin %u: bit and list disagree", bin);
		for (const struct md_run *run = runs.bins[bin], *previous = NULL; run; previous = run, run = run->next, count++) {
			uintptr_t end = run->begin + run->bytes;

			must(run->previous == previous, "bin %u: links disagree", bin);
			must(run->begin % UNIT == 0 && run->bytes % UNIT == 0 && run->bytes, "run of %zu bytes at %#lx", run->bytes,
				run->begin);
			must(bin < 32 ? run->bytes == (bin + 1) * UNIT : run->bytes / UNIT >> (bin - 27) == 1, "%zu bytes in bin %u",
				run->bytes, bin);
			must(md_page_map_run(&map, run->begin) == run && md_page_map_run(&map, end - UNIT) == run, "ends of %#lx",
				run->begin);
			must(!md_page_map_run(&map, run->begin - UNIT) && !md_page_map_run(&map, end), "%#lx touches another run",
				run->begin);
			for (uintptr_t addr = run->begin + UNIT; addr < end - UNIT; addr += UNIT)
				must(!md_page_map_get(&map, addr), "%#lx is marked inside of a run", addr);
			free_bytes += run->bytes;
			dirty_bytes += run->dirty ? run->bytes : 0;
		}
	}
	must(runs.free_bytes == free_bytes, "free_bytes %zu, in bins %zu", runs.free_bytes, free_bytes);
	must(runs.dirty_bytes == dirty_bytes, "dirty_bytes %zu, in bins %zu", runs.dirty_bytes, dirty_bytes);
	must(atomic_load(&runs.mapped_bytes) == atomic_load(&runs.used_bytes) + free_bytes, "mapped %zu, used %zu, free %zu",
		atomic_load(&runs.mapped_bytes), atomic_load(&runs.used_bytes), free_bytes);
	must(atomic_load(&fake_os.mapped_bytes) ==
			atomic_load(&runs.mapped_bytes) + atomic_load(&arena.mapped_bytes) + atomic_load(&map.mapped_bytes),
		"the system counts other mappings than we do");
	return count;
}

static uintptr_t take(size_t units)
{
	bool fresh;
	uintptr_t begin = md_runs_take(&runs, units * UNIT, UNIT, &fresh);

	must(begin % UNIT == 0, "%#lx", begin);
	return begin;
}

static bool reads_as_zero(uintptr_t begin, size_t bytes)
{
	const uint64_t *words = (const uint64_t *)begin;

	for (size_t i = 0; i < bytes / sizeof *words; i++)
		if (words[i])
			return false;
	return true;
}

Test(runs, a_taken_range_is_mapped_zero_and_of_no_run)
{
	bool fresh = false;
	uintptr_t begin = md_runs_take(&runs, 3 * UNIT, UNIT, &fresh);

	cr_assert(ne(ulong, begin, 0));
	cr_expect(fresh);
	cr_expect(reads_as_zero(begin, 3 * UNIT));
	memset((void *)begin, 0xff, 3 * UNIT);
	for (size_t i = 0; i < 3; i++)
		cr_expect(eq(ulong, md_page_map_get(&map, begin + i * UNIT), 0));
	cr_expect(eq(sz, atomic_load(&runs.used_bytes), 3 * UNIT));
	cr_expect(eq(sz, free_runs(), 1), "what was mapped beyond the request");
}

Test(runs, neighbours_merge_in_whatever_order_they_come_back)
{
	static const int orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	md_runs_give(&runs, take(1), UNIT, false);
	uint64_t unmaps = atomic_load(&fake_os.unmaps); /* the ends that a new mapping was cut by */

	for (int order = 0; order < 6; order++) {
		uintptr_t begin = take(6);

		cr_assert(eq(sz, free_runs(), 1));
		for (int i = 0; i < 3; i++)
			md_runs_give(&runs, begin + (uintptr_t)orders[order][i] * 2 * UNIT, 2 * UNIT, false);
		cr_assert(eq(sz, free_runs(), 1), "order %d", order);
		cr_assert(eq(sz, runs.free_bytes, atomic_load(&runs.mapped_bytes)));
	}
	cr_expect(eq(u64, atomic_load(&fake_os.unmaps), unmaps));
}

Test(runs, parts_that_do_not_touch_stay_apart)
{
	uintptr_t begin = take(5);
	size_t before = free_runs();

	md_runs_give(&runs, begin, UNIT, false);
	md_runs_give(&runs, begin + 2 * UNIT, UNIT, false);
	cr_expect(eq(sz, free_runs(), before + 2));
	md_runs_give(&runs, begin + UNIT, UNIT, false);
	cr_expect(eq(sz, free_runs(), before + 1), "the gap between two runs closes to one");
}

Test(runs, alignments_larger_than_a_unit)
{
	for (size_t alignment = UNIT; alignment <= (size_t)256 << 20; alignment *= 2) {
		for (size_t units = 1; units <= 40; units += 13) {
			bool fresh;
			uintptr_t begin = md_runs_take(&runs, units * UNIT, alignment, &fresh);

			must(begin && begin % alignment == 0, "%zu units aligned to %zu: %#lx", units, alignment, begin);
			*(char *)begin = *(char *)(begin + units * UNIT - 1) = 1; /* mapped from end to end */
			free_runs();
		}
	}
}

Test(runs, the_smallest_run_that_fits_is_taken)
{
	uintptr_t small = take(2), wall = take(1), large = take(4);

	take(runs.free_bytes / UNIT); /* nothing else is free */
	md_runs_give(&runs, large, 4 * UNIT, false);
	md_runs_give(&runs, small, 2 * UNIT, false);
	cr_expect(eq(ulong, take(2), small));
	cr_expect(eq(ulong, take(3), large));
	cr_expect(eq(ulong, take(1), large + 3 * UNIT), "the rest is of use");
	cr_expect(ne(ulong, wall, 0));
	free_runs();
}

Test(runs, written_memory_is_not_taken_for_fresh)
{
	uintptr_t begin = take(2);
	bool fresh = true;

	take(runs.free_bytes / UNIT);
	memset((void *)begin, 0xff, 2 * UNIT);
	md_runs_give(&runs, begin, 2 * UNIT, true);
	cr_assert(eq(ulong, md_runs_take(&runs, UNIT, UNIT, &fresh), begin));
	cr_expect(not(fresh), "a part of a dirty run is dirty");
	md_runs_give(&runs, begin, UNIT, false); /* clean, but it joins what is not */
	cr_assert(eq(sz, free_runs(), 1));
	cr_assert(eq(ulong, md_runs_take(&runs, 2 * UNIT, UNIT, &fresh), begin));
	cr_expect(not(fresh));
}

/* A random life: nothing overlaps, what is said to be fresh reads as zero, and in the end all is one run for each mapping. */
Test(runs, random_takes_and_gives)
{
	static struct {
		uintptr_t begin;
		size_t bytes;
		bool dirty;
	} taken[300];
	size_t count = 0;
	uint64_t random = 42;

	for (int step = 0; step < 20000; step++) {
		if (count < 300 && random_below(&random, 100) < 55) {
			size_t bytes = (1 + random_below(&random, step % 10 ? 6 : 100)) * UNIT,
			       alignment = UNIT << (step % 50 ? 0 : random_below(&random, 6));
			bool fresh, written = random_below(&random, 2);
			uintptr_t begin = md_runs_take(&runs, bytes, alignment, &fresh);

			must(begin && begin % alignment == 0, "step %d: %#lx", step, begin);
			for (size_t i = 0; i < count; i++)
				must(begin >= taken[i].begin + taken[i].bytes || taken[i].begin >= begin + bytes, "step %d: taken twice",
					step);
			must(!fresh || reads_as_zero(begin, bytes), "step %d: fresh memory that was written", step);
			if (written)
				memset((void *)begin, 0xff, bytes);
			taken[count].begin = begin;
			taken[count].bytes = bytes;
			taken[count++].dirty = written || !fresh;
		} else if (count) {
			size_t i = random_below(&random, count);

			md_runs_give(&runs, taken[i].begin, taken[i].bytes, taken[i].dirty);
			taken[i] = taken[--count];
		}
		if (step % 64 == 0)
			free_runs();
	}
	while (count--)
		md_runs_give(&runs, taken[count].begin, taken[count].bytes, taken[count].dirty);
	free_runs();
	cr_expect(eq(sz, atomic_load(&runs.used_bytes), 0));
	md_runs_trim(&runs, 0);
	cr_expect(eq(sz, free_runs(), 0));
	cr_expect(eq(sz, atomic_load(&runs.mapped_bytes), 0));
	cr_expect(eq(ulong, md_page_map_next(&map, 0), 0));
}

Test(runs, extend_takes_exactly_what_follows)
{
	uintptr_t begin = take(8);
	bool fresh = false;

	md_runs_give(&runs, begin + 2 * UNIT, 3 * UNIT, false);
	size_t before = free_runs();

	cr_expect(not(md_runs_extend(&runs, begin + 2 * UNIT, 4 * UNIT, &fresh)), "more than the run has");
	cr_expect(not(md_runs_extend(&runs, begin + 3 * UNIT, UNIT, &fresh)), "the run does not begin there");
	cr_expect(not(md_runs_extend(&runs, begin + 4 * UNIT, UNIT, &fresh)), "nor at its last unit");
	cr_expect(not(md_runs_extend(&runs, begin, UNIT, &fresh)), "taken");
	cr_expect(not(md_runs_extend(&runs, (uintptr_t)1 << 40, UNIT, &fresh)), "nobody's");
	cr_assert(md_runs_extend(&runs, begin + 2 * UNIT, 2 * UNIT, &fresh));
	cr_expect(fresh);
	cr_expect(eq(sz, free_runs(), before), "one unit is left of it");
	cr_assert(md_runs_extend(&runs, begin + 4 * UNIT, UNIT, &fresh));
	cr_expect(eq(sz, free_runs(), before - 1));
	md_runs_give(&runs, begin, 8 * UNIT, false);
	cr_expect(eq(sz, atomic_load(&runs.used_bytes), 0));
	free_runs();
}

Test(runs, trim_gives_back_what_is_free_and_nothing_else)
{
	uintptr_t begin = take(4);

	memset((void *)begin, 7, 4 * UNIT);
	md_runs_give(&runs, begin + UNIT, UNIT, true);
	size_t mapped = atomic_load(&runs.mapped_bytes), free_bytes = runs.free_bytes;

	cr_expect(eq(sz, md_runs_trim(&runs, free_bytes), 0), "all of it may stay");
	cr_expect(eq(sz, md_runs_trim(&runs, 0), free_bytes));
	cr_expect(eq(sz, free_runs(), 0));
	cr_expect(eq(sz, atomic_load(&runs.mapped_bytes), mapped - free_bytes));
	cr_expect(eq(int, ((char *)begin)[0], 7));
	cr_expect(eq(int, ((char *)begin)[4 * UNIT - 1], 7));
	cr_expect(ne(ulong, take(1), 0), "and the next request maps anew");
	free_runs();
}

Test(runs, a_range_whose_pages_moved_away_is_forgotten)
{
	uintptr_t begin = take(4), to = take(3);
	size_t mapped = atomic_load(&runs.mapped_bytes);

	memset((void *)begin, 'm', 4 * UNIT);
	md_page_map_set(&map, begin, 4 * UNIT, 64);
	cr_assert(md_runs_move(&runs, begin, 4 * UNIT, to, 3 * UNIT));
	cr_expect(eq(sz, atomic_load(&runs.mapped_bytes), mapped - 4 * UNIT));
	for (size_t i = 0; i < 4; i++)
		cr_expect(eq(ulong, md_page_map_get(&map, begin + i * UNIT), 0));
	const char *moved = (const char *)to;

	cr_expect(moved[0] == 'm' && moved[3 * UNIT - 1] == 'm');
	free_runs();
}

Test(runs, a_refused_move_changes_nothing)
{
	uintptr_t begin = take(4), to = take(4);

	memset((void *)begin, 'm', 4 * UNIT);
	md_page_map_set(&map, begin, 4 * UNIT, 64);
	atomic_store(&fake_os.refuse_move, true);
	cr_expect(not(md_runs_move(&runs, begin, 4 * UNIT, to, 4 * UNIT)));
	atomic_store(&fake_os.refuse_move, false);
	md_runs_watch_begin(&runs);
	cr_expect(not(md_runs_move(&runs, begin, 4 * UNIT, to, 4 * UNIT)), "somebody watches");
	md_runs_watch_end(&runs);
	cr_expect(eq(ulong, md_page_map_get(&map, begin), 64));
	const char *kept = (const char *)begin;

	cr_expect(kept[0] == 'm' && kept[4 * UNIT - 1] == 'm');
	free_runs();
}

/* Who watches may read whatever the page map named at the time, even if it is given up meanwhile. */
Test(runs, nothing_is_unmapped_while_somebody_watches)
{
	uintptr_t begin = take(200);
	uint64_t unmaps = atomic_load(&fake_os.unmaps);

	memset((void *)begin, 'w', 200 * UNIT);
	md_runs_watch_begin(&runs);
	md_runs_watch_begin(&runs);
	md_runs_give(&runs, begin, 200 * UNIT, true);
	md_runs_trim(&runs, 0);
	md_runs_watch_end(&runs);
	md_runs_trim(&runs, 0);
	cr_expect(eq(u64, atomic_load(&fake_os.unmaps), unmaps));
	cr_expect(ne(int, *(volatile char *)(begin + 100), 1), "it can be read");
	free_runs();
	md_runs_watch_end(&runs);
	md_runs_trim(&runs, 0);
	cr_expect(gt(u64, atomic_load(&fake_os.unmaps), unmaps));
	cr_expect(eq(sz, free_runs(), 0));
}

Test(runs, used_memory_beyond_a_share_is_dropped)
{
	uintptr_t begin = take(512);

	memset((void *)begin, 0xff, 512 * UNIT);
	for (size_t i = 0; i < 512; i += 2) /* single units that cannot merge */
		md_runs_give(&runs, begin + i * UNIT, UNIT, true);
	free_runs();
	size_t keep = atomic_load(&runs.used_bytes) / 8;

	cr_expect(runs.dirty_bytes <= (keep > runs.keep_dirty_bytes ? keep : runs.keep_dirty_bytes), "%zu are kept", runs.dirty_bytes);
	cr_expect(gt(u64, atomic_load(&fake_os.drops), 0));
	for (size_t i = 1; i < 512; i += 2)
		must(*(unsigned char *)(begin + i * UNIT) == 0xff && *(unsigned char *)(begin + (i + 1) * UNIT - 1) == 0xff,
			"unit %zu is not free", i);
	md_runs_trim(&runs, 0);
}

/* Locked memory: its pages cannot be dropped, and what was not dropped must not be called clean. */
Test(runs, the_system_refuses_to_drop)
{
	uintptr_t begin = take(512);
	bool fresh;

	atomic_store(&fake_os.refuse_drop, true);
	memset((void *)begin, 0xff, 512 * UNIT);
	for (size_t i = 0; i < 512; i += 2)
		md_runs_give(&runs, begin + i * UNIT, UNIT, true);
	free_runs();
	cr_expect(eq(sz, runs.dirty_bytes, 256 * UNIT));
	for (int i = 0; i < 256; i++) {
		uintptr_t again = md_runs_take(&runs, UNIT, UNIT, &fresh);

		must(again && (!fresh || reads_as_zero(again, UNIT)), "fresh memory that was written");
	}
	free_runs();
}

/* Whichever call is refused, a request then fails or is served, all counts stay true, and the next one is served. */
Test(runs, the_system_refuses_the_nth_mapping)
{
	for (uint64_t nth = 1; nth <= 6; nth++) {
		for (uint64_t in_row = 1; in_row <= 3; in_row++) {
			static const size_t units[] = { 1, 7, 100, 3000 };

			fake_os_refuse_maps(nth, in_row);
			for (int i = 0; i < 4; i++) {
				bool fresh;
				size_t alignment = UNIT << 2 * i;
				uintptr_t begin = md_runs_take(&runs, units[i] * UNIT, alignment, &fresh);

				must(begin % alignment == 0, "%#lx", begin);
				if (begin)
					*(char *)begin = *(char *)(begin + units[i] * UNIT - 1) = 1;
				free_runs();
			}
			fake_os_allow_all();
			must(take(2), "the system refuses nothing any more");
			md_runs_trim(&runs, 0);
		}
	}
}

/* Without memory for its record a range that comes back goes to the system, not into limbo. */
Test(runs, no_record_for_a_free_range)
{
	uintptr_t begin = take(100);

	while (md_arena_take(&arena, 16, 16) && arena.end - arena.cursor >= 16) /* the arena's chunk is used up */
		;
	fake_os_refuse_maps(1, UINT64_MAX);
	while (runs.unused)
		runs.unused = runs.unused->next;
	size_t mapped = atomic_load(&runs.mapped_bytes);

	for (size_t i = 0; i < 50; i += 2) {
		md_runs_give(&runs, begin + i * UNIT, UNIT, true);
		free_runs();
	}
	cr_expect(eq(sz, atomic_load(&runs.mapped_bytes), mapped - 25 * UNIT));
	fake_os_allow_all();
	for (size_t i = 1; i < 50; i += 2)
		md_runs_give(&runs, begin + i * UNIT, UNIT, true);
	free_runs();
}

Test(runs, requests_that_no_system_can_serve)
{
	bool fresh;
	uint64_t begin = md_os_nanoseconds();

	cr_expect(eq(ulong, md_runs_take(&runs, (size_t)1 << 46, UNIT, &fresh), 0));
	cr_expect(eq(ulong, md_runs_take(&runs, (size_t)1 << 48, UNIT, &fresh), 0));
	cr_expect(eq(ulong, md_runs_take(&runs, UNIT, (size_t)1 << 47, &fresh), 0));
	free_runs();
	cr_expect(lt(u64, md_os_nanoseconds() - begin, 1000000000), "refused at once");
}
