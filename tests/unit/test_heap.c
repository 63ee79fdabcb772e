/* SPDX-License-Identifier: MIT
 *
 * Allocating and freeing: what a program gets, and which mistakes with pointers are told apart.
 */
#include <stdio.h>

#include "tests/unit/heap_unit.h"

TestSuite(heap, .init = heap_start_default);

static void fill(void *user, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; i++)
		((unsigned char *)user)[i] = (unsigned char)(seed * 31 + i * 7);
}

static bool holds(const void *user, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; i++)
		if (((const unsigned char *)user)[i] != (unsigned char)(seed * 31 + i * 7))
			return false;
	return true;
}

/* --- what a program gets ------------------------------------------------- */

Test(heap, blocks_of_every_size)
{
	static void *users[40000];

	for (size_t size = 0; size < 40000; size += size < 2100 ? 1 : 37) {
		users[size] = heap_malloc(&heap, self, size);
		must(users[size] && (uintptr_t)users[size] % MD_ALIGNMENT == 0, "%zu bytes: %p", size, users[size]);
		fill(users[size], size, (unsigned)size);
	}
	for (size_t size = 0; size < 40000; size++) {
		size_t asked;
		struct md_call call = { .api = MD_API_USABLE_SIZE };

		if (!users[size])
			continue;
		must(holds(users[size], size, (unsigned)size), "the block of %zu bytes was overwritten", size);
		must(md_heap_size(&heap, self, users[size], &call, &asked) == MD_FREED && asked == size, "%zu bytes, says the heap of %zu",
			asked, size);
		must(heap_free(&heap, self, users[size]) == MD_FREED, "%zu bytes", size);
	}
	expect_no_finding("no mistake was made");
}

Test(heap, large_blocks)
{
	static const size_t sizes[] = { 32000, 32752, 32753, 65536, 65537, 131072, 1000000, 16 << 20, 100 << 20 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		unsigned char *user = heap_malloc(&heap, self, sizes[i]);

		must(user && (uintptr_t)user % MD_ALIGNMENT == 0, "%zu bytes: %p", sizes[i], (void *)user);
		user[0] = user[sizes[i] / 2] = user[sizes[i] - 1] = 1;
		must(heap_free(&heap, self, user) == MD_FREED, "%zu bytes", sizes[i]);
	}
	expect_no_finding("no mistake was made");
}

Test(heap, every_alignment)
{
	for (size_t alignment = 16; alignment <= (size_t)16 << 20; alignment *= 2) {
		static const size_t sizes[] = { 0, 1, 15, 16, 100, 1000, 2048, 5000, 30000, 100000 };
		void *users[10];

		for (int i = 0; i < 10; i++) {
			users[i] = heap_memalign(&heap, self, alignment, sizes[i]);
			must(users[i] && (uintptr_t)users[i] % alignment == 0, "%zu bytes aligned to %zu: %p", sizes[i], alignment,
				users[i]);
			fill(users[i], sizes[i], (unsigned)i);
		}
		for (int i = 0; i < 10; i++) {
			must(holds(users[i], sizes[i], (unsigned)i), "%zu bytes aligned to %zu", sizes[i], alignment);
			must(heap_free(&heap, self, users[i]) == MD_FREED, "%zu bytes aligned to %zu", sizes[i], alignment);
		}
	}
	expect_no_finding("no mistake was made");
}

/* calloc over and over: fresh pages are not touched, but whatever was used before must be cleared. */
Test(heap, calloc_reads_as_zero)
{
	uint64_t random = 3;

	for (int round = 0; round < 3000; round++) {
		size_t size = random_below(&random, round % 20 ? 3000 : 600000);
		unsigned char *user = heap_calloc(&heap, self, size);

		must(user, "%zu bytes", size);
		for (size_t i = 0; i < size; i++)
			must(!user[i], "round %d: byte %zu of %zu", round, i, size);
		memset(user, 0xff, size);
		must(heap_free(&heap, self, user) == MD_FREED, "%zu bytes", size);
		if (round % 100 == 0)
			heap_purge(&heap, self);
		if (round % 17 == 0) { /* dirty memory of other classes in between */
			void *other = heap_malloc(&heap, self, 1000 + (size_t)round * 30);

			memset(other, 0xff, 1000 + (size_t)round * 30);
			heap_free(&heap, self, other);
		}
	}
	expect_no_finding("no mistake was made");
}

