/* SPDX-License-Identifier: MIT */
#include "src/guard_policy.h"

#include "src/clock.h"
#include "src/guard.h"
#include "src/module.h"
#include "tests/support/fake_os.h"
#include "tests/unit/heap_unit.h"

static void start_with(const struct md_guard_config *guard)
{
	struct md_heap_config config = heap_config_default();

	config.guard = *guard;
	fake_os_allow_all();
	heap_start(&config);
}

static const struct md_guard_config automatic = { .mode = MD_GUARD_AUTO, .budget_bytes = 64u << 20, .size_max = SIZE_MAX };

static void start(void)
{
	start_with(&automatic);
}

TestSuite(guard_policy, .init = start);

static void *allocate_at(uint32_t stack, size_t size)
{
	struct md_call call = { .api = MD_API_MALLOC, .stack = { stack }, .size = size };

	return md_heap_allocate(&heap, self, size, MD_ALIGNMENT, false, &call);
}

static bool is_guarded(const void *user)
{
	struct md_block_view block;

	md_inspect_address(&heap, (uintptr_t)user, &block);
	must(block.valid && block.user == (uintptr_t)user, "no block at %p", user);
	return block.guard_after;
}

static uint64_t count_of(enum md_guard_reason reason)
{
	return atomic_load(&heap.guard.guarded[reason]);
}

/* As if a time without end had passed, or none. */
static void give_time(bool plenty)
{
	atomic_store(&heap.guard.burst, plenty ? INT32_MAX : 0);
	atomic_store(&heap.guard.credit_ticks, plenty ? INT64_MAX / 2 : INT64_MIN / 2);
}

Test(guard_policy, first_blocks_of_each_stack)
{
	self->guard.sample_at = UINT64_MAX; /* none are guarded for other reasons */
	for (uint32_t stack = 1; stack <= 100; stack++)
		for (unsigned i = 0; i < 10; i++)
			must(is_guarded(allocate_at(stack, 40)) == (i < 4), "block %u of stack %u", i, stack);
	cr_expect(eq(u64, count_of(MD_GUARD_FIRST), 400));
}

Test(guard_policy, burst_ends)
{
	unsigned guarded = 0;

	atomic_store(&heap.guard.credited_at, md_clock_now() + ((uint64_t)1 << 50)); /* no time passes */
	atomic_store(&heap.guard.credit_ticks, INT64_MIN / 2);
	for (uint32_t stack = 1; stack <= 1000; stack++)
		guarded += is_guarded(allocate_at(stack, 40));
	cr_expect(eq(u32, guarded, 512));
}

/* Blocks of new stacks that get a guard for nothing, in the child of the n-th fork. */
static unsigned guarded_in_child(unsigned n, uint64_t ticks_between)
{
	unsigned guarded = 0;

	for (unsigned i = 0; i < n; i++) {
		atomic_store(&heap.guard.forked_at, md_clock_now() - ticks_between);
		md_guard_after_fork(&heap, i + 1 == n);
	}
	must(atomic_load(&heap.guard.credit_ticks) <= 0, "the parent's credit is spent twice");
	atomic_store(&heap.guard.credited_at, md_clock_now() + ((uint64_t)1 << 50)); /* no time passes */
	atomic_store(&heap.guard.credit_ticks, INT64_MIN / 2);
	for (uint32_t stack = 1001; stack <= 2000; stack++)
		guarded += is_guarded(allocate_at(stack, 40));
	return guarded;
}

Test(guard_policy, a_first_child_has_half_a_burst)
{
	atomic_store(&heap.guard.credit_ticks, 1000000);
	cr_expect(eq(u32, guarded_in_child(1, 0), 256));
}

Test(guard_policy, children_share_one_burst)
{
	allocate_at(1, 40); /* what one costs is known from here on */
	must(guarded_in_child(100, 0) < 4, "the hundredth child has a burst of its own");
}

