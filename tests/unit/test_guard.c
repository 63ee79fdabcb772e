/* SPDX-License-Identifier: MIT */
#include "src/guard.h"

#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/fake_os.h"
#include "tests/unit/heap_unit.h"

static void start_with(enum md_guard_side side, enum md_guard_align align)
{
	struct md_heap_config config = heap_config_default();

	config.guard.mode = MD_GUARD_ALL;
	config.guard.side = side;
	config.guard.align = align;
	fake_os_allow_all();
	heap_start(&config);
}

static void start(void)
{
	start_with(MD_GUARD_AFTER, MD_GUARD_ALIGN_16);
}

TestSuite(guard, .init = start);

/* Through the kernel, which refuses where an access would fault. */
static bool readable(uintptr_t addr)
{
	unsigned char byte;

	return md_os_read(addr, &byte, 1) == 1;
}

static struct md_block_view view_of(uintptr_t addr)
{
	struct md_block_view block;

	md_inspect_address(&heap, addr, &block);
	return block;
}

static uint64_t guarded_now(void)
{
	return atomic_load(&heap.guard.live);
}

static void *guarded(size_t size)
{
	uint64_t before = guarded_now();
	unsigned char *user = heap_malloc(&heap, self, size);

	must(user, "no memory for %zu bytes", size);
	must(guarded_now() == before + 1, "%zu bytes are not guarded", size);
	return user;
}

/* --- where blocks lie ------------------------------------------------------ */

static void expect_guarded_end(unsigned char *user, size_t size, size_t slack_max, const char *when)
{
	struct md_block_view block = view_of((uintptr_t)user);

	must(block.valid && block.user == (uintptr_t)user && block.size == size, "%s, %zu bytes: not found", when, size);
	must(block.guard_before && block.guard_after && !block.closed, "%s, %zu bytes: no guard pages", when, size);
	must(block.end % MD_PAGE_BYTES == 0 && block.begin % MD_PAGE_BYTES == 0, "%s, %zu bytes: no whole pages", when, size);
	must(!readable(block.end) && !readable(block.end + MD_PAGE_BYTES - 1), "%s, %zu bytes: readable behind", when, size);
	must(!readable(block.begin - 1) && !readable(block.begin - MD_PAGE_BYTES), "%s, %zu bytes: readable before", when, size);
	must(md_guard_is_guard(&heap, block.end) && md_guard_is_guard(&heap, block.begin - 1) && !md_guard_is_guard(&heap, block.begin) &&
			!md_guard_is_guard(&heap, block.end - 1),
		"%s, %zu bytes: told wrongly", when, size);
	if (block.flush == MD_FLUSH_END)
		must(block.end - (block.user + size) <= slack_max, "%s, %zu bytes: %zu bytes of slack", when, size, block.end - (block.user + size));
	else
		must(block.flush == MD_FLUSH_BEGIN && block.user == block.begin, "%s, %zu bytes: not at the begin", when, size);
	memset(user, 0x41, size);
}

Test(guard, every_size_ends_at_a_guard_page)
{
	for (size_t size = 0; size <= 32768; size += size < 600 ? 1 : 479) {
		unsigned char *user = guarded(size);

		cr_assert(eq(u64, (uintptr_t)user % 16, 0));
		expect_guarded_end(user, size, 15, "after");
		cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
		must(!readable((uintptr_t)user) && !readable((uintptr_t)user + size - (size != 0)), "%zu bytes: readable after free", size);
	}
	expect_no_finding("no access was wrong");
}

Test(guard, exact_ends_with_alignment_1, .init = NULL)
{
	start_with(MD_GUARD_AFTER, MD_GUARD_ALIGN_1);
	for (size_t size = 1; size < 9000; size += 61) {
		unsigned char *user = guarded(size);

		expect_guarded_end(user, size, 0, "alignment 1");
		user[0] = user[size - 1] = 1;
		cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
	}
	expect_no_finding("no access was wrong");
}