Test(heap, calloc_of_fresh_pages_touches_none_of_them)
{
	size_t bytes = (size_t)1 << 30;
	unsigned char *user = heap_calloc(&heap, self, bytes);
	FILE *statm = fopen("/proc/self/statm", "r");
	unsigned long total, resident;

	cr_assert(ne(ptr, user, NULL));
	cr_assert(statm && fscanf(statm, "%lu %lu", &total, &resident) == 2);
	cr_expect(lt(u64, resident * 4096, 200u << 20), "%lu pages are resident", resident);
	cr_expect(user[0] == 0 && user[bytes - 1] == 0);
}

Test(heap_options, what_is_asked_for_is_filled)
{
	struct md_heap_config config = heap_config_default();

	config.fill_alloc = 64;
	heap_start(&config);
	for (size_t size = 0; size < 200; size++) {
		unsigned char *user = heap_malloc(&heap, self, size), *zero = heap_calloc(&heap, self, size);

		for (size_t i = 0; i < size; i++)
			must((i >= 64 || user[i] == config.fill_alloc_byte) && !zero[i], "byte %zu of %zu", i, size);
	}
	unsigned char *user = heap_malloc(&heap, self, 10);

	user = heap_realloc(&heap, self, user, 100);
	for (size_t i = 0; i < 100; i++)
		must(i < 10 || i >= 64 || user[i] == config.fill_alloc_byte, "byte %zu", i);
	expect_no_finding("no mistake was made");
}

Test(heap, a_freed_block_is_filled)
{
	unsigned char *user = heap_malloc(&heap, self, 5000);

	memset(user, 'x', 5000);
	heap_free(&heap, self, user);
	for (size_t i = 0; i < 5000; i++)
		must(user[i] == (i < heap.config.fill_free ? heap.config.fill_free_byte : 'x'), "byte %zu is %#x", i, user[i]);
}

Test(heap, the_record_says_who_asked)
{
	struct md_call call = { .api = MD_API_NEW_ARRAY, .stack = { 4711 }, .size = 77 };
	void *user = md_heap_allocate(&heap, self, 77, 16, false, &call);
	struct md_block_view block;

	md_inspect_address(&heap, (uintptr_t)user, &block);
	cr_assert(block.valid);
	cr_expect(eq(int, block.state, MD_BLOCK_LIVE));
	cr_expect(eq(int, block.alloc_api, MD_API_NEW_ARRAY));
	cr_expect(eq(uint, block.alloc_stack.value, 4711));
	cr_expect(eq(uint, block.alloc_thread.value, self->id.value));
	cr_expect(eq(int, block.free_api, MD_API_NONE));
	cr_expect(eq(uint, block.free_stack.value, 0));
	call = (struct md_call){ .api = MD_API_DELETE_ARRAY, .stack = { 4712 } };
	cr_assert(eq(int, md_heap_free(&heap, self, user, &call), MD_FREED));
	md_inspect_address(&heap, (uintptr_t)user, &block);
	cr_expect(eq(int, block.state, MD_BLOCK_QUARANTINED));
	cr_expect(eq(int, block.alloc_api, MD_API_NEW_ARRAY));
	cr_expect(eq(uint, block.alloc_stack.value, 4711));
	cr_expect(eq(int, block.free_api, MD_API_DELETE_ARRAY));
	cr_expect(eq(uint, block.free_stack.value, 4712));
	cr_expect(eq(uint, block.free_thread.value, self->id.value));
	expect_no_finding("no mistake was made");
}

