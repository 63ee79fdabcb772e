/* SPDX-License-Identifier: MIT
 *
 * realloc: blocks that move, stay, grow into what follows, or move their pages.
 */
#include "tests/unit/heap_unit.h"

TestSuite(heap_resize, .init = heap_start_default);

static void fill(unsigned char *user, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		user[i] = (unsigned char)(i * 7 + (i >> 8));
}

static bool holds(const unsigned char *user, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (user[i] != (unsigned char)(i * 7 + (i >> 8)))
			return false;
	return true;
}

static size_t size_of(void *user)
{
	struct md_call call = { .api = MD_API_USABLE_SIZE };
	size_t size;

	must(md_heap_size(&heap, self, user, &call, &size) == MD_FREED, "no block at %p", user);
	return size;
}

/* A red zone is where it belongs after whatever realloc did: damage behind the new end is noticed. */
static void expect_red_zone_at(unsigned char *user, size_t size, const char *when)
{
	user[size] ^= 1;
	must(heap_free(&heap, self, user) == MD_FREED, "%s", when);
	expect_damage(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_AT_FREE, (uintptr_t)user + size, 1, user, size, when);
}

Test(heap_resize, from_every_size_to_every_size)
{
	static const size_t sizes[] = { 1, 8, 16, 17, 48, 100, 255, 500, 1024, 1025, 1500, 3000, 5000, 20000, 32700, 33000, 65536, 150000,
		262144, 400000, 1 << 20, 3 << 20 };
	const size_t count = sizeof sizes / sizeof *sizes;

	for (size_t a = 0; a < count; a++) {
		for (size_t b = 0; b < count; b++) {
			unsigned char *user = heap_malloc(&heap, self, sizes[a]), *moved;

			fill(user, 0, sizes[a]);
			moved = heap_realloc(&heap, self, user, sizes[b]);
			must(moved, "%zu to %zu", sizes[a], sizes[b]);
			must(holds(moved, sizes[a] < sizes[b] ? sizes[a] : sizes[b]), "%zu to %zu: contents", sizes[a], sizes[b]);
			must(size_of(moved) == sizes[b], "%zu to %zu: size %zu", sizes[a], sizes[b], size_of(moved));
			must(moved != user || sizes[a] > heap.config.realloc_move || sizes[b] > heap.config.realloc_move,
				"%zu to %zu did not move", sizes[a], sizes[b]);
			fill(moved, 0, sizes[b]);
			expect_no_finding("no mistake yet");
			expect_red_zone_at(moved, sizes[b], "after realloc");
		}
	}
	heap_purge(&heap, self);
	expect_no_finding("nothing was written late");
}

Test(heap_resize, small_blocks_always_move)
{
	unsigned char *user = heap_malloc(&heap, self, 100), *moved = heap_realloc(&heap, self, user, 100);

	cr_assert(moved && moved != user);
	cr_expect(eq(int, heap_free(&heap, self, user), MD_FREED_NOT));
	const struct md_finding *finding = expect_finding(
		MD_ERROR_DOUBLE_FREE, MD_NOTICED_AT_CALL, (uintptr_t)user, "the old pointer is stale");

	cr_expect(eq(int, finding->block.free_api, MD_API_REALLOC_FREE));
	user[0] = 'x';
	heap_purge(&heap, self);
	expect_damage(MD_ERROR_HEAP_USE_AFTER_FREE, MD_NOTICED_AT_REUSE, (uintptr_t)user, 1, user, 100, "a write by the old pointer");
}

Test(heap_resize_options, all_blocks_move_when_asked_for)
{
	struct md_heap_config config = heap_config_default();

	config.realloc_move = SIZE_MAX;
	heap_start(&config);
	for (size_t size = 1; size <= 1 << 20; size *= 4) {
		unsigned char *user = heap_malloc(&heap, self, size);

		cr_expect(ne(ptr, heap_realloc(&heap, self, user, size + 1), user), "%zu", size);
	}
}