Test(guard, natural_alignment, .init = NULL)
{
	start_with(MD_GUARD_AFTER, MD_GUARD_ALIGN_NATURAL);
	for (size_t size = 1; size < 300; size++) {
		unsigned char *user = guarded(size);
		size_t power = size & -size;

		must((uintptr_t)user % (power < 16 ? power : 16) == 0, "%zu bytes at %p", size, (void *)user);
		expect_guarded_end(user, size, 0, "natural");
		cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
	}
	unsigned char *aligned = heap_memalign(&heap, self, 16, 40); /* asked for: stays */

	cr_assert(eq(u64, (uintptr_t)aligned % 16, 0));
	expect_no_finding("no access was wrong");
}

Test(guard, before_and_both, .init = NULL)
{
	start_with(MD_GUARD_BOTH, MD_GUARD_ALIGN_16);
	unsigned begins = 0, ends = 0;

	for (size_t size = 1; size < 400; size += 7) {
		unsigned char *user = guarded(size);

		expect_guarded_end(user, size, 15, "both");
		if (view_of((uintptr_t)user).flush == MD_FLUSH_BEGIN)
			begins++;
		else
			ends++;
	}
	must(begins - ends + 1 <= 2, "%u at the begin, %u at the end", begins, ends);
}

Test(guard, alignments)
{
	for (size_t alignment = 32; alignment <= 65536; alignment *= 2) {
		unsigned char *user = heap_memalign(&heap, self, alignment, 100);

		must(user && (uintptr_t)user % alignment == 0, "alignment %zu: %p", alignment, (void *)user);
		if (alignment <= MD_PAGE_BYTES)
			expect_guarded_end(user, 100, alignment - 1, "aligned");
		memset(user, 1, 100);
		cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
	}
	expect_no_finding("no access was wrong");
}

/* --- slack ----------------------------------------------------------------- */

Test(guard, slack_is_verified_on_both_sides)
{
	unsigned char *user = guarded(20);

	user[20] ^= 0x55;
	cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
	expect_finding(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_AT_FREE, (uintptr_t)user + 20, "in the slack behind");
	user = guarded(20);
	user[-1] ^= 0x55;
	cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
	expect_finding(MD_ERROR_HEAP_BUFFER_UNDERFLOW, MD_NOTICED_AT_FREE, (uintptr_t)user - 1, "in the slack before");
}

Test(guard, slack_before_odd_begins_is_verified, .init = NULL)
{
	start_with(MD_GUARD_AFTER, MD_GUARD_ALIGN_1);
	for (size_t size = 1; size < 20; size++)
		for (size_t distance = 1; distance < 20; distance++) {
			unsigned char *user = guarded(size);

			user[-(ptrdiff_t)distance] ^= 0x55;
			cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
			expect_finding(MD_ERROR_HEAP_BUFFER_UNDERFLOW, MD_NOTICED_AT_FREE, (uintptr_t)user - distance, "odd begin");
		}
}

/* --- freed ----------------------------------------------------------------- */

Test(guard, freed_blocks_keep_their_first_and_last_bytes)
{
	static const size_t sizes[] = { 1, 16, 63, 64, 65, 100, 128, 129, 5000, 300000 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t size = sizes[i], shown = 0;
		unsigned char *user = guarded(size), copy[MD_EVIDENCE_BYTES], marks[MD_EVIDENCE_BYTES], expected[MD_EVIDENCE_BYTES];

		for (size_t at = 0; at < size; at++)
			user[at] = (unsigned char)(at + 3);
		cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
		struct md_block_view block = view_of((uintptr_t)user);

		must(block.valid && block.closed && block.size == size && block.state == MD_BLOCK_QUARANTINED, "%zu bytes: not closed", size);
		for (size_t at = 0; at < size; at++) {
			bool kept = at < MD_KEPT_BYTES || size - at <= MD_KEPT_BYTES;

			must(md_inspect_copy(&heap, (uintptr_t)user + at, (uintptr_t)user + at + 1, copy), "%zu bytes: no copy", size);
			md_inspect_bytes(&heap, (uintptr_t)user + at, 1, copy, marks, expected);
			must(marks[0] == (kept ? MD_MARK_FREED : MD_MARK_GUARD), "byte %zu of %zu has mark %u", at, size, marks[0]);
			must(!kept || copy[0] == (unsigned char)(at + 3), "byte %zu of %zu is %u", at, size, copy[0]);
			shown += kept;
			if (at == 200 && size > 1000)
				at = size - 200;
		}
		must(shown == (size < 128 ? size : 128), "%zu of %zu bytes kept", shown, size);
	}
}