Test(heap, the_history_has_every_event)
{
	const struct md_history_ring *rings[] = { &self->history };
	struct md_call alloc = { .api = MD_API_MALLOC, .stack = { 11 }, .size = 100 }, release = { .api = MD_API_FREE, .stack = { 12 } };
	struct md_event events[8];
	void *user = md_heap_allocate(&heap, self, 100, 16, false, &alloc);

	md_heap_free(&heap, self, user, &release);
	cr_assert(eq(sz, md_history_read(rings, 1, (uintptr_t)user, (uintptr_t)user + 1, 0, events, 8, NULL), 2));
	cr_expect(md_event_kind(&events[0]) == MD_EVENT_ALLOC && md_event_kind(&events[1]) == MD_EVENT_FREE);
	cr_expect(md_event_size(&events[0]) == 100 && md_event_size(&events[1]) == 100);
	cr_expect(events[0].stack == 11 && events[1].stack == 12);
	cr_expect(events[0].time <= events[1].time);
}

/* --- requests that fail -------------------------------------------------- */

Test(heap, absurd_sizes_fail)
{
	static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 4096, (size_t)PTRDIFF_MAX + 1 };

	for (int i = 0; i < 4; i++) {
		cr_expect(eq(ptr, heap_malloc(&heap, self, sizes[i]), NULL));
		expect_finding(MD_ERROR_ALLOCATION_SIZE_TOO_BIG, MD_NOTICED_AT_CALL, sizes[i], "larger than PTRDIFF_MAX");
		cr_expect(eq(ptr, heap_memalign(&heap, self, 4096, sizes[i]), NULL));
		expect_finding(MD_ERROR_ALLOCATION_SIZE_TOO_BIG, MD_NOTICED_AT_CALL, sizes[i], "larger than PTRDIFF_MAX, aligned");
	}
	cr_expect(eq(ptr, heap_malloc(&heap, self, PTRDIFF_MAX), NULL));
	expect_finding(MD_ERROR_OUT_OF_MEMORY, MD_NOTICED_AT_CALL, PTRDIFF_MAX, "PTRDIFF_MAX");
	cr_expect(eq(ptr, heap_malloc(&heap, self, (size_t)1 << 46), NULL));
	expect_finding(MD_ERROR_OUT_OF_MEMORY, MD_NOTICED_AT_CALL, (size_t)1 << 46, "64T");
	cr_expect(eq(ptr, heap_memalign(&heap, self, (size_t)1 << 62, 16), NULL));
	expect_finding(MD_ERROR_OUT_OF_MEMORY, MD_NOTICED_AT_CALL, 16, "aligned to 4E");
	cr_expect(eq(u64, self->counters.failed, 11));
	cr_expect(ne(ptr, heap_malloc(&heap, self, 100), NULL));
}

Test(heap_options, a_limit_of_the_users)
{
	struct md_heap_config config = heap_config_default();

	config.max_alloc = 1000;
	heap_start(&config);
	void *user = heap_malloc(&heap, self, 1000);

	cr_expect(ne(ptr, user, NULL));
	cr_expect(eq(ptr, heap_malloc(&heap, self, 1001), NULL));
	expect_finding(MD_ERROR_ALLOCATION_SIZE_TOO_BIG, MD_NOTICED_AT_CALL, 1001, "above max_alloc");
	fill(user, 1000, 1);
	cr_expect(eq(ptr, heap_realloc(&heap, self, user, 1001), NULL));
	expect_finding(MD_ERROR_ALLOCATION_SIZE_TOO_BIG, MD_NOTICED_AT_CALL, 1001, "realloc above max_alloc");
	cr_expect(holds(user, 1000, 1), "the block is as it was");
	cr_expect(eq(int, heap_free(&heap, self, user), MD_FREED));
	expect_no_finding("free after a failed realloc");
}

Test(heap, a_failed_request_is_in_the_history)
{
	const struct md_history_ring *rings[] = { &self->history };
	struct md_call call = { .api = MD_API_CALLOC, .stack = { 9 }, .size = SIZE_MAX };
	struct md_event event;

	cr_expect(eq(ptr, md_heap_fail(&heap, self, MD_ERROR_CALLOC_OVERFLOW, &call), NULL));
	expect_finding(MD_ERROR_CALLOC_OVERFLOW, MD_NOTICED_AT_CALL, SIZE_MAX, "as told");
	cr_assert(eq(sz, md_history_read(rings, 1, 0, 0, 1, &event, 1, NULL), 1));
	cr_expect(eq(int, md_event_kind(&event), MD_EVENT_FAILED));
	cr_expect(eq(int, md_event_api(&event), MD_API_CALLOC));
	cr_expect(eq(uint, event.error, MD_ERROR_CALLOC_OVERFLOW));
	cr_expect(eq(uint, event.stack, 9));
}