Test(heap_resize_options, blocks_stay_when_asked_for)
{
	struct md_heap_config config = heap_config_default();

	config.realloc_move = 0;
	heap_start(&config);
	unsigned char *user = heap_malloc(&heap, self, 100);

	fill(user, 0, 100);
	cr_assert(eq(ptr, heap_realloc(&heap, self, user, 101), user));
	cr_assert(holds(user, 100) && size_of(user) == 101);
	cr_assert(eq(ptr, heap_realloc(&heap, self, user, 90), user));
	expect_red_zone_at(user, 90, "shrunk in place");
	user = heap_malloc(&heap, self, 1000);
	fill(user, 0, 1000);
	unsigned char *small = heap_realloc(&heap, self, user, 100);

	cr_expect(ne(ptr, small, user), "most of its slot would be slack");
	cr_expect(holds(small, 100));
	expect_no_finding("no mistake was made");
}

Test(heap_resize, larger_blocks_stay_while_their_slot_fits)
{
	unsigned char *user = heap_malloc(&heap, self, 5000);
	uint64_t allocations = self->counters.allocations, frees = self->counters.frees;

	fill(user, 0, 5000);
	cr_assert(eq(ptr, heap_realloc(&heap, self, user, 5050), user));
	cr_expect(holds(user, 5000));
	cr_expect(self->counters.allocations - self->counters.frees == allocations - frees, "one block, whatever is counted");
	expect_red_zone_at(user, 5050, "grown in place");
}

Test(heap_resize, aligned_blocks_in_place)
{
	unsigned char *user = heap_memalign(&heap, self, 512, 3000);

	fill(user, 0, 3000);
	for (size_t size = 3000; size < 4000; size += 50) {
		unsigned char *moved = heap_realloc(&heap, self, user, size);

		must(moved && holds(moved, 3000), "%zu", size);
		must((moved == user) || (uintptr_t)moved % 16 == 0, "%zu", size);
		user = moved;
	}
	expect_no_finding("no mistake yet");
	expect_red_zone_at(user, size_of(user), "aligned");
}

Test(heap_resize, a_large_block_grows_into_the_free_run_behind_it)
{
	unsigned char *user = heap_malloc(&heap, self, 300000);
	size_t size = 300000;

	heap_malloc(&heap, self, 8 << 20); /* the free run at the end of this mapping goes with the next */
	fill(user, 0, size);
	uint64_t moves = atomic_load(&fake_os.moves);
	bool stayed = false;

	for (; size < 420000; size += 20000) {
		unsigned char *grown = heap_realloc(&heap, self, user, size + 20000);

		must(grown && holds(grown, size), "%zu", size);
		stayed |= grown == user && size + 20000 > 393216; /* beyond its first zone of six units */
		user = grown;
		fill(user, size, size + 20000);
		must(md_page_map_zone(&heap.map, (uintptr_t)user + size + 20000) == md_page_map_zone(&heap.map, (uintptr_t)user),
			"the map knows the whole zone");
	}
	cr_expect(stayed, "it never grew in place");
	cr_expect(eq(u64, atomic_load(&fake_os.moves), moves));
	expect_red_zone_at(user, size, "extended");
	heap_purge(&heap, self);
	expect_no_finding("nothing was written late");
}

/* Nothing is free behind it: its pages move, and none of them is copied. */
static unsigned char *block_that_cannot_grow(size_t size)
{
	unsigned char *user = heap_malloc(&heap, self, size);
	const struct md_zone *zone = md_page_map_zone(&heap.map, (uintptr_t)user);
	bool fresh;
	uintptr_t behind = zone->begin + zone->bytes;
	const struct md_run *run = md_page_map_run(&heap.map, behind);

	if (run)
		must(md_runs_extend(&heap.runs, behind, run->bytes, &fresh), "what is behind it is taken");
	fill(user, 0, size);
	return user;
}