Test(guard, memory_of_freed_blocks_goes_back)
{
	unsigned char used[8], *user = guarded(32768);

	memset(user, 1, 32768);
	cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
	user = heap_calloc(&heap, self, 32768); /* the slot again, or a fresh one: zero either way */
	for (size_t i = 0; i < 32768; i++)
		must(!user[i], "byte %zu of a cleared block", i);
	if (!md_os_pages_used((uintptr_t)user, 8, used))
		cr_skip_test("the system does not tell which pages are used");
}

Test(guard, double_free_and_bad_free_are_told_as_ever)
{
	unsigned char *user = guarded(100);

	cr_assert(eq(int, heap_free(&heap, self, user + 16), MD_FREED_NOT));
	expect_finding(MD_ERROR_BAD_FREE, MD_NOTICED_AT_CALL, (uintptr_t)user + 16, "inside");
	cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
	cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED_NOT));
	expect_finding(MD_ERROR_DOUBLE_FREE, MD_NOTICED_AT_CALL, (uintptr_t)user, "twice");
	cr_assert(eq(int, heap_free(&heap, self, user + 200), MD_FREED_NOT));
	expect_finding(MD_ERROR_BAD_FREE, MD_NOTICED_AT_CALL, (uintptr_t)user + 200, "in the guard page");
}

Test(guard, slots_come_back_from_the_quarantine_guarded)
{
	for (unsigned round = 0; round < 20000; round++) {
		unsigned char *user = guarded(round % 300 + 1);

		memset(user, 1, round % 300 + 1);
		if (round % 1000 == 0)
			expect_guarded_end(user, round % 300 + 1, 15, "again");
		cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
	}
	expect_no_finding("no access was wrong");
	must(guarded_now() == 0, "%lu are counted as live", guarded_now());
	must(atomic_load(&heap.zones.guarded_bytes) < 64u << 20, "%zu bytes of zones for one live block", atomic_load(&heap.zones.guarded_bytes));
}

/* --- opening ---------------------------------------------------------------- */

Test(guard, opened_after_a_fault)
{
	unsigned char *user = guarded(200);

	memset(user, 0x41, 200);
	must(md_guard_open(&heap, (uintptr_t)user + 230), "the guard page behind");
	user[230] = 7;
	must(user[230] == 7 && !md_guard_is_guard(&heap, (uintptr_t)user + 230), "the guard page is not open");
	cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
	must(md_guard_is_guard(&heap, (uintptr_t)user + 5), "the freed block is open");
	must(md_guard_open(&heap, (uintptr_t)user + 100), "the freed block");
	must(!view_of((uintptr_t)user).closed, "still told to be closed");
	for (size_t i = 0; i < 200; i++)
		must(user[i] == (i < 64 || i >= 136 ? 0x41 : heap.config.fill_free_byte), "byte %zu is %#x", i, user[i]);
	user[3] = 9; /* reported already */
	struct md_check_cursor cursor = { 0 };
	struct md_call call = { .api = MD_API_NONE };

	must(!md_check_heap(&heap, self, &cursor, MD_NOTICED_ON_REQUEST, &call), "more to check");
	must(!heap_purge(&heap, self), "more to purge");
	expect_no_finding("an opened block has been reported");
	/* Guards are back when the slot is. */
	for (unsigned i = 0; i < 64; i++)
		expect_guarded_end(guarded(200), 200, 15, "after it was opened");
}