/* --- pointers that may not be freed -------------------------------------- */

static void is_double_free(void *user, size_t size, const char *when)
{
	uint64_t frees = self->counters.frees;

	must(heap_free(&heap, self, user) == MD_FREED_NOT, "%s: freed twice", when);
	const struct md_finding *finding = expect_finding(MD_ERROR_DOUBLE_FREE, MD_NOTICED_AT_CALL, (uintptr_t)user, when);

	must(finding->block.valid && finding->block.user == (uintptr_t)user && finding->block.size == size, "%s: which block", when);
	must(finding->block.free_api == MD_API_FREE && finding->block.free_thread.value == self->id.value, "%s: who freed it first", when);
	must(self->counters.frees == frees, "%s: counted", when);
}

Test(heap, double_free_in_the_quarantine)
{
	static const size_t sizes[] = { 0, 1, 24, 100, 5000, 32000, 40000, 300000, 10 << 20 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		void *user = heap_malloc(&heap, self, sizes[i]);

		cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
		is_double_free(user, sizes[i], "the second free");
		is_double_free(user, sizes[i], "the third");
	}
}

Test(heap, double_free_after_the_quarantine)
{
	void *user = heap_malloc(&heap, self, 100), *neighbour = heap_malloc(&heap, self, 100);

	heap_free(&heap, self, user);
	md_heap_evict(&heap, self, 0);
	is_double_free(user, 100, "in the cache");
	md_heap_purge_thread(&heap, self, false);
	is_double_free(user, 100, "back in its zone");
	heap_free(&heap, self, neighbour);
	expect_no_finding("the other one is fine");
}

Test(heap, a_pointer_into_a_block)
{
	static const size_t sizes[] = { 40, 3000, 100000 };

	for (int i = 0; i < 3; i++) {
		char *user = heap_malloc(&heap, self, sizes[i]);

		for (ptrdiff_t offset = -16; offset < (ptrdiff_t)sizes[i] + 16; offset += offset < 40 ? 1 : 299) {
			if (!offset)
				continue;
			must(heap_free(&heap, self, user + offset) == MD_FREED_NOT, "%zu bytes: freed at %td", sizes[i], offset);
			const struct md_finding *finding = expect_finding(
				MD_ERROR_BAD_FREE, MD_NOTICED_AT_CALL, (uintptr_t)user + (uintptr_t)offset, "inside");

			/* What lies before it is the red zone of the slot before, where nobody was yet. */
			must(finding->block.valid && finding->block.user == (uintptr_t)user, "%zu bytes, at %td: not owned", sizes[i],
				offset);
			must(finding->block.state == MD_BLOCK_LIVE, "%zu bytes, at %td", sizes[i], offset);
		}
		cr_expect(eq(int, heap_free(&heap, self, user), MD_FREED));
		expect_no_finding("the block itself");
	}
}

/* An aligned block begins inside of its slot: the slot's begin is not its begin. */
Test(heap, the_slot_of_an_aligned_block_is_not_its_pointer)
{
	for (int i = 0; i < 50; i++) {
		char *user = heap_memalign(&heap, self, 256, 40);
		struct md_block_view block;

		md_inspect_address(&heap, (uintptr_t)user, &block);
		char *slot = (char *)block.begin + MD_REDZONE_BYTES;

		if (slot == user)
			continue;
		must(heap_free(&heap, self, slot) == MD_FREED_NOT, "block %d", i);
		expect_finding(MD_ERROR_BAD_FREE, MD_NOTICED_AT_CALL, (uintptr_t)slot, "the slot");
		must(heap_free(&heap, self, user) == MD_FREED, "block %d", i);
		expect_no_finding("the block");
	}
}

