/* SPDX-License-Identifier: MIT
 *
 * Profiles as data: rows by stack, what is counted, and the moments that a series keeps.
 */
#include "src/profile.h"

#include "src/clock.h"
#include "tests/unit/heap_unit.h"

#define holds(condition) must(condition, "not so: %s", #condition)

static struct md_profile_counts counts;
static struct md_series series;

/* A heap that counts, from its first thread on. */
static void start_counting(void)
{
	struct md_heap_config config = heap_config_default();

	counts = (struct md_profile_counts){ .counting = true, .arena = &heap.arena, .threaded = &heap.threaded };
	atomic_store(&counts.due, UINT64_MAX);
	must(md_heap_init(&heap, &config), "no memory for a heap");
	heap.profile = &counts;
	self = md_heap_thread_begin(&heap, md_os_thread());
	must(self, "no memory for a thread");
}

TestSuite(profile, .init = start_counting);

static void *allocate_from(uint32_t stack, size_t size)
{
	struct md_call call = { .api = MD_API_MALLOC, .size = size, .stack = { stack } };
	void *block = md_heap_allocate(&heap, self, size, MD_ALIGNMENT, false, &call);

	must(block, "no block of %zu bytes", size);
	return block;
}

static struct md_profile_row row_of(const struct md_profile *profile, uint32_t stack)
{
	for (size_t i = 0; i < profile->row_count; i++)
		if (profile->rows[i].stack == stack)
			return profile->rows[i];
	return (struct md_profile_row){ 0 };
}

static void expect_row(const struct md_profile *profile, uint32_t stack, uint64_t live_blocks, uint64_t live_bytes, uint64_t all_blocks,
	uint64_t all_bytes)
{
	struct md_profile_row row = row_of(profile, stack);

	must(row.live_blocks == live_blocks && row.live_bytes == live_bytes && row.all_blocks == all_blocks && row.all_bytes == all_bytes,
		"stack %u: %lu blocks, %lu bytes live, %lu, %lu in all", stack, row.live_blocks, row.live_bytes, row.all_blocks, row.all_bytes);
}

Test(profile, tells_live_and_all)
{
	uint32_t far = 3u << MD_STACK_CHUNK_BITS; /* in another chunk */
	void *freed = allocate_from(7, 100);

	allocate_from(7, 50);
	allocate_from(far, 1 << 20);
	allocate_from(0, 8); /* no stack */
	heap_free(&heap, self, freed);
	heap_free(&heap, self, allocate_from(12, 30));

	struct md_profile *profile = md_profile_take(&heap, &counts);

	must(profile && profile->has_all, "no profile");
	holds(profile->live_blocks == 3 && profile->live_bytes == 50 + (1 << 20) + 8);
	holds(profile->row_count == 4 && profile->rows[0].stack == 0 && profile->rows[1].stack == 7 && profile->rows[2].stack == 12);
	expect_row(profile, 0, 1, 8, 1, 8);
	expect_row(profile, 7, 1, 50, 2, 150);
	expect_row(profile, 12, 0, 0, 1, 30);
	expect_row(profile, far, 1, 1 << 20, 1, 1 << 20);
	md_profile_destroy(profile);
}

/* What realloc does is an allocation, in place or not: the counts of all stacks are the heap's own. */
Test(profile, counts_what_the_heap_counts)
{
	unsigned state = 4711;
	void *blocks[64] = { 0 };

	for (int i = 0; i < 5000; i++) {
		state = state * 1103515245 + 12345;
		void **block = &blocks[state >> 16 & 63];
		size_t size = (state >> 8 & 0xff) * (i % 100 ? 10 : 1000);
		struct md_call call = { .api = MD_API_REALLOC, .size = size + 1, .stack = { 1 + (state >> 20) % 50 } };

		if (!*block)
			*block = allocate_from(1 + (state >> 20) % 50, size + 1);
		else if (state >> 31)
			must(md_heap_resize(&heap, self, *block, size + 1, &call, block) == MD_FREED, "resize");
		else if (heap_free(&heap, self, *block) == MD_FREED)
			*block = NULL;
	}
	struct md_profile *profile = md_profile_take(&heap, &counts);
	uint64_t blocks_sum = 0, bytes_sum = 0, live_blocks = 0, live_bytes = 0;
	struct md_heap_totals totals;

	for (size_t i = 0; i < profile->row_count; i++) {
		const struct md_profile_row *row = &profile->rows[i];

		must(row->all_blocks >= row->live_blocks && row->all_bytes >= row->live_bytes, "stack %u", row->stack);
		blocks_sum += row->all_blocks;
		bytes_sum += row->all_bytes;
		live_blocks += row->live_blocks;
		live_bytes += row->live_bytes;
	}
	md_inspect_totals(&heap, &totals);
	must(blocks_sum == self->counters.allocations && bytes_sum == self->counters.allocated_bytes, "%lu blocks and %lu bytes, not %lu and %lu",
		blocks_sum, bytes_sum, self->counters.allocations, self->counters.allocated_bytes);
	must(live_blocks == totals.live_blocks && live_bytes == totals.live_bytes, "%lu live blocks and %lu bytes, not %lu and %lu", live_blocks,
		live_bytes, totals.live_blocks, totals.live_bytes);
	md_profile_destroy(profile);
}

