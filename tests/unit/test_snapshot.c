/* SPDX-License-Identifier: MIT
 *
 * Snapshots of the live blocks by stack, and what grew between them.
 */
#include "src/snapshot.h"

#include "src/clock.h"
#include "tests/unit/heap_unit.h"

#define holds(condition) must(condition, "not so: %s", #condition)

static struct md_snapshots snapshots;

TestSuite(snapshot, .init = heap_start_default);

static void *allocate_from(uint32_t stack, size_t size)
{
	struct md_call call = { .api = MD_API_MALLOC, .size = size, .stack = { stack } };
	void *block = md_heap_allocate(&heap, self, size, MD_ALIGNMENT, false, &call);

	must(block, "no block of %zu bytes", size);
	return block;
}

static const struct md_snapshot *take(void)
{
	struct md_snapshot *snapshot = md_snapshot_take(&heap);

	must(snapshot, "no memory for a snapshot");
	return md_snapshots_find(&snapshots, md_snapshots_put(&snapshots, snapshot));
}

static void expect_row(const struct md_snapshot *snapshot, uint32_t stack, uint32_t blocks, uint64_t bytes)
{
	struct md_snapshot_row row = md_snapshot_row_of(snapshot, (md_stack_id){ stack });

	must(row.stack == stack && row.blocks == blocks && row.bytes == bytes, "stack %u: %u blocks and %lu bytes of stack %u, not %u and %lu", stack,
		row.blocks, row.bytes, row.stack, blocks, bytes);
}

/* --- taking one ------------------------------------------------------------------ */

Test(snapshot, counts_live_blocks_by_stack)
{
	void *freed = allocate_from(7, 100);

	allocate_from(7, 50);
	allocate_from(7, 0);
	allocate_from(3, 1 << 20); /* a large zone */
	allocate_from(3, 5000);
	allocate_from(0, 8); /* no stack was taken */
	heap_free(&heap, self, freed);

	const struct md_snapshot *snapshot = take();

	must(snapshot->blocks == 5 && snapshot->bytes == 50 + (1 << 20) + 5000 + 8, "%lu blocks, %lu bytes", snapshot->blocks, snapshot->bytes);
	must(snapshot->row_count == 3, "%zu rows", snapshot->row_count);
	holds(!snapshot->stacks_lost);
	expect_row(snapshot, 7, 2, 50);
	expect_row(snapshot, 3, 2, (1 << 20) + 5000);
	expect_row(snapshot, 0, 1, 8);
	expect_row(snapshot, 5, 0, 0);
}

Test(snapshot, of_an_empty_heap_has_no_rows)
{
	const struct md_snapshot *snapshot = take();

	holds(snapshot->blocks == 0 && snapshot->bytes == 0 && snapshot->row_count == 0);
	expect_row(snapshot, 1, 0, 0);
}

Test(snapshot, rows_are_in_order_of_stacks)
{
	uint64_t random = 1;

	for (int i = 0; i < 2000; i++)
		allocate_from(1 + (uint32_t)random_below(&random, 800), 16);
	const struct md_snapshot *snapshot = take();

	holds(snapshot->row_count > 600);
	uint64_t blocks = 0;

	for (size_t i = 0; i < snapshot->row_count; i++) {
		must(!i || snapshot->rows[i - 1].stack < snapshot->rows[i].stack, "row %zu is out of order", i);
		must(snapshot->rows[i].bytes == 16ul * snapshot->rows[i].blocks, "row %zu", i);
		blocks += snapshot->rows[i].blocks;
	}
	must(blocks == 2000, "%lu blocks", blocks);
}

/* The table has room for twice the stacks that the store knows. Here it knows none. */
Test(snapshot, says_when_there_were_too_many_stacks)
{
	for (uint32_t i = 1; i <= 3000; i++)
		allocate_from(i, 16);
	const struct md_snapshot *snapshot = take();

	holds(snapshot->stacks_lost);
	must(snapshot->blocks == 3000 && snapshot->bytes == 48000, "totals have lost something, too: %lu", snapshot->blocks);
	must(snapshot->row_count > 500 && snapshot->row_count < 3000, "%zu rows", snapshot->row_count);
}