Test(heap, a_slot_that_was_never_handed_out)
{
	char *user = heap_malloc(&heap, self, 40);
	const struct md_zone *zone = md_page_map_zone(&heap.map, (uintptr_t)user);
	char *last = (char *)md_zone_slot_begin(zone, zone->slot_count - 1), *end = (char *)zone->begin + zone->bytes - 1;
	char *const places[] = { last, last + 1, end, (char *)zone->begin, (char *)zone->begin + 1 };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		cr_expect(eq(int, heap_free(&heap, self, places[i]), MD_FREED_NOT));
		expect_finding(MD_ERROR_BAD_FREE, MD_NOTICED_AT_CALL, (uintptr_t)places[i], "never allocated");
	}
}

Test(heap, what_is_not_ours_is_left_alone)
{
	static char global[64];
	char local[64];
	void *const pointers[] = { global, local, (void *)16, (void *)(uintptr_t)0x7fffffffffff, (void *)(uintptr_t)0x800000000000,
		(void *)(uintptr_t)0xdfdfdfdfdfdfdfdf, (void *)UINTPTR_MAX, &heap };
	struct md_call call = { .api = MD_API_REALLOC, .size = 10 };
	void *result;
	size_t size;

	heap_malloc(&heap, self, 10);
	for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++) {
		cr_expect(eq(int, heap_free(&heap, self, pointers[i]), MD_FREED_FOREIGN), "%p", pointers[i]);
		cr_expect(eq(int, md_heap_resize(&heap, self, pointers[i], 10, &call, &result), MD_FREED_FOREIGN), "%p", pointers[i]);
		cr_expect(eq(ptr, result, NULL));
		cr_expect(eq(int, md_heap_size(&heap, self, pointers[i], &call, &size), MD_FREED_FOREIGN), "%p", pointers[i]);
		cr_expect(eq(sz, size, 0));
	}
	expect_no_finding("not ours to judge");
}

Test(heap, usable_size_of_what_is_no_block)
{
	char *user = heap_malloc(&heap, self, 40);
	struct md_call call = { .api = MD_API_USABLE_SIZE };
	size_t size = 1;

	cr_expect(eq(int, md_heap_size(&heap, self, user + 1, &call, &size), MD_FREED_NOT));
	expect_finding(MD_ERROR_BAD_USABLE_SIZE, MD_NOTICED_AT_CALL, (uintptr_t)user + 1, "inside");
	heap_free(&heap, self, user);
	cr_expect(eq(int, md_heap_size(&heap, self, user, &call, &size), MD_FREED_NOT));
	cr_expect(eq(sz, size, 0));
	expect_finding(MD_ERROR_BAD_USABLE_SIZE, MD_NOTICED_AT_CALL, (uintptr_t)user, "freed");
}

/* --- calls that do not fit the block ------------------------------------- */

static void *allocate_by(enum md_api api, size_t size, size_t alignment)
{
	struct md_call call = { .api = api, .size = size, .alignment = alignment };

	return md_heap_allocate(&heap, self, size, alignment < 16 ? 16 : alignment, false, &call);
}

static enum md_freed free_by(enum md_api api, void *user, size_t size, size_t alignment)
{
	struct md_call call = { .api = api, .size = size, .alignment = alignment };

	return md_heap_free(&heap, self, user, &call);
}

/* Every interface against every other: an error exactly where the families differ. The block is freed all the same. */
Test(heap, families_of_allocating_and_freeing_interfaces)
{
	for (int a = 0; a < MD_API_FIRST_FREE; a++) {
		for (int f = MD_API_FIRST_FREE; f < MD_API_COUNT; f++) {
			const char *name = md_api_name((enum md_api)f);
			bool aligned_alloc = strstr(md_api_name((enum md_api)a), "(aligned") != NULL,
			     aligned_free = strstr(name, "aligned)") != NULL;
			size_t alignment = aligned_alloc ? 64 : 0;
			void *user = allocate_by((enum md_api)a, 48, alignment);
			char when[128];

			snprintf(when, sizeof when, "%s, %s", md_api_name((enum md_api)a), name);
			must(free_by((enum md_api)f, user, 48, strstr(name, "aligned") ? 16 : 0) == MD_FREED, "%s", when);
			if (md_api_family((enum md_api)a) != md_api_family((enum md_api)f))
				expect_finding(MD_ERROR_ALLOC_DEALLOC_MISMATCH, MD_NOTICED_AT_CALL, (uintptr_t)user, when);
			else if (md_api_family((enum md_api)a) != MD_FAMILY_MALLOC && aligned_alloc != aligned_free)
				expect_finding(MD_ERROR_NEW_DELETE_TYPE_MISMATCH, MD_NOTICED_AT_CALL, (uintptr_t)user, when);
			else
				expect_no_finding(when);
		}
	}
}

