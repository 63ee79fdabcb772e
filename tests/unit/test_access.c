/* SPDX-License-Identifier: MIT
 *
 * Whether bytes may be touched, and whose mistake it is if not.
 */
#include "src/access.h"

#include "tests/unit/heap_unit.h"

static struct md_block_view block;
static uintptr_t first_bad;

static enum md_error judge(const void *at, size_t bytes)
{
	return md_access_judge(&heap, (uintptr_t)at, bytes, &block, &first_bad);
}

static void expect_error(const void *at, size_t bytes, enum md_error error, const void *user, const void *first)
{
	cr_expect(judge(at, bytes) == error, "%p, %zu: %d, not %d", at, bytes, (int)judge(at, bytes), (int)error);
	if (error != MD_ERROR_NONE)
		cr_expect(bytes > md_access_room(&heap, (uintptr_t)at), "%p: room for %zu", at, bytes);
	if (user)
		cr_expect(block.valid && block.user == (uintptr_t)user, "%p: block %#lx, not %p", at, block.user, user);
	if (first)
		cr_expect(first_bad == (uintptr_t)first, "%p: first bad %#lx, not %p", at, first_bad, first);
}

Test(access, a_block_may_be_used_to_its_last_byte)
{
	heap_start_default();
	for (size_t size = 0; size < 70000; size = size < 300 ? size + 1 : size * 3 / 2) {
		char *user = heap_malloc(&heap, self, size);

		cr_assert(md_access_room(&heap, (uintptr_t)user) == size, "size %zu", size);
		cr_assert(judge(user, size) == MD_ERROR_NONE);
		expect_error(user, size + 1, MD_ERROR_HEAP_BUFFER_OVERFLOW, user, user + size);
		expect_error(user + size, 1, MD_ERROR_HEAP_BUFFER_OVERFLOW, user, user + size);
		expect_error(user - 1, 1, MD_ERROR_HEAP_BUFFER_UNDERFLOW, user, user - 1);
		if (size)
			expect_error(user - 8, 16, MD_ERROR_HEAP_BUFFER_UNDERFLOW, user, user - 8);
	}
}

/* The quick test computes the slot of such an address in 32 bits, where it is one that no zone has. */
Test(access, before_the_first_slot_there_is_no_room)
{
	heap_start_default();
	for (size_t size = 1; size <= MD_SLOT_BYTES_MAX - MD_REDZONE_BYTES; size = size * 2 + 15) {
		const struct md_zone *zone = md_page_map_zone(&heap.map, (uintptr_t)heap_malloc(&heap, self, size));

		cr_assert(zone->first_slot > zone->begin);
		for (uintptr_t addr = zone->begin; addr < zone->first_slot; addr++)
			cr_assert(md_access_room(&heap, addr) == 0, "size %zu, %zu before", size, zone->first_slot - addr);
	}
}

Test(access, what_is_not_the_heaps_is_never_bad)
{
	int local;

	heap_start_default();
	heap_malloc(&heap, self, 10);
	cr_expect(md_access_room(&heap, (uintptr_t)&local) == MD_ACCESS_ROOM_OTHER);
	cr_expect(md_access_room(&heap, 0) == MD_ACCESS_ROOM_OTHER && md_access_room(&heap, UINTPTR_MAX) == MD_ACCESS_ROOM_OTHER);
	cr_expect(judge(&local, SIZE_MAX) == MD_ERROR_NONE && judge(NULL, 1) == MD_ERROR_NONE);
}

Test(access, an_empty_range_is_never_bad)
{
	heap_start_default();
	char *user = heap_malloc(&heap, self, 10);

	heap_free(&heap, self, user);
	cr_expect(judge(user, 0) == MD_ERROR_NONE && judge(user - 3, 0) == MD_ERROR_NONE);
}

Test(access, a_freed_block_is_used_after_free)
{
	static const size_t sizes[] = { 0, 1, 24, 1000, 30000, 40000, 500000 };

	heap_start_default();
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *user = heap_malloc(&heap, self, sizes[i]);

		heap_free(&heap, self, user);
		cr_expect(md_access_room(&heap, (uintptr_t)user) == 0, "size %zu", sizes[i]);
		expect_error(user, 1, MD_ERROR_HEAP_USE_AFTER_FREE, user, user);
		if (sizes[i] > 4)
			expect_error(user + 4, sizes[i], MD_ERROR_HEAP_USE_AFTER_FREE, user, user + 4);
	}
}