Test(guard_policy, children_of_forks_far_between_have_bursts)
{
	allocate_at(1, 40);
	must(guarded_in_child(100, (uint64_t)1 << 36) >= 128, "there was time enough for them");
}

Test(guard_policy, a_parent_keeps_its_burst)
{
	unsigned guarded = 0;

	for (unsigned i = 0; i < 100; i++)
		md_guard_after_fork(&heap, false);
	atomic_store(&heap.guard.credited_at, md_clock_now() + ((uint64_t)1 << 50));
	atomic_store(&heap.guard.credit_ticks, INT64_MIN / 2);
	for (uint32_t stack = 1; stack <= 1000; stack++)
		guarded += is_guarded(allocate_at(stack, 40));
	cr_expect(eq(u32, guarded, 512));
}

Test(guard_policy, samples_come_while_there_is_time)
{
	unsigned guarded = 0;

	for (unsigned i = 0; i < 100000; i++) {
		give_time(true); /* again and again: it does not pile up */
		void *user = allocate_at(7, 40);

		guarded += is_guarded(user);
		heap_free(&heap, self, user);
	}
	must(guarded > 300 && guarded < 2000, "%u of 100000", guarded);
	cr_expect(eq(u64, count_of(MD_GUARD_SAMPLE), guarded - 4));
	uint64_t samples = count_of(MD_GUARD_SAMPLE);

	give_time(false);
	for (unsigned i = 0; i < 100000; i++)
		heap_free(&heap, self, allocate_at(7, 40));
	cr_expect(eq(u64, count_of(MD_GUARD_SAMPLE), samples));
	must(self->guard.interval > 10000, "the distance did not grow: %u", self->guard.interval);
}

/* While no time passes, a stack has its first blocks and what one tick of credit buys, whatever is left of the burst. */
Test(guard_policy, one_busy_stack_gets_little)
{
	static const size_t sizes[] = { 40, 60000 };

	for (uint32_t k = 0; k < 2; k++) {
		unsigned guarded = 0;

		atomic_store(&heap.guard.credited_at, md_clock_now() + ((uint64_t)1 << 50));
		atomic_store(&heap.guard.credit_ticks, 1);
		for (unsigned i = 0; i < 5000; i++) {
			void *user = allocate_at(7 + k, sizes[k]);

			guarded += is_guarded(user);
			heap_free(&heap, self, user);
		}
		must(guarded >= 4 && guarded <= 5, "%zu bytes: %u", sizes[k], guarded);
	}
}

Test(guard_policy, bytes_are_bounded)
{
	for (uint32_t stack = 1; stack <= 4000; stack++) {
		give_time(true);
		allocate_at(stack, 40);
	}
	/* 4 MiB, or an eighth of the heap, whichever is more. */
	size_t most = atomic_load(&heap.runs.used_bytes) / 8;

	most = most > 4u << 20 ? most : 4u << 20;
	must(atomic_load(&heap.guard.live_bytes) <= most, "%zu bytes", atomic_load(&heap.guard.live_bytes));
	must(atomic_load(&heap.guard.bytes_short), "the budget was not reached");
	must(atomic_load(&heap.guard.live_bytes) > 3u << 20, "%zu bytes", atomic_load(&heap.guard.live_bytes));
}

Test(guard_policy, named_budget, .init = NULL)
{
	struct md_guard_config config = automatic;

	config.budget_bytes = 10 * MD_PAGE_BYTES;
	start_with(&config);
	for (uint32_t stack = 1; stack <= 100; stack++)
		allocate_at(stack, 40);
	cr_expect(eq(u64, atomic_load(&heap.guard.live), 10));
}

Test(guard_policy, sizes, .init = NULL)
{
	struct md_guard_config config = automatic;

	config.mode = MD_GUARD_ALL;
	config.size_min = 100;
	config.size_max = 50000;
	start_with(&config);
	cr_expect(not(is_guarded(allocate_at(1, 99))));
	cr_expect(is_guarded(allocate_at(1, 100)));
	cr_expect(is_guarded(allocate_at(1, 50000)));
	cr_expect(not(is_guarded(allocate_at(1, 50001))));
}