Test(heap_options, mismatch_can_be_switched_off)
{
	struct md_heap_config config = heap_config_default();

	config.mismatch = false;
	heap_start(&config);
	free_by(MD_API_FREE, allocate_by(MD_API_NEW, 10, 0), 0, 0);
	free_by(MD_API_DELETE, allocate_by(MD_API_NEW_ARRAY, 10, 0), 0, 0);
	free_by(MD_API_DELETE, allocate_by(MD_API_NEW_ALIGNED, 10, 64), 0, 0);
	expect_no_finding("switched off");
}

Test(heap, sized_and_aligned_frees)
{
	static const struct {
		enum md_api alloc, free;
		enum md_error error;
	} rows[] = {
		{ MD_API_MALLOC, MD_API_FREE_SIZED, MD_ERROR_FREE_SIZE_MISMATCH },
		{ MD_API_ALIGNED_ALLOC, MD_API_FREE_ALIGNED_SIZED, MD_ERROR_FREE_SIZE_MISMATCH },
		{ MD_API_NEW, MD_API_DELETE_SIZED, MD_ERROR_NEW_DELETE_TYPE_MISMATCH },
		{ MD_API_NEW_ARRAY, MD_API_DELETE_ARRAY_SIZED, MD_ERROR_NEW_DELETE_TYPE_MISMATCH },
		{ MD_API_NEW_ALIGNED, MD_API_DELETE_SIZED_ALIGNED, MD_ERROR_NEW_DELETE_TYPE_MISMATCH },
		{ MD_API_NEW_ARRAY_ALIGNED, MD_API_DELETE_ARRAY_SIZED_ALIGNED, MD_ERROR_NEW_DELETE_TYPE_MISMATCH },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *name = md_api_name(rows[i].free);
		size_t alignment = strstr(name, "aligned") ? 64 : 0;

		for (size_t size = 0; size < 100; size += 33) {
			void *user = allocate_by(rows[i].alloc, size, alignment);

			cr_expect(eq(int, free_by(rows[i].free, user, size, alignment), MD_FREED));
			expect_no_finding(name);
			user = allocate_by(rows[i].alloc, size, alignment);
			cr_expect(eq(int, free_by(rows[i].free, user, size + 1, alignment), MD_FREED));
			expect_finding(rows[i].error, MD_NOTICED_AT_CALL, (uintptr_t)user, name);
			if (!alignment)
				continue;
			do
				user = allocate_by(rows[i].alloc, size, alignment);
			while ((uintptr_t)user % 4096 == 0);
			cr_expect(eq(int, free_by(rows[i].free, user, size, 4096), MD_FREED));
			expect_finding(rows[i].error, MD_NOTICED_AT_CALL, (uintptr_t)user, name);
		}
	}
	size_t large = 1ull << 20;

	cr_expect(eq(int, free_by(MD_API_FREE_SIZED, allocate_by(MD_API_MALLOC, large, 0), large, 0), MD_FREED));
	expect_no_finding("a large block");
}

/* --- what is held back --------------------------------------------------- */

Test(heap_options, the_quarantine_keeps_its_limit)
{
	struct md_heap_config config = heap_config_default();

	config.quarantine = 100000;
	config.quarantine_fixed = true;
	heap_start(&config);
	uint64_t random = 1;

	for (int i = 0; i < 20000; i++) {
		heap_free(&heap, self, heap_malloc(&heap, self, random_below(&random, 5000)));
		must(self->quarantine.bytes <= self->quarantine.limit_bytes && self->quarantine.limit_bytes <= 100000,
			"%zu of %zu bytes are held", self->quarantine.bytes, self->quarantine.limit_bytes);
	}
	cr_expect(gt(sz, self->quarantine.bytes, 90000));
	expect_no_finding("no mistake was made");
}

