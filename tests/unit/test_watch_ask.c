/* SPDX-License-Identifier: MIT
 *
 * Which blocks the heap asks to be watched: guarded ones, from when on it may; of damaged stacks others, too.
 */
#include "src/watch_ask.h"

#include "tests/unit/heap_unit.h"

#define STACK 17

static void start(void)
{
	struct md_heap_config config = heap_config_default();

	config.guard.mode = MD_GUARD_AUTO;
	config.guard.side = MD_GUARD_AFTER;
	config.guard.budget_bytes = 64 << 20;
	config.guard.size_max = SIZE_MAX;
	fake_os_allow_all();
	heap_start(&config);
}

TestSuite(watch_ask, .init = start);

/* Allocates, and tells what the thread was left word of. */
static uintptr_t wanted_after(size_t size, uintptr_t *user)
{
	self->watch_wanted = 0;
	self->attended = false;
	struct md_call call = { .api = MD_API_MALLOC, .stack = { STACK }, .size = size };

	*user = (uintptr_t)md_heap_allocate(&heap, self, size, MD_ALIGNMENT, false, &call);
	must(*user, "no memory");
	must(self->attended == (self->watch_wanted != 0), "nobody will look");
	return self->watch_wanted;
}

static bool is_guarded(uintptr_t user)
{
	struct md_block_view block;

	md_inspect_address(&heap, user, &block);
	return block.guard_after;
}

Test(watch_ask, guarded_blocks_are_wanted_and_others_not)
{
	size_t guarded = 0, plain = 0;
	uintptr_t user;

	for (int i = 0; i < 64; i++) {
		uintptr_t wanted = wanted_after(40, &user);

		must(wanted == (is_guarded(user) ? user : 0), "block %d", i);
		is_guarded(user) ? guarded++ : plain++;
	}
	cr_assert(guarded && plain, "%zu guarded, %zu not", guarded, plain);
	wanted_after(1 << 20, &user);
	cr_assert_eq(self->watch_wanted, is_guarded(user) ? user : 0, "large ones, too");
}

Test(watch_ask, nothing_is_wanted_before_its_time)
{
	uintptr_t user;

	atomic_store(&heap.watch.after, UINT64_MAX);
	cr_assert_eq(wanted_after(40, &user), 0);
	cr_assert(is_guarded(user));
	atomic_store(&heap.watch.after, 0);
	cr_assert_eq(wanted_after(40, &user), user);
}

Test(watch_ask, damaged_stacks_have_a_time_of_their_own)
{
	uintptr_t user;

	atomic_store(&heap.watch.after, UINT64_MAX);
	for (int i = 0; i < 64; i++)
		cr_assert_eq(wanted_after(40, &user), 0);
	cr_assert_not(is_guarded(user));
	md_guard_suspect(&heap, (md_stack_id){ STACK });
	cr_assert_eq(wanted_after(40, &user), user);
	cr_assert(is_guarded(user));
	atomic_store(&heap.watch.hunting_after, UINT64_MAX);
	cr_assert_eq(wanted_after(40, &user), 0);
}

Test(watch_ask, of_damaged_stacks_blocks_without_guards_too)
{
	uintptr_t user;

	md_guard_suspect(&heap, (md_stack_id){ STACK });
	atomic_store(&heap.guard.suspected, 0); /* they had their share of guards */
	cr_assert_eq(wanted_after(40, &user), user);
	cr_assert_not(is_guarded(user));
}