/* Of two neighbours the nearer one is blamed; the one that the range runs into in any case; one in use rather than one that is not. */
Test(access, between_two_blocks_one_is_blamed)
{
	heap_start_default();
	char *left = heap_malloc(&heap, self, 8), *right = heap_malloc(&heap, self, 8);

	cr_assert(right == left + 32);
	expect_error(left + 8, 1, MD_ERROR_HEAP_BUFFER_OVERFLOW, left, left + 8);
	expect_error(right - 2, 1, MD_ERROR_HEAP_BUFFER_UNDERFLOW, right, right - 2);
	expect_error(left + 10, 23, MD_ERROR_HEAP_BUFFER_UNDERFLOW, right, left + 10);
	expect_error(left + 4, 32, MD_ERROR_HEAP_BUFFER_OVERFLOW, left, left + 8);
	heap_free(&heap, self, left);
	expect_error(left + 9, 1, MD_ERROR_HEAP_BUFFER_UNDERFLOW, right, left + 9);
	expect_error(left + 4, 32, MD_ERROR_HEAP_BUFFER_UNDERFLOW, right, left + 4); /* a step back over a freed block */
	expect_error(left, 40, MD_ERROR_HEAP_USE_AFTER_FREE, left, left);
	heap_free(&heap, self, right);
	expect_error(right - 1, 1, MD_ERROR_HEAP_USE_AFTER_FREE, left, right - 1);
}

Test(access, far_past_the_last_block_is_its_overflow)
{
	heap_start_default();
	char *user = heap_malloc(&heap, self, 10);

	expect_error(user + 4096, 8, MD_ERROR_HEAP_BUFFER_OVERFLOW, user, user + 4096);
	heap_free(&heap, self, user);
	expect_error(user + 4096, 8, MD_ERROR_HEAP_WILD_ACCESS, NULL, user + 4096);
	must(!block.valid, "a block");
}

Test(access, a_free_run_is_nobodys)
{
	heap_start_default();
	char *user = heap_malloc(&heap, self, 10);

	heap_free(&heap, self, user);
	heap_purge(&heap, self);
	if (md_page_map_get(&heap.map, (uintptr_t)user))
		expect_error(user, 1, MD_ERROR_HEAP_WILD_ACCESS, NULL, user);
}

/* A check of another thread holds the block: the quick test fails, the judge does not. */
Test(access, a_block_that_is_being_checked_is_live)
{
	heap_start_default();
	char *user = heap_malloc(&heap, self, 10);
	struct md_zone *zone;
	struct md_record *record = md_heap_live_block(&heap, (uintptr_t)user, &zone);

	atomic_store(&record->state, MD_BLOCK_FREEING);
	cr_expect(md_access_room(&heap, (uintptr_t)user) == 0);
	cr_expect(judge(user, 10) == MD_ERROR_NONE && judge(user, 11) == MD_ERROR_HEAP_BUFFER_OVERFLOW);
}

Test(access, a_finding_says_what_was_done)
{
	heap_start_default();
	char *user = heap_malloc(&heap, self, 10);
	struct md_access access = { .addr = (uintptr_t)user + 4, .bytes = 8, .function = "memcpy", .kind = MD_ACCESS_WRITE };
	struct md_call call = { .api = MD_API_NONE };

	access.bytes = 6;
	must(!md_access_add(&heap, self, &access, &call), "good bytes are an error");
	access.bytes = 8;
	cr_assert(md_access_add(&heap, self, &access, &call));
	const struct md_finding *finding = expect_finding(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_AT_ACCESS, (uintptr_t)user + 10,
		"write");

	cr_expect(finding->access.addr == (uintptr_t)user + 4 && finding->access.bytes == 8 && finding->access.kind == MD_ACCESS_WRITE);
	cr_expect_str_eq(finding->access.function, "memcpy");
	cr_expect(finding->block.user == (uintptr_t)user && finding->evidence_bytes);
	cr_expect(self->accesses_told == 1);
}

Test(access, excuses_end)
{
	heap_start_default();
	md_access_excuse(self, 1000, 1010);
	cr_expect(md_access_is_excused(self, 1000) && md_access_is_excused(self, 1009));
	must(!md_access_is_excused(self, 999) && !md_access_is_excused(self, 1010), "excused too far");
	md_access_excuse(self, 0, 0);
	must(!md_access_is_excused(self, 0) && !md_access_is_excused(self, 1000), "excused for ever");
}

/* What was damaged is as it was, and what belongs to the program is not touched. */
Test(access, damage_that_was_reported_is_mended)
{
	uint64_t state = 1;

	heap_start_default();
	for (int i = 0; i < 3000; i++) {
		size_t size = random_below(&state, i % 10 ? 200 : 40000), before = random_below(&state, 17),
			after = random_below(&state, 17);
		unsigned char *user = heap_malloc(&heap, self, size);

		memset(user, 7, size);
		memset(user - before, 1, before + size + after);
		if (random_below(&state, 3) == 0) {
			md_access_mend(&heap, self, (uintptr_t)user - before, (uintptr_t)user + size + after);
			for (size_t j = 0; j < size; j++)
				must(user[j] == 1, "byte %zu of %zu was changed", j, size);
			heap_free(&heap, self, user);
			expect_no_finding("after mending");
			memset(user, 2, size);
			md_access_mend(&heap, self, (uintptr_t)user, (uintptr_t)user + size);
		} else {
			md_access_mend(&heap, self, (uintptr_t)user - before, (uintptr_t)user + size + after);
			heap_free(&heap, self, user);
		}
		expect_no_finding("free");
	}
	while (heap_purge(&heap, self))
		expect_no_finding("purge");
}