Test(snapshot, younger_blocks_are_told_from_older_ones)
{
	uint32_t before = md_clock_coarse(md_clock_now());
	const struct md_snapshot *snapshot = take();

	must(snapshot->since > before, "what was allocated before would be younger");
	must(snapshot->since <= md_clock_coarse(md_clock_now()) + 1, "what is allocated a tick later would be older");
}

Test(snapshot, is_refused_without_memory)
{
	allocate_from(1, 16);
	for (uint64_t nth = 1; nth <= 2; nth++) {
		size_t mapped = fake_os.mapped_bytes;

		fake_os_refuse_maps(nth, 1);
		must(md_snapshot_take(&heap) == NULL, "with mapping %lu refused", nth);
		fake_os_allow_all();
		must(fake_os.mapped_bytes == mapped, "mapping %lu refused: %zu bytes are left over", nth, fake_os.mapped_bytes - mapped);
	}
	holds(take()->blocks == 1);
}

/* --- keeping them ------------------------------------------------------------------ */

Test(snapshot, the_last_sixteen_are_kept)
{
	const struct md_snapshot *newest[MD_SNAPSHOTS_MAX];
	size_t mapped = fake_os.mapped_bytes;
	uintptr_t begin, end;

	for (uint32_t id = 1; id <= 40; id++)
		holds(take()->id == id);
	for (uint32_t id = 1; id <= 40; id++)
		must((md_snapshots_find(&snapshots, id) != NULL) == (id > 40 - MD_SNAPSHOTS_MAX), "snapshot %u", id);
	holds(!md_snapshots_find(&snapshots, 0) && !md_snapshots_find(&snapshots, 41));
	must(fake_os.mapped_bytes - mapped == MD_SNAPSHOTS_MAX * MD_PAGE_BYTES, "%zu bytes", fake_os.mapped_bytes - mapped);
	holds(md_snapshots_newest(&snapshots, newest, MD_SNAPSHOTS_MAX) == MD_SNAPSHOTS_MAX);
	holds(newest[0]->id == 25 && newest[15]->id == 40);
	holds(md_snapshots_newest(&snapshots, newest, 3) == 3);
	holds(newest[0]->id == 38 && newest[2]->id == 40);
	for (size_t i = 0; i < MD_SNAPSHOTS_MAX; i++)
		holds(md_snapshots_memory(&snapshots, i, &begin, &end) && end - begin == MD_PAGE_BYTES);
}

Test(snapshot, the_first_ones_are_counted)
{
	const struct md_snapshot *newest[MD_SNAPSHOTS_MAX];
	uintptr_t begin, end;

	holds(md_snapshots_newest(&snapshots, newest, MD_SNAPSHOTS_MAX) == 0);
	take();
	take();
	holds(md_snapshots_newest(&snapshots, newest, MD_SNAPSHOTS_MAX) == 2);
	holds(newest[0]->id == 1 && newest[1]->id == 2);
	holds(!md_snapshots_memory(&snapshots, 0, &begin, &end));
	holds(md_snapshots_memory(&snapshots, 1, &begin, &end) && begin == (uintptr_t)newest[0]);
}

/* A made-up one that says it is large. */
static struct md_snapshot *make_large(size_t bytes)
{
	struct md_snapshot *snapshot = md_os_map(0, bytes);

	must(snapshot, "no memory");
	snapshot->mapped_bytes = bytes;
	return snapshot;
}

Test(snapshot, the_oldest_go_when_they_take_too_much)
{
	size_t half = MD_SNAPSHOTS_BYTES_MAX / 2;

	take();
	md_snapshots_put(&snapshots, make_large(half - MD_PAGE_BYTES));
	md_snapshots_put(&snapshots, make_large(half));
	holds(md_snapshots_find(&snapshots, 1) && md_snapshots_find(&snapshots, 2) && md_snapshots_find(&snapshots, 3));
	md_snapshots_put(&snapshots, make_large(half));
	holds(!md_snapshots_find(&snapshots, 1) && !md_snapshots_find(&snapshots, 2));
	holds(md_snapshots_find(&snapshots, 3) && md_snapshots_find(&snapshots, 4));
	md_snapshots_put(&snapshots, make_large(3 * half)); /* larger than all may be together */
	holds(!md_snapshots_find(&snapshots, 3) && !md_snapshots_find(&snapshots, 4));
	holds(md_snapshots_find(&snapshots, 5));
}

/* --- growth -------------------------------------------------------------------------- */