Test(heap_resize, pages_of_a_large_block_move)
{
	for (size_t size = 300000; size <= 20000000; size = size * 3 / 2) {
		unsigned char *user = block_that_cannot_grow(size), *moved;
		uint64_t moves = atomic_load(&fake_os.moves);
		struct md_call call = { .api = MD_API_FREE };

		moved = heap_realloc(&heap, self, user, 2 * size);
		must(moved && moved != user, "%zu", size);
		must(atomic_load(&fake_os.moves) == moves + 1, "%zu: pages were copied", size);
		must(holds(moved, size), "%zu: contents", size);
		must(size_of(moved) == 2 * size, "%zu", size);
		must(!md_page_map_zone(&heap.map, (uintptr_t)user), "%zu: the old zone is gone", size);
		must(md_heap_free(&heap, self, user, &call) == MD_FREED_FOREIGN, "%zu", size);
		fill(moved, 0, 2 * size);
		expect_no_finding("no mistake yet");
		moved[-1] ^= 1;
		heap_free(&heap, self, moved);
		expect_damage(
			MD_ERROR_HEAP_BUFFER_UNDERFLOW, MD_NOTICED_AT_FREE, (uintptr_t)moved - 1, 1, moved, 2 * size, "its front red zone");
		heap_purge(&heap, self);
		expect_no_finding("nothing was written late");
		must(atomic_load(&fake_os.mapped_bytes) >= atomic_load(&heap.runs.mapped_bytes), "the system counts less than we do");
	}
}

Test(heap_resize, a_refused_move_of_pages_is_a_copy)
{
	unsigned char *user = block_that_cannot_grow(1000000), *moved;

	atomic_store(&fake_os.refuse_move, true);
	moved = heap_realloc(&heap, self, user, 3000000);
	cr_assert(moved && moved != user);
	cr_expect(gt(u64, atomic_load(&fake_os.moves), 0));
	cr_expect(holds(moved, 1000000));
	fill(moved, 0, 3000000);
	expect_red_zone_at(moved, 3000000, "copied");
	heap_purge(&heap, self);
	expect_no_finding("nothing was written late");
}

Test(heap_resize, a_large_block_shrinks)
{
	unsigned char *user = heap_malloc(&heap, self, 1 << 20);
	size_t size = 1 << 20;

	fill(user, 0, size);
	while (size > 100) {
		size = size * 2 / 3;
		unsigned char *moved = heap_realloc(&heap, self, user, size);

		must(moved && holds(moved, size), "%zu", size);
		user = moved;
	}
	expect_no_finding("no mistake yet");
	expect_red_zone_at(user, size, "shrunk");
}

/* A block in place again and again: grown bytes are nobody's red zone any more. */
Test(heap_resize, up_and_down)
{
	static const size_t sizes[] = { 2000, 60000, 500000, 5000000 };
	uint64_t random = 5;

	for (int i = 0; i < 4; i++) {
		size_t size = sizes[i];
		unsigned char *user = heap_malloc(&heap, self, size);

		fill(user, 0, size);
		for (int round = 0; round < 300; round++) {
			size_t next = sizes[i] / 2 + random_below(&random, sizes[i]);
			unsigned char *moved = heap_realloc(&heap, self, user, next);

			must(moved && holds(moved, size < next ? size : next), "%zu to %zu", size, next);
			fill(moved, 0, next);
			user = moved;
			size = next;
		}
		expect_no_finding("no mistake yet");
		expect_red_zone_at(user, size, "in the end");
	}
}

Test(heap_resize, pointers_that_are_no_block)
{
	struct md_call call = { .api = MD_API_REALLOC, .size = 50 };
	unsigned char *user = heap_malloc(&heap, self, 40);
	void *result;

	cr_expect(eq(int, md_heap_resize(&heap, self, user + 8, 50, &call, &result), MD_FREED_NOT));
	cr_expect(eq(ptr, result, NULL));
	expect_finding(MD_ERROR_BAD_FREE, MD_NOTICED_AT_CALL, (uintptr_t)user + 8, "inside");
	heap_free(&heap, self, user);
	cr_expect(eq(int, md_heap_resize(&heap, self, user, 50, &call, &result), MD_FREED_NOT));
	const struct md_finding *finding = expect_finding(MD_ERROR_DOUBLE_FREE, MD_NOTICED_AT_CALL, (uintptr_t)user, "freed");

	cr_expect(eq(int, finding->call.api, MD_API_REALLOC_FREE));
}

