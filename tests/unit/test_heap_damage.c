/* SPDX-License-Identifier: MIT
 *
 * Writes that miss their block, or come too late: every single byte of them is noticed, located, and put down to the right block.
 */
#include <stdio.h>

#include "tests/unit/heap_unit.h"

TestSuite(heap_damage, .init = heap_start_default);

static void flip(uintptr_t addr)
{
	*(unsigned char *)addr ^= 0x41;
}

/* A byte behind the end of a block, up to the end of its red zone. */
static void overflow_is_noticed(size_t size, size_t alignment, size_t step)
{
	char when[80];
	unsigned char *user = heap_memalign(&heap, self, alignment, size);
	uintptr_t end = end_of(user);

	must(end - ((uintptr_t)user + size) >= md_layout_redzone(size, MD_REDZONE_BYTES), "%zu bytes have a small red zone", size);
	heap_free(&heap, self, user);
	expect_no_finding("no damage yet");
	for (size_t offset = size;; offset += step) {
		user = heap_memalign(&heap, self, alignment, size);
		if ((uintptr_t)user + offset >= end_of(user)) {
			heap_free(&heap, self, user);
			return;
		}
		flip((uintptr_t)user + offset);
		must(heap_free(&heap, self, user) == MD_FREED, "the block is freed all the same");
		snprintf(when, sizeof when, "byte %zu of %zu, aligned to %zu", offset, size, alignment);
		expect_damage(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_AT_FREE, (uintptr_t)user + offset, 1, user, size, when);
	}
}

Test(heap_damage, overflow_of_every_size_and_byte)
{
	for (size_t size = 0; size <= 200; size++)
		overflow_is_noticed(size, 16, 1);
	expect_no_finding("repaired");
}