Test(guard, blocks_in_use_and_others_are_not_opened)
{
	int stack = 0;
	unsigned char *user = guarded(200);

	must(!md_guard_is_guard(&heap, (uintptr_t)user) && !md_guard_is_guard(&heap, (uintptr_t)&stack), "told to be guards");
	must(!md_guard_open(&heap, (uintptr_t)&stack) && !md_guard_open(&heap, 0) && !md_guard_open(&heap, UINTPTR_MAX), "opened");
	must(md_guard_open(&heap, (uintptr_t)user), "an access to a block in use may go on");
	fake_os_refuse_removes(1, UINT64_MAX);
	must(!md_guard_open(&heap, (uintptr_t)user + 300), "the system refuses");
	must(md_guard_is_guard(&heap, (uintptr_t)user + 300), "and the page is no guard any more");
}

Test(guard, addresses_between_blocks_belong_to_the_nearer)
{
	unsigned char *blocks[64], *left = NULL, *right = NULL;

	for (unsigned i = 0; i < 64; i++)
		blocks[i] = guarded(3000);
	for (unsigned i = 0; i < 64; i++)
		for (unsigned k = 0; k < 64; k++)
			if (blocks[k] == blocks[i] + 2 * MD_PAGE_BYTES)
				left = blocks[i], right = blocks[k];
	must(left, "no two neighbours");
	cr_expect(eq(u64, view_of((uintptr_t)left + 3000 + 20).user, (uintptr_t)left));
	cr_expect(eq(u64, view_of((uintptr_t)right - 1).user, (uintptr_t)right));
	cr_expect(eq(u64, view_of((uintptr_t)right - 1100).user, (uintptr_t)right)); /* in the guard page, 1100 before the one and 4092 behind the other */
	cr_expect(eq(u64, view_of((uintptr_t)left + 3000 + 2000).user, (uintptr_t)left));
}

/* --- large ------------------------------------------------------------------ */

Test(guard, large_blocks_lie_between_guard_pages)
{
	for (size_t size = 32769; size < 3000000; size = size * 3 / 2 + 11) {
		unsigned char *user = guarded(size);

		expect_guarded_end(user, size, 15, "large");
		cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
		if (size > 128 << 10)
			must(!readable((uintptr_t)user) && !readable((uintptr_t)user + size - 1), "%zu bytes: readable after free", size);
	}
	must(!heap_purge(&heap, self), "findings");
	must(guarded_now() == 0, "%lu are counted as live", guarded_now());
	for (unsigned i = 0; i < 40; i++) { /* the ranges serve others, all of them accessible */
		unsigned char *user = heap_calloc(&heap, self, 500000);

		for (size_t at = 0; at < 500000; at++)
			must(!user[at], "byte %zu is %u", at, user[at]);
		memset(user, 1, 500000);
	}
}

Test(guard, large_blocks_grow_and_shrink)
{
	static const size_t sizes[] = { 40000, 40010, 41000, 90000, 300000, 900000, 901000, 5000000, 700000, 100000, 33000, 200, 400000, 12000000 };
	unsigned char *user = guarded(sizes[0]);

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t before = i ? sizes[i - 1] : sizes[0];

		user[0] = 0x31;
		user[(before < sizes[i] ? before : sizes[i]) - 1] = 0x33;
		user = heap_realloc(&heap, self, user, sizes[i]);
		must(user && user[0] == 0x31 && user[(before < sizes[i] ? before : sizes[i]) - 1] == 0x33, "%zu to %zu bytes", before, sizes[i]);
		memset(user, 0x31, sizes[i]);
		struct md_block_view block = view_of((uintptr_t)user);

		must(block.valid && block.size == sizes[i] && !readable(block.end) == block.guard_after, "%zu bytes: behind", sizes[i]);
		must(!readable(block.begin - 1) || !block.guard_before, "%zu bytes: before", sizes[i]);
		expect_no_finding("resized");
	}
	cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
	must(!heap_purge(&heap, self), "findings");
	must(guarded_now() == 0, "%lu are counted as live", guarded_now());
}