static size_t find_growth(size_t count, struct md_growth *growths, size_t growths_max, struct md_growth_total *total)
{
	const struct md_snapshot *newest[MD_SNAPSHOTS_MAX];

	must(md_snapshots_newest(&snapshots, newest, count) == count, "no %zu snapshots", count);
	return md_growth_find(newest, count, growths, growths_max, total);
}

Test(snapshot, growth_is_what_rose_each_time)
{
	struct md_growth growths[8];
	struct md_growth_total total;
	void *shrinking = allocate_from(5, 9000);

	for (int i = 0; i < 4; i++) {
		allocate_from(1, 100);       /* rises */
		allocate_from(2, 1000);      /* rises more */
		if (i != 2)
			allocate_from(3, 5000); /* rises, but not each time */
		if (i == 0)
			allocate_from(4, 50000); /* stays */
		if (i == 3)
			heap_free(&heap, self, shrinking);
		take();
	}
	size_t count = find_growth(4, growths, 8, &total);

	must(count == 2 && total.stacks == 2 && total.rise == 3300, "%zu of %lu", count, total.stacks);
	must(growths[0].stack.value == 2 && growths[0].rise == 3000, "stack %u by %lu", growths[0].stack.value, growths[0].rise);
	must(growths[1].stack.value == 1 && growths[1].rise == 300, "stack %u by %lu", growths[1].stack.value, growths[1].rise);

	count = find_growth(2, growths, 8, &total); /* the difference of the last two */
	must(count == 3 && total.stacks == 3 && total.rise == 6100, "%zu of %lu", count, total.stacks);
	holds(growths[0].stack.value == 3 && growths[0].rise == 5000);
}

/* What replaces as many bytes as are freed does not grow, however many blocks it takes. */
Test(snapshot, growth_counts_bytes_not_blocks)
{
	struct md_growth growths[8];
	struct md_growth_total total;
	void *one = allocate_from(1, 1000);

	take();
	heap_free(&heap, self, one);
	for (int i = 0; i < 10; i++)
		allocate_from(1, 100);
	take();
	holds(find_growth(2, growths, 8, &total) == 0 && total.stacks == 0);
}

Test(snapshot, a_new_stack_grew_from_nothing)
{
	struct md_growth growths[8];
	struct md_growth_total total;

	allocate_from(9, 16);
	take();
	allocate_from(4, 64);
	take();
	holds(find_growth(2, growths, 8, &total) == 1 && growths[0].stack.value == 4 && growths[0].rise == 64);
}

/* The order of rises is another one than that of stacks. */
Test(snapshot, the_largest_rises_come_first)
{
	static const size_t rooms[] = { 0, 1, 20, 499, 500 };
	struct md_growth growths[500];
	struct md_growth_total total;
	uint64_t sizes[503];

	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 1; i <= 500; i++) { /* 503 is a prime: all but two of the numbers below it */
			sizes[i * 11 % 503] = i * 7 % 503;
			allocate_from(i * 11 % 503, i * 7 % 503);
		}
		take();
	}
	for (size_t r = 0; r < sizeof rooms / sizeof *rooms; r++) {
		size_t count = find_growth(3, growths, rooms[r], &total);

		holds(total.stacks == 500 && count == rooms[r]);
		for (size_t i = 0; i < count; i++) {
			must(growths[i].rise == 2 * sizes[growths[i].stack.value], "stack %u by %lu", growths[i].stack.value, growths[i].rise);
			must(!i || growths[i - 1].rise > growths[i].rise, "%zu of %zu is out of order", i, count);
		}
		if (count)
			holds(growths[0].rise == 2 * 502);
		if (count == 20)
			must(growths[19].rise >= 2 * 481, "a larger one was left out");
	}
}

Test(snapshot, the_smallest_rise_gives_way)
{
	struct md_growth growths[2];
	struct md_growth_total total;

	take();
	allocate_from(1, 30);
	allocate_from(2, 10);
	allocate_from(3, 20);
	take();
	holds(find_growth(2, growths, 2, &total) == 2 && total.stacks == 3);
	holds(growths[0].rise == 30 && growths[1].rise == 20);
}

Test(snapshot, one_snapshot_shows_no_growth)
{
	struct md_growth growths[8];
	struct md_growth_total total = { 1, 1 };

	allocate_from(1, 16);
	take();
	holds(find_growth(1, growths, 8, &total) == 0 && total.stacks == 0);
}