Test(profile, is_of_live_blocks_alone_where_nothing_is_counted)
{
	counts.counting = false;
	allocate_from(5, 10);
	struct md_profile *profile = md_profile_take(&heap, &counts);

	holds(!profile->has_all && profile->row_count == 2);
	expect_row(profile, 5, 1, 10, 0, 0);
	md_profile_destroy(profile);
	profile = md_profile_take(&heap, NULL);
	holds(!profile->has_all && profile->row_count == 2);
	md_profile_destroy(profile);
}

/* Past the time that is due an allocation has its thread look, before it not. */
Test(profile, says_when_one_is_due)
{
	atomic_store(&counts.due, md_clock_now() + (1ull << 60));
	self->attended = false;
	allocate_from(1, 10);
	holds(!self->attended);
	atomic_store(&counts.due, md_clock_now());
	allocate_from(1, 10);
	holds(self->attended);
}

/* --- series ------------------------------------------------------------------- */

static struct md_snapshot *moment(uint64_t ticks, uint64_t bytes)
{
	struct md_snapshot *snapshot = md_os_map(0, MD_PAGE_BYTES);

	must(snapshot, "no memory");
	*snapshot = (struct md_snapshot){ .mapped_bytes = MD_PAGE_BYTES, .ticks = ticks, .bytes = bytes };
	return snapshot;
}

static size_t count_memory(void)
{
	uintptr_t begin, end;
	size_t count = 0;

	for (size_t i = 0; md_series_memory(&series, i, &begin, &end); i++) {
		must(begin == end || end - begin == MD_PAGE_BYTES, "a range of %lu bytes", end - begin);
		count += begin != end;
	}
	return count;
}

Test(series, keeps_the_first_the_highest_and_the_last)
{
	for (uint64_t i = 0; i < 1000; i++) {
		md_series_add(&series, moment(i * 1000 + i % 7, i == 333 ? 5000 : i % 100));
		size_t peak = md_series_peak(&series);

		must(series.count <= MD_SERIES_MAX && series.taken == i + 1, "%zu of %u", series.count, series.taken);
		must(series.moments[0].number == 0 && series.moments[series.count - 1].number == i, "the ends at %lu", i);
		must(i < 333 || (series.moments[peak].number == 333 && series.moments[peak].bytes == 5000), "the highest at %lu", i);
		must(atomic_load(&series.moments[peak].snapshot) && atomic_load(&series.moments[series.count - 1].snapshot), "stacks at %lu", i);
	}
	size_t detailed = 0;

	for (size_t i = 0; i < series.count; i++) {
		bool has_stacks = atomic_load(&series.moments[i].snapshot) != NULL;

		must(i == 0 || series.moments[i].ticks > series.moments[i - 1].ticks, "order");
		must(has_stacks || series.moments[i].number % MD_SERIES_DETAIL, "number %u has no stacks", series.moments[i].number);
		detailed += has_stacks;
	}
	holds(series.count == MD_SERIES_MAX && detailed > 2 && detailed < series.count && count_memory() == detailed);
	/* Spread over the whole time: no two neighbours are much further apart than others. */
	for (size_t i = 1; i + 1 < series.count; i++)
		must(series.moments[i + 1].ticks - series.moments[i].ticks < 100000, "a gap at %zu", i);
}

/* Of equal ones the first is the highest; a higher one takes its place. */
Test(series, the_highest_keeps_its_stacks_until_there_is_a_higher_one)
{
	uint64_t bytes[] = { 1, 5, 5, 3, 6, 2 };

	for (size_t i = 0; i < 4; i++)
		md_series_add(&series, moment(i, bytes[i]));
	holds(md_series_peak(&series) == 1 && atomic_load(&series.moments[1].snapshot) && !atomic_load(&series.moments[2].snapshot));
	for (size_t i = 4; i < 6; i++)
		md_series_add(&series, moment(i, bytes[i]));
	holds(md_series_peak(&series) == 4 && atomic_load(&series.moments[4].snapshot) && !atomic_load(&series.moments[1].snapshot));
	holds(count_memory() == 3); /* the first, the highest, the last */
}