/* --- refusals ---------------------------------------------------------------- */

/* A program's day: whatever the system refuses, blocks are there and hold what is written. */
static void live_through(unsigned rounds, uint64_t seed)
{
	unsigned char *blocks[40] = { 0 };
	size_t sizes[40] = { 0 };

	for (unsigned round = 0; round < rounds; round++) {
		unsigned i = (unsigned)((seed = seed * 6364136223846793005ull + 1442695040888963407ull) >> 33) % 40;
		size_t size = (seed >> 40) % (round % 11 ? 6000 : 400000);

		if (blocks[i] && round % 3) {
			for (size_t at = 0; at < sizes[i]; at += 97)
				must(blocks[i][at] == (unsigned char)i, "byte %zu of %zu", at, sizes[i]);
			must(heap_free(&heap, self, blocks[i]) == MD_FREED, "round %u: free", round);
			blocks[i] = NULL;
		} else {
			blocks[i] = blocks[i] ? heap_realloc(&heap, self, blocks[i], size + 1) : round & 4 ? heap_calloc(&heap, self, size + 1) : heap_malloc(&heap, self, size + 1);
			must(blocks[i], "round %u: %zu bytes", round, size);
			sizes[i] = size + 1;
			memset(blocks[i], (int)i, sizes[i]);
		}
		expect_no_finding("refused");
	}
	for (unsigned i = 0; i < 40; i++)
		if (blocks[i])
			must(heap_free(&heap, self, blocks[i]) == MD_FREED, "free");
	must(!heap_purge(&heap, self), "findings");
}

Test(guard, no_guards_at_all, .init = NULL)
{
	atomic_store(&fake_os.no_guards, true);
	struct md_heap_config config = heap_config_default();

	config.guard.mode = MD_GUARD_ALL;
	heap_start(&config);
	live_through(3000, 1);
	must(!atomic_load(&fake_os.guard_installs), "asked for guards all the same");
}

Test(guard, installs_refused_now_and_then)
{
	for (uint64_t nth = 1; nth < 60; nth++) {
		fake_os_refuse_installs(nth, nth % 7 + 1);
		live_through(300, nth);
		fake_os_allow_all();
	}
}

Test(guard, removes_refused_now_and_then)
{
	for (uint64_t nth = 1; nth < 60; nth++) {
		fake_os_refuse_removes(nth, nth % 7 + 1);
		live_through(300, nth);
		fake_os_allow_all();
	}
}

/* As under a filter for system calls that was installed with guarded blocks in use. */
Test(guard, all_refused_from_some_moment_on)
{
	live_through(500, 1);
	unsigned char *old = guarded(50), *older = guarded(200000);

	fake_os_refuse_installs(1, UINT64_MAX);
	fake_os_refuse_removes(1, UINT64_MAX);
	live_through(2000, 2);
	memset(old, 1, 50);
	memset(older, 1, 200000);
	must(heap_free(&heap, self, old) == MD_FREED && heap_free(&heap, self, older) == MD_FREED, "free");
	must(readable((uintptr_t)old) && old[0] == heap.config.fill_free_byte, "a block that cannot be closed is filled");
	old[10] ^= 1;
	heap_purge(&heap, self);
	expect_damage(MD_ERROR_HEAP_USE_AFTER_FREE, MD_NOTICED_AT_REUSE, (uintptr_t)old + 10, 1, old, 50, "and verified");
}