Test(heap_damage, overflow_of_larger_blocks)
{
	static const size_t sizes[] = { 255, 256, 1000, 1024, 4095, 5000, 20000, 32700, 32752, 40000, 65536, 100001 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		overflow_is_noticed(sizes[i], 16, sizes[i] < 5000 ? 1 : 13);
}

Test(heap_damage, overflow_of_aligned_blocks)
{
	for (size_t alignment = 32; alignment <= 8192; alignment *= 2)
		for (size_t size = 0; size < 100; size += 33)
			overflow_is_noticed(size, alignment, alignment < 1024 ? 1 : 17);
}

Test(heap_damage_options, overflow_of_wide_red_zones)
{
	struct md_heap_config config = heap_config_default();

	config.redzone = 100; /* rounded up to 112 */
	heap_start(&config);
	for (size_t size = 0; size <= 64; size++) {
		unsigned char *user = heap_malloc(&heap, self, size);

		must(end_of(user) - (uintptr_t)user - size >= 112, "%zu bytes: %lu", size, end_of(user) - (uintptr_t)user - size);
		heap_free(&heap, self, user);
		overflow_is_noticed(size, 16, 1);
	}
}

/* Bytes before a block whose left neighbour is not in use: nobody else can have done it. */
Test(heap_damage, underflow_of_every_byte)
{
	char when[80];

	for (size_t size = 0; size <= 200; size++) {
		for (size_t distance = 1; distance <= MD_REDZONE_BYTES; distance++) {
			unsigned char *user = heap_malloc(&heap, self, size);

			flip((uintptr_t)user - distance);
			heap_free(&heap, self, user);
			snprintf(when, sizeof when, "%zu before a block of %zu", distance, size);
			expect_damage(MD_ERROR_HEAP_BUFFER_UNDERFLOW, MD_NOTICED_AT_FREE, (uintptr_t)user - distance, 1, user, size, when);
		}
	}
}

Test(heap_damage, underflow_of_large_and_aligned_blocks)
{
	static const struct {
		size_t size, alignment;
	} rows[] = { { 100000, 16 }, { 40000, 16 }, { 100, 64 }, { 1000, 2048 }, { 10, 4096 }, { 100000, 1 << 20 } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (size_t distance = 1; distance <= MD_REDZONE_BYTES; distance++) {
			unsigned char *user = heap_memalign(&heap, self, rows[i].alignment, rows[i].size);

			flip((uintptr_t)user - distance);
			heap_free(&heap, self, user);
			expect_damage(MD_ERROR_HEAP_BUFFER_UNDERFLOW, MD_NOTICED_AT_FREE, (uintptr_t)user - distance, 1, user, rows[i].size,
				"large or aligned");
		}
	}
}

/* Between two blocks in use the damage belongs to the one it touches, else to the nearer one; the other is named as suspect. */
Test(heap_damage, between_two_blocks_in_use)
{
	static const struct {
		size_t size;         /* of both; their slots are of 64 bytes, so slack and red zone are 64 - size */
		size_t first, bytes; /* of the damage, counted from the end of the left block */
		bool right;
	} rows[] = {
		{ 48, 0, 1, false },
		{ 48, 0, 15, false },
		{ 48, 1, 15, true },
		{ 48, 15, 1, true },
		{ 48, 3, 2, false },
		{ 48, 12, 2, true },
		{ 48, 0, 16, false }, /* touches both: a run past the end is the commoner mistake */
		{ 40, 0, 1, false },
		{ 40, 23, 1, true },
		{ 40, 20, 4, true },
		{ 40, 4, 4, false },
		{ 40, 16, 4, true },
		{ 40, 0, 24, false },
		{ 33, 2, 1, false },
		{ 33, 30, 1, true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		/* Whoever is freed first; but only the last bytes between them are the right block's to check. */
		bool shared = rows[i].size + rows[i].first + rows[i].bytes > 64 - MD_REDZONE_BYTES;

		for (int left_first = !shared; left_first < 2; left_first++) {
			unsigned char *left = heap_malloc(&heap, self, rows[i].size), *right = heap_malloc(&heap, self, rows[i].size);

			must(right == left + 64, "row %zu: not neighbours", i);
			for (size_t j = 0; j < rows[i].bytes; j++)
				flip((uintptr_t)left + rows[i].size + rows[i].first + j);
			heap_free(&heap, self, left_first ? left : right);
			const struct md_finding *finding = expect_damage(
				rows[i].right ? MD_ERROR_HEAP_BUFFER_UNDERFLOW : MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_AT_FREE,
				(uintptr_t)left + rows[i].size + rows[i].first, rows[i].bytes, rows[i].right ? right : left, rows[i].size,
				left_first ? "left freed first" : "right freed first");

			must(finding->suspect == (uintptr_t)(rows[i].right ? left : right), "row %zu: suspect %#lx", i, finding->suspect);
			must(finding->damaged_end == (uintptr_t)left + rows[i].size + rows[i].first + rows[i].bytes, "row %zu: end", i);
			heap_free(&heap, self, left_first ? right : left);
			expect_no_finding("repaired, and told once");
			heap_purge(&heap, self);
			expect_no_finding("and the fill is as it should be");
		}
	}
}

Test(heap_damage, both_sides_of_a_block)
{
	unsigned char *user = heap_malloc(&heap, self, 20);

	flip((uintptr_t)user - 1);
	flip((uintptr_t)user + 20);
	heap_free(&heap, self, user);
	cr_assert(eq(uint, self->findings.count, 2));
	cr_expect(eq(int, self->findings.list[0].error, MD_ERROR_HEAP_BUFFER_OVERFLOW));
	cr_expect(eq(int, self->findings.list[1].error, MD_ERROR_HEAP_BUFFER_UNDERFLOW));
	self->findings.count = 0;
	cr_expect(not(heap_purge(&heap, self)));
	expect_no_finding("repaired");
}

Test(heap_damage, several_bytes_with_gaps)
{
	unsigned char *user = heap_malloc(&heap, self, 21);

	flip((uintptr_t)user + 22);
	flip((uintptr_t)user + 23);
	flip((uintptr_t)user + 30);
	heap_free(&heap, self, user);
	const struct md_finding *finding = expect_damage(
		MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_AT_FREE, (uintptr_t)user + 22, 3, user, 21, "gaps");

	cr_expect(eq(ulong, finding->damaged_end, (uintptr_t)user + 31));
	size_t at = (uintptr_t)user + 22 - finding->evidence_begin;

	cr_expect(finding->evidence_mark[at] & MD_MARK_DAMAGED && finding->evidence_mark[at + 1] & MD_MARK_DAMAGED);
	cr_expect(eq(int, finding->evidence_mark[at + 2], MD_MARK_SLACK));
	cr_expect(eq(int, finding->evidence[at] ^ finding->expected[at], 0x41));
	cr_expect(eq(int, finding->evidence_mark[(uintptr_t)user - finding->evidence_begin], MD_MARK_USER));
}

Test(heap_damage, noticed_by_realloc)
{
	for (size_t new_size = 1; new_size <= 3000; new_size += 999) {
		unsigned char *user = heap_malloc(&heap, self, 100);

		flip((uintptr_t)user + 100);
		cr_assert(ne(ptr, heap_realloc(&heap, self, user, new_size), NULL));
		expect_damage(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_AT_FREE, (uintptr_t)user + 100, 1, user, 100, "realloc");
	}
}

/* --- use after free -------------------------------------------------------- */

Test(heap_damage, write_after_free_of_every_size_and_byte)
{
	char when[80];

	for (size_t size = 0; size <= 200; size++) {
		unsigned char *probe = heap_malloc(&heap, self, size);
		size_t bytes = end_of(probe) - (uintptr_t)probe;

		heap_free(&heap, self, probe);                      /* no neighbour in use that could have done it */
		for (size_t offset = 0; offset < bytes; offset++) { /* its slack and red zone too */
			unsigned char *user = heap_malloc(&heap, self, size);

			heap_free(&heap, self, user);
			flip((uintptr_t)user + offset);
			snprintf(when, sizeof when, "byte %zu of %zu", offset, size);
			must(heap_purge(&heap, self), "%s", when);
			const struct md_finding *finding = expect_damage(
				MD_ERROR_HEAP_USE_AFTER_FREE, MD_NOTICED_AT_REUSE, (uintptr_t)user + offset, 1, user, size, when);

			must(finding->block.state == MD_BLOCK_QUARANTINED && finding->block.free_api == MD_API_FREE, "%s", when);
		}
	}
}

Test(heap_damage, write_after_free_is_noticed_when_the_block_leaves_the_quarantine)
{
	unsigned char *user = heap_malloc(&heap, self, 64);
	unsigned rounds = 0;

	heap_free(&heap, self, user);
	user[10] = 'x';
	while (!self->findings.count && rounds++ < 100000)
		heap_free(&heap, self, heap_malloc(&heap, self, 64));
	expect_damage(MD_ERROR_HEAP_USE_AFTER_FREE, MD_NOTICED_AT_REUSE, (uintptr_t)user + 10, 1, user, 64, "reuse");
}

Test(heap_damage, write_after_free_of_large_blocks)
{
	static const size_t sizes[] = { 4095, 4096, 4097, 10000, 40000, 100000, 131072, 131073, 1 << 20, 50 << 20 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t filled = sizes[i] < heap.config.fill_free ? sizes[i] : heap.config.fill_free;

		for (size_t offset = 0; offset < filled; offset += 111) {
			unsigned char *user = heap_malloc(&heap, self, sizes[i]);

			heap_free(&heap, self, user);
			flip((uintptr_t)user + offset);
			heap_purge(&heap, self);
			expect_damage(
				MD_ERROR_HEAP_USE_AFTER_FREE, MD_NOTICED_AT_REUSE, (uintptr_t)user + offset, 1, user, sizes[i], "large");
		}
	}
}

Test(heap_damage, write_after_free_over_the_whole_block)
{
	unsigned char *user = heap_malloc(&heap, self, 100);
	uintptr_t end = end_of(user);

	heap_free(&heap, self, user);
	memset(user, 'x', end - (uintptr_t)user);
	heap_purge(&heap, self);
	const struct md_finding *finding = expect_damage(
		MD_ERROR_HEAP_USE_AFTER_FREE, MD_NOTICED_AT_REUSE, (uintptr_t)user, end - (uintptr_t)user, user, 100, "all of it");

	cr_expect(eq(ulong, finding->damaged_end, end));
}

Test(heap_damage_options, write_after_free_without_a_fill)
{
	struct md_heap_config config = heap_config_default();

	config.fill_free = 0;
	heap_start(&config);
	unsigned char *user = heap_malloc(&heap, self, 20);

	heap_free(&heap, self, user);
	user[5] = 'x'; /* not looked at */
	cr_expect(not(heap_purge(&heap, self)));
	user = heap_malloc(&heap, self, 20);
	heap_free(&heap, self, user);
	user[20] = 'x';
	heap_purge(&heap, self);
	expect_damage(MD_ERROR_HEAP_USE_AFTER_FREE, MD_NOTICED_AT_REUSE, (uintptr_t)user + 20, 1, user, 20, "the slack is looked at");
}

/* An underflow into the red zone of a freed left neighbour must not be called a use of that neighbour. */
Test(heap_damage, underflow_beside_a_freed_block)
{
	for (size_t distance = 1; distance <= 8; distance++) {
		unsigned char *left = heap_malloc(&heap, self, 48), *right = heap_malloc(&heap, self, 48);

		must(right == left + 64, "not neighbours");
		heap_free(&heap, self, left);
		for (size_t i = 1; i <= distance; i++)
			flip((uintptr_t)right - i);
		heap_purge(&heap, self);
		const struct md_finding *finding = expect_damage(MD_ERROR_HEAP_BUFFER_UNDERFLOW, MD_NOTICED_AT_REUSE,
			(uintptr_t)right - distance, distance, right, 48, "the left block leaves the quarantine");

		must(finding->suspect == 0, "the left block is not in use");
		heap_free(&heap, self, right);
		heap_purge(&heap, self);
		expect_no_finding("told once, and repaired");
	}
}

/* --- lists that are full --------------------------------------------------- */

/* More than one list of findings holds: nothing is lost, whoever empties the list gets the next ones. */
Test(heap_damage, a_purge_with_more_findings_than_fit)
{
	static unsigned char *users[50];
	unsigned found = 0;

	for (int i = 0; i < 50; i++)
		users[i] = heap_malloc(&heap, self, 40);
	for (int i = 0; i < 50; i++) {
		heap_free(&heap, self, users[i]);
		users[i][i % 40] ^= 1;
	}
	for (bool more = true; more;) {
		more = md_heap_purge_thread(&heap, self, false);
		for (unsigned i = 0; i < self->findings.count; i++, found++) {
			const struct md_finding *finding = &self->findings.list[i];

			must(finding->error == MD_ERROR_HEAP_USE_AFTER_FREE && finding->addr == (uintptr_t)users[found] + found % 40,
				"finding %u", found);
		}
		self->findings.count = self->findings.dropped = 0;
		must(found <= 50, "found more than there is");
	}
	cr_expect(eq(uint, found, 50));
	cr_expect(eq(u64, self->quarantine.blocks, 0));
}

Test(heap_damage, a_full_list_holds_up_nobody)
{
	for (int i = 0; i < 1000; i++) {
		unsigned char *user = heap_malloc(&heap, self, 40);

		flip((uintptr_t)user + 40);
		must(heap_free(&heap, self, user) == MD_FREED, "block %d", i);
	}
	cr_expect(eq(uint, self->findings.count, MD_FINDINGS_MAX));
	cr_expect(gt(uint, self->findings.dropped, 0));
	self->findings.count = self->findings.dropped = 0;
	for (int i = 0; i < 100000 && heap_purge(&heap, self); i++)
		self->findings.count = self->findings.dropped = 0;
	cr_expect(eq(u64, self->quarantine.blocks, 0));
}

/* --- our own records --------------------------------------------------------- */

/* Damage next to free slots, in slots never handed out, at the ends of a zone: whatever is written there must not end the process. */
Test(heap_damage, wild_writes_all_over_a_zone)
{
	for (unsigned seed = 1; seed <= 20; seed++) {
		uint64_t random = seed;
		static unsigned char *users[200];

		for (int i = 0; i < 200; i++)
			users[i] = heap_malloc(&heap, self, random_below(&random, 300));
		for (int i = 0; i < 100; i++)
			heap_free(&heap, self, users[i]);
		for (int i = 0; i < 300; i++) {
			const struct md_zone *zone = md_page_map_zone(&heap.map, (uintptr_t)users[random_below(&random, 200)]);

			memset((void *)(zone->begin + random_below(&random, zone->bytes - 64)), (int)i, random_below(&random, 64));
		}
		for (int i = 100; i < 200; i++) {
			heap_free(&heap, self, users[i]);
			self->findings.count = self->findings.dropped = 0;
		}
		for (int i = 0; i < 10000 && heap_purge(&heap, self); i++)
			self->findings.count = self->findings.dropped = 0;
		must(self->quarantine.blocks == 0, "seed %u", seed);
	}
}
