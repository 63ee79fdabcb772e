/* SPDX-License-Identifier: MIT
 *
 * The structs of threads: handed on when a thread ends, and taken over in the child of a fork. One thread plays all parts here; what
 * happens at once is in tests/threads.
 */
#include "tests/unit/heap_unit.h"

TestSuite(heap_threads, .init = heap_start_default);

Test(heap_threads, each_has_a_number_and_a_row)
{
	struct md_thread *second = md_heap_thread_begin(&heap, 1234);

	cr_assert(second && second != self);
	cr_expect(eq(uint, self->id.value, 1));
	cr_expect(eq(uint, second->id.value, 2));
	cr_expect(heap.thread_infos[2].tid == 1234 && heap.thread_infos[2].alive);
	cr_expect(eq(uint, atomic_load(&heap.threads_live), 2));
	md_heap_thread_end(&heap, second);
	cr_expect(heap.thread_infos[2].tid == 1234 && !heap.thread_infos[2].alive);
	cr_expect(eq(uint, atomic_load(&heap.threads_live), 1));
}

Test(heap_threads, a_struct_is_handed_on_with_a_new_number)
{
	struct md_thread *second = md_heap_thread_begin(&heap, 100), *third;

	heap_free(&heap, second, heap_malloc(&heap, second, 64));
	md_heap_thread_end(&heap, second);
	third = md_heap_thread_begin(&heap, 101);
	cr_expect(eq(ptr, third, second));
	cr_expect(eq(uint, third->id.value, 3));
	cr_expect(not(third->parked));
	cr_expect(ne(ptr, heap_malloc(&heap, third, 64), NULL));
}

Test(heap_threads, caches_of_one_that_ends_serve_others)
{
	struct md_thread *second = md_heap_thread_begin(&heap, 100);
	struct md_heap_totals totals;

	for (size_t size = 0; size < 20000; size += 500)
		heap_free(&heap, second, heap_malloc(&heap, second, size));
	md_heap_thread_end(&heap, second);
	md_inspect_totals(&heap, &totals);
	cr_expect(eq(u64, totals.cached_slots, 0));
	cr_expect(le(sz, second->quarantine.bytes, 64u << 10));
}

/* A thousand threads one after the other leave no more than one does. */
Test(heap_threads, many_come_and_go)
{
	size_t mapped = 0;

	for (int i = 0; i < 1000; i++) {
		struct md_thread *thread = md_heap_thread_begin(&heap, 100 + (uint32_t)i);

		for (size_t size = 1; size < 5000; size *= 2)
			heap_free(&heap, thread, heap_malloc(&heap, thread, size));
		void *large = heap_malloc(&heap, thread, 200000);

		heap_free(&heap, thread, large);
		md_heap_thread_end(&heap, thread);
		must(!thread->findings.count, "thread %d", i);
		if (i == 10)
			mapped = atomic_load(&fake_os.mapped_bytes);
	}
	cr_expect(le(sz, atomic_load(&fake_os.mapped_bytes), mapped + (1u << 20)));
	cr_expect(eq(uint, heap.threads_created, 1001));
}

Test(heap_threads, numbers_are_used_again_when_all_are_taken)
{
	for (uint32_t i = 2; i < MD_THREAD_INFOS_MAX + 10; i++) {
		struct md_thread *thread = md_heap_thread_begin(&heap, i);

		must(thread && thread->id.value && thread->id.value < MD_THREAD_INFOS_MAX, "thread %u", i);
		md_heap_thread_end(&heap, thread);
	}
}

Test(heap_threads, blocks_outlive_the_thread_that_made_them)
{
	struct md_thread *second = md_heap_thread_begin(&heap, 100);
	unsigned char *kept = heap_malloc(&heap, second, 100), *freed = heap_malloc(&heap, second, 100);
	struct md_block_view block;

	memset(kept, 'k', 100);
	heap_free(&heap, second, freed);
	md_heap_thread_end(&heap, second);
	cr_expect(eq(int, kept[99], 'k'));
	cr_expect(eq(int, heap_free(&heap, self, freed), MD_FREED_NOT));
	expect_finding(MD_ERROR_DOUBLE_FREE, MD_NOTICED_AT_CALL, (uintptr_t)freed, "freed by a thread that is gone");
	cr_expect(eq(int, heap_free(&heap, self, kept), MD_FREED));
	md_inspect_address(&heap, (uintptr_t)kept, &block);
	cr_expect(block.alloc_thread.value == 2 && block.free_thread.value == 1);
	expect_no_finding("freed by another thread");
}