Test(guard, few_ranges_are_not_exceeded, .init = NULL)
{
	struct md_heap_config config = heap_config_default();

	atomic_store(&fake_os.guard_ranges_max, 50);
	config.guard.mode = MD_GUARD_ALL;
	heap_start(&config);
	for (unsigned i = 0; i < 200; i++) {
		memset(heap_malloc(&heap, self, 100), 1, 100);
		must(guarded_now() <= 50, "%lu guarded", guarded_now());
	}
	must(guarded_now() == 50 && atomic_load(&heap.guard.ranges_short), "%lu guarded", guarded_now());
}

Test(guard, little_address_space_is_left_to_the_program, .init = NULL)
{
	struct md_heap_config config = heap_config_default();

	atomic_store(&fake_os.address_space, 64u << 20);
	config.guard.mode = MD_GUARD_ALL;
	heap_start(&config);
	for (unsigned i = 0; i < 20000; i++)
		must(heap_malloc(&heap, self, 100), "block %u", i);
	must(atomic_load(&heap.zones.guarded_bytes) <= 16u << 20, "%zu bytes of guarded zones", atomic_load(&heap.zones.guarded_bytes));
	must(atomic_load(&heap.zones.guarded_bytes) > 8u << 20, "%zu bytes of guarded zones", atomic_load(&heap.zones.guarded_bytes));
}

/* --- who looks ---------------------------------------------------------------- */

Test(guard, nothing_is_shut_while_somebody_watches)
{
	unsigned char *user = guarded(100);

	memset(user, 1, 100);
	md_runs_watch_begin(&heap.runs);
	cr_assert(eq(int, heap_free(&heap, self, user), MD_FREED));
	must(readable((uintptr_t)user), "shut under the eyes of a reader");
	must(heap_malloc(&heap, self, 40000), "no memory");
	md_runs_watch_end(&heap.runs);
	must(user[0] == heap.config.fill_free_byte, "not filled");
	user[1] ^= 1;
	heap_purge(&heap, self);
	expect_damage(MD_ERROR_HEAP_USE_AFTER_FREE, MD_NOTICED_AT_REUSE, (uintptr_t)user + 1, 1, user, 100, "and verified");
}

Test(guard, a_child_of_fork_has_the_guards_too)
{
	unsigned char *live = guarded(100), *freed = guarded(100), *large = guarded(100000);
	int status;

	heap_free(&heap, self, freed);
	pid_t child = fork();

	if (!child) {
		bool good = !readable((uintptr_t)live + 112) && readable((uintptr_t)live) && !readable((uintptr_t)freed) && !readable((uintptr_t)large + 100000);

		md_heap_after_fork(&heap, self);
		good = good && heap_free(&heap, self, live) == MD_FREED && !readable((uintptr_t)live) && heap_free(&heap, self, large) == MD_FREED;
		_exit(good && !heap_purge(&heap, self) ? 0 : 1);
	}
	must(waitpid(child, &status, 0) == child && status == 0, "status %#x", status);
	memset(live, 1, 100);
}

Test(guard, alignment_of_a_free_is_compared_with_what_was_asked_for)
{
	unsigned char *user = heap_memalign(&heap, self, 64, 100);
	struct md_call call = { .api = MD_API_FREE_ALIGNED_SIZED, .size = 100, .alignment = 128 };

	cr_assert(eq(u64, (uintptr_t)user % 128, 0)); /* by chance: its end is at a page */
	cr_assert(eq(int, md_heap_free(&heap, self, user, &call), MD_FREED));
	expect_finding(MD_ERROR_FREE_SIZE_MISMATCH, MD_NOTICED_AT_CALL, (uintptr_t)user, "128 for 64");
	user = heap_memalign(&heap, self, 128, 100);
	cr_assert(eq(int, md_heap_free(&heap, self, user, &call), MD_FREED));
	expect_no_finding("128 for 128");
}