Test(guard_policy, damaged_stacks_are_guarded)
{
	give_time(false);
	unsigned char *user = allocate_at(9, 40);

	must(!is_guarded(user), "without a budget");
	user[40] ^= 0x55;
	heap_free(&heap, self, user);
	expect_finding(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_AT_FREE, (uintptr_t)user + 40, "damage");
	for (unsigned i = 0; i < 1000; i++) {
		void *later = allocate_at(9, 40);

		must(is_guarded(later), "block %u of the stack", i);
		must(!is_guarded(allocate_at(9 + MD_GUARD_SEEN, 40)), "one that only looks like it");
		heap_free(&heap, self, later);
	}
	cr_expect(eq(u64, count_of(MD_GUARD_DAMAGED), 1000));
}

Test(guard_policy, suspects_of_other_threads)
{
	struct md_thread *other = md_heap_thread_begin(&heap, 4711);
	struct md_call call = { .api = MD_API_MALLOC, .stack = { 9 }, .size = 40 };

	give_time(false);
	for (unsigned i = 0; i < 10; i++)
		must(!is_guarded(md_heap_allocate(&heap, other, 40, MD_ALIGNMENT, false, &call)), "without a budget");
	md_guard_suspect(&heap, (md_stack_id){ 9 });
	must(is_guarded(md_heap_allocate(&heap, other, 40, MD_ALIGNMENT, false, &call)), "in another thread");
}

Test(guard_policy, many_suspects)
{
	give_time(false);
	for (uint32_t stack = 1; stack <= 1000; stack++)
		md_guard_suspect(&heap, (md_stack_id){ stack });
	must(is_guarded(allocate_at(1000, 40)), "the newest");
	must(!is_guarded(allocate_at(1, 40)), "the oldest made room");
	atomic_store(&heap.guard.suspected, 1);
	must(is_guarded(allocate_at(1000, 40)) && !is_guarded(allocate_at(1000, 40)), "no more than the process may have");
}

Test(guard_policy, off_guards_nothing, .init = NULL)
{
	struct md_guard_config config = automatic;

	config.mode = MD_GUARD_OFF;
	start_with(&config);
	md_guard_suspect(&heap, (md_stack_id){ 1 });
	for (unsigned i = 0; i < 1000; i++)
		allocate_at(1, i * 1000);
	cr_expect(eq(u64, fake_os.guard_installs, 0));
}

Test(guard_policy, only_stacks_through_modules, .init = NULL)
{
	struct md_guard_config config = automatic;

	config.mode = MD_GUARD_ALL;
	config.stacks = "libpng*,tool";
	start_with(&config);
	static const char *const paths[] = { "/usr/lib/libpng16.so.16", "/usr/bin/tool", "/usr/bin/tools", "/usr/lib/libz.so.1" };
	md_stack_id stacks[4];

	for (unsigned i = 0; i < 4; i++) {
		uint16_t module = md_modules_put(&heap.modules, &heap.arena, 0x10000 * (i + 1), 0x10000 * (i + 2), 0, paths[i], NULL, 0);
		struct md_frame frames[] = { { .pc = 0x900000, .module = MD_MODULE_NONE }, { .pc = 0x10000 * (i + 1) + 100, .module = module } };

		stacks[i] = md_stack_store_put(heap.stacks, frames, 2);
	}
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < 4; i++)
			must(is_guarded(allocate_at(stacks[i].value, 40)) == (i < 2), "through %s", paths[i]);
	must(md_stack_filter_add_function(&heap.guard.filter, 0x40000 + 90, 0x40000 + 100), "no room for a function");
	must(is_guarded(allocate_at(stacks[3].value, 40)), "through a function"); /* the return address may be the function's end */
	must(!is_guarded(allocate_at(stacks[2].value, 40)), "not through it");
	must(!is_guarded(allocate_at(0, 40)), "no stack");
}