/* A late write to the last blocks of a dead thread is noticed by whoever takes its struct up. */
Test(heap_threads, the_quarantine_of_a_dead_thread_is_still_looked_at)
{
	struct md_thread *second = md_heap_thread_begin(&heap, 100);
	unsigned char *user = heap_malloc(&heap, second, 100);

	heap_free(&heap, second, user);
	md_heap_thread_end(&heap, second);
	user[5] ^= 1;
	self = md_heap_thread_begin(&heap, 101);
	cr_assert(eq(ptr, self, second));
	heap_purge(&heap, self);
	const struct md_finding *finding = expect_damage(
		MD_ERROR_HEAP_USE_AFTER_FREE, MD_NOTICED_AT_REUSE, (uintptr_t)user + 5, 1, user, 100, "late");

	cr_expect(eq(uint, finding->block.free_thread.value, 2));
}

/* Parked structs can be taken, one after the other, by whoever purges what dead threads left. */
Test(heap_threads, what_dead_threads_left_can_be_purged)
{
	struct md_thread *threads[5], *taken[5];
	struct md_heap_totals totals;

	for (int i = 0; i < 5; i++)
		threads[i] = md_heap_thread_begin(&heap, 100 + (uint32_t)i);
	for (int i = 0; i < 5; i++) {
		heap_free(&heap, threads[i], heap_malloc(&heap, threads[i], 1000));
		md_heap_thread_end(&heap, threads[i]);
	}
	for (int i = 0; i < 5; i++) {
		taken[i] = md_heap_parked_take(&heap);
		cr_assert(ne(ptr, taken[i], NULL));
		for (int j = 0; j < i; j++)
			cr_expect(ne(ptr, taken[i], taken[j]));
		cr_expect(not(heap_purge(&heap, taken[i])));
	}
	cr_expect(eq(ptr, md_heap_parked_take(&heap), NULL));
	for (int i = 0; i < 5; i++)
		md_heap_parked_give(&heap, taken[i]);
	cr_expect(ne(ptr, md_heap_parked_take(&heap), NULL));
	md_inspect_totals(&heap, &totals);
	cr_expect(eq(u64, totals.quarantined_blocks + totals.cached_slots, 0));
}

/* After a fork the other threads do not exist: their structs are free, but for one that was in the middle of a call. */
Test(heap_threads, the_child_of_a_fork)
{
	struct md_thread *idle = md_heap_thread_begin(&heap, 100), *busy = md_heap_thread_begin(&heap, 101),
			 *gone = md_heap_thread_begin(&heap, 102);

	md_heap_thread_end(&heap, gone);
	busy->busy = true;
	md_heap_after_fork(&heap, self);
	cr_expect(not(self->parked));
	cr_expect(not(busy->parked));
	cr_expect(idle->parked && gone->parked);
	struct md_thread *one = md_heap_thread_begin(&heap, 200), *two = md_heap_thread_begin(&heap, 201),
			 *three = md_heap_thread_begin(&heap, 202);

	bool in_order = one == idle && two == gone, other_way_round = one == gone && two == idle;

	cr_expect(in_order || other_way_round, "each is handed on once");
	cr_expect(three && three != idle && three != gone && three != busy && three != self);
	heap_free(&heap, one, heap_malloc(&heap, one, 100));
	cr_expect(ne(ptr, heap_malloc(&heap, self, 100), NULL));
}

/* The share of each thread in what may be held back shrinks with their number. */
Test(heap_threads, the_quarantine_is_shared)
{
	static struct md_thread *threads[64];

	for (int i = 0; i < 64; i++)
		threads[i] = md_heap_thread_begin(&heap, 100 + (uint32_t)i);
	for (int round = 0; round < 3000; round++)
		for (int i = 0; i < 64; i += 9)
			heap_free(&heap, threads[i], heap_malloc(&heap, threads[i], 3000));
	for (int i = 0; i < 64; i += 9) {
		must(threads[i]->quarantine.bytes <= 64u << 10, "thread %d holds %zu bytes", i, threads[i]->quarantine.bytes);
		must(!threads[i]->findings.count, "thread %d", i);
	}
}