/* Whatever way realloc goes, the mistake of giving it what new made is told once. */
Test(heap_resize, blocks_of_another_family_are_told_once)
{
	static const struct {
		size_t from, to;
	} rows[] = { { 100, 200 }, { 5000, 5050 }, { 5000, 10000 }, { 100000, 100500 }, { 100000, 200000 }, { 300000, 900000 },
		{ 300000, 1000 } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct md_call call = { .api = MD_API_NEW, .size = rows[i].from };
		unsigned char *user = md_heap_allocate(&heap, self, rows[i].from, 16, false, &call);

		cr_assert(ne(ptr, heap_realloc(&heap, self, user, rows[i].to), NULL));
		const struct md_finding *finding = expect_finding(
			MD_ERROR_ALLOC_DEALLOC_MISMATCH, MD_NOTICED_AT_CALL, (uintptr_t)user, "new and realloc");

		cr_expect(finding->block.size == rows[i].from && finding->block.alloc_api == MD_API_NEW);
	}
}

/* A failed realloc leaves the block as it was, whichever step failed. */
Test(heap_resize, the_system_refuses)
{
	static const struct {
		size_t from, to;
	} rows[] = { { 100, 30000 }, { 5000, 20000 }, { 30000, 1 << 20 }, { 300000, 8 << 20 }, { 5 << 20, 50 << 20 } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned char *user = block_that_cannot_grow(rows[i].from), *result;

		heap_purge(&heap, self);
		md_runs_trim(&heap.runs, 0);
		fake_os_refuse_maps(1, UINT64_MAX);
		result = heap_realloc(&heap, self, user, rows[i].to);
		fake_os_allow_all();
		if (!result) {
			expect_finding(MD_ERROR_OUT_OF_MEMORY, MD_NOTICED_AT_CALL, rows[i].to, "refused");
			must(holds(user, rows[i].from) && size_of(user) == rows[i].from, "%zu to %zu: the block is as it was", rows[i].from,
				rows[i].to);
			result = heap_realloc(&heap, self, user, rows[i].to);
			must(result, "%zu to %zu: the system refuses nothing any more", rows[i].from, rows[i].to);
		} else {
			must(i == 0, "%zu to %zu: nothing was refused", rows[i].from, rows[i].to);
		}
		must(holds(result, rows[i].from), "%zu to %zu: contents", rows[i].from, rows[i].to);
		expect_no_finding("no mistake was made");
		expect_red_zone_at(result, rows[i].to, "in the end");
	}
}

Test(heap_resize, absurd_sizes)
{
	unsigned char *user = heap_malloc(&heap, self, 100);

	fill(user, 0, 100);
	cr_expect(eq(ptr, heap_realloc(&heap, self, user, SIZE_MAX), NULL));
	expect_finding(MD_ERROR_ALLOCATION_SIZE_TOO_BIG, MD_NOTICED_AT_CALL, SIZE_MAX, "too big");
	cr_expect(eq(ptr, heap_realloc(&heap, self, user, PTRDIFF_MAX), NULL));
	expect_finding(MD_ERROR_OUT_OF_MEMORY, MD_NOTICED_AT_CALL, PTRDIFF_MAX, "PTRDIFF_MAX");
	cr_expect(holds(user, 100));
	user = heap_realloc(&heap, self, user, 400000);
	fill(user, 0, 400000);
	cr_expect(eq(ptr, heap_realloc(&heap, self, user, SIZE_MAX - 100), NULL));
	expect_finding(MD_ERROR_ALLOCATION_SIZE_TOO_BIG, MD_NOTICED_AT_CALL, SIZE_MAX - 100, "large block, too big");
	cr_expect(eq(ptr, heap_realloc(&heap, self, user, PTRDIFF_MAX - 100), NULL));
	expect_finding(MD_ERROR_OUT_OF_MEMORY, MD_NOTICED_AT_CALL, PTRDIFF_MAX - 100, "large block, PTRDIFF_MAX");
	cr_expect(holds(user, 400000));
	expect_red_zone_at(user, 400000, "after all that");
}