Test(heap, a_freed_block_is_not_handed_out_while_held_back)
{
	void *first = heap_malloc(&heap, self, 100);

	heap_free(&heap, self, first);
	for (size_t held = 0; held + 2 * 160 < self->quarantine.limit_bytes; held += 160) {
		void *user = heap_malloc(&heap, self, 100);

		must(user != first, "reused after %zu bytes", held);
		heap_free(&heap, self, user);
	}
}

Test(heap_options, without_a_quarantine_blocks_are_reused_at_once)
{
	struct md_heap_config config = heap_config_default();

	config.quarantine = 0;
	heap_start(&config);
	void *user = heap_malloc(&heap, self, 100);

	heap_free(&heap, self, user);
	cr_expect(eq(ptr, heap_malloc(&heap, self, 100), user));
	heap_free(&heap, self, user);
	is_double_free(user, 100, "in the cache");
	void *large = heap_malloc(&heap, self, 1 << 20);

	heap_free(&heap, self, large);
	cr_expect(eq(sz, self->quarantine.blocks, 0));
	cr_expect(eq(int, heap_free(&heap, self, large), MD_FREED_FOREIGN), "its zone is gone");
	expect_no_finding("a large block");
}

Test(heap, a_purge_gives_everything_back)
{
	static void *users[5000];
	uint64_t random = 9;

	for (int i = 0; i < 5000; i++)
		users[i] = heap_malloc(&heap, self, random_below(&random, i % 100 ? 2000 : 200000));
	for (int i = 0; i < 5000; i += 2)
		heap_free(&heap, self, users[i]);
	for (int i = 1; i < 5000; i += 2)
		heap_free(&heap, self, users[i]);
	cr_expect(not(heap_purge(&heap, self)));
	expect_no_finding("no mistake was made");
	cr_expect(eq(sz, atomic_load(&heap.runs.used_bytes), 0));
	struct md_heap_totals totals;

	md_inspect_totals(&heap, &totals);
	cr_expect(eq(u64, totals.live_blocks + totals.quarantined_blocks + totals.cached_slots, 0));
	cr_expect(eq(u64, totals.zones[0] + totals.zones[1] + totals.zones[2], 0));
	cr_expect(eq(u64, totals.free_run_bytes, totals.mapped_bytes));
	md_runs_trim(&heap.runs, 0);
	cr_expect(eq(sz, atomic_load(&heap.runs.mapped_bytes), 0));
}

/* The picture of merging, from outside: allocate, free alternately, free the rest, and the zone is one free run. */
Test(heap, freed_neighbours_merge_into_one_run)
{
	static void *users[20000];
	uintptr_t begin, end;
	bool dirty;

	for (int i = 0; i < 20000; i++)
		users[i] = heap_malloc(&heap, self, 100);
	for (int i = 0; i < 20000; i += 2)
		heap_free(&heap, self, users[i]);
	heap_purge(&heap, self);
	struct md_heap_totals totals;

	md_inspect_totals(&heap, &totals);
	cr_expect(eq(u64, totals.live_blocks, 10000), "half of them hold every zone");
	for (int i = 1; i < 20000; i += 2)
		heap_free(&heap, self, users[i]);
	heap_purge(&heap, self);
	md_inspect_totals(&heap, &totals);
	cr_expect(eq(u64, totals.zones[0] + totals.zones[1] + totals.zones[2], 0));
	cr_expect(eq(u64, totals.free_run_bytes, totals.mapped_bytes));
	cr_expect(ge(u64, totals.free_run_largest, 512u << 10), "the first mapping at least is one run");
	for (uintptr_t from = 0, last = 0; md_inspect_free_run_from(&heap, from, &begin, &end, &dirty); from = end) {
		must(begin > last, "two free runs touch at %#lx", begin);
		last = end;
	}
	expect_no_finding("no mistake was made");
}
