/* SPDX-License-Identifier: MIT
 *
 * A heap for which the system has no more memory, now and then or for good: requests fail, everything else goes on.
 */
#include "tests/unit/heap_unit.h"

TestSuite(heap_memory, .init = heap_start_default);

Test(heap_memory_start, a_heap_that_cannot_start)
{
	struct md_heap_config config = heap_config_default();

	for (uint64_t nth = 1; nth <= 3; nth++) {
		memset(&heap, 0, sizeof heap);
		fake_os_refuse_maps(nth, 1);
		bool started = md_heap_init(&heap, &config);
		struct md_thread *thread = started ? md_heap_thread_begin(&heap, 1) : NULL;

		fake_os_allow_all();
		if (thread)
			cr_expect(ne(ptr, heap_malloc(&heap, thread, 100), NULL), "started without the mapping %lu", nth);
	}
	memset(&heap, 0, sizeof heap);
	fake_os_refuse_maps(1, UINT64_MAX);
	cr_expect(not(md_heap_init(&heap, &config)));
}

/* Without memory for a history ring there is none: nothing else depends on it. */
Test(heap_memory_start, a_thread_without_a_history)
{
	struct md_heap_config config = heap_config_default();
	const struct md_history_ring *rings[1];

	cr_assert(md_heap_init(&heap, &config));
	cr_assert(ne(ptr, md_arena_take(&heap.arena, 16, 16), NULL)); /* the arena has its chunk for the struct */
	uint64_t before = atomic_load(&fake_os.maps);
	struct md_thread *first = md_heap_thread_begin(&heap, 1);

	cr_assert(ne(ptr, first, NULL));
	uint64_t maps = atomic_load(&fake_os.maps) - before;

	fake_os_refuse_maps(maps, 1);
	self = md_heap_thread_begin(&heap, 2);
	fake_os_allow_all();
	cr_assert(ne(ptr, self, NULL));
	rings[0] = &self->history;
	cr_expect(eq(ptr, self->history.events, NULL));
	heap_free(&heap, self, heap_malloc(&heap, self, 100));
	cr_expect(eq(sz, md_history_read(rings, 1, 0, 0, 1, NULL, 0, NULL), 0));
	expect_no_finding("no mistake was made");
}

/* Every call of the system in turn is the first that is refused, for a while or for ever. */
Test(heap_memory, the_system_refuses_from_the_nth_mapping_on)
{
	static unsigned char *users[400];
	static size_t sizes[400];

	for (uint64_t nth = 1; nth <= 20; nth++) {
		uint64_t random = nth;
		unsigned failed = 0;

		fake_os_refuse_maps(nth, nth % 2 ? UINT64_MAX : 3);
		for (int step = 0; step < 4000; step++) {
			size_t i = random_below(&random, 400), size = random_below(&random, step % 20 ? 3000 : 700000);

			if (users[i] && random_below(&random, 2)) {
				unsigned char *moved = heap_realloc(&heap, self, users[i], size);

				failed += !moved;
				if (moved && size > sizes[i])
					memset(moved + sizes[i], (int)i, size - sizes[i]);
				sizes[i] = moved ? size : sizes[i];
				users[i] = moved ? moved : users[i];
			} else if (users[i]) {
				for (size_t j = 0; j < sizes[i]; j++)
					must(users[i][j] == (unsigned char)i, "nth %lu, step %d: byte %zu of %zu was overwritten", nth,
						step, j, sizes[i]);
				must(heap_free(&heap, self, users[i]) == MD_FREED, "nth %lu, step %d", nth, step);
				users[i] = NULL;
			} else if ((users[i] = step % 2 ? heap_malloc(&heap, self, size) : heap_calloc(&heap, self, size))) {
				for (size_t j = 0; step % 2 == 0 && j < size; j++)
					must(!users[i][j], "nth %lu, step %d: calloc, byte %zu of %zu", nth, step, j, size);
				memset(users[i], (int)i, size);
				sizes[i] = size;
			} else {
				failed++;
			}
			for (unsigned f = 0; f < self->findings.count; f++)
				must(self->findings.list[f].error == MD_ERROR_OUT_OF_MEMORY, "nth %lu, step %d: %s", nth, step,
					md_error_info(self->findings.list[f].error)->slug);
			self->findings.count = self->findings.dropped = 0;
		}
		must(nth % 2 == 0 || failed, "nth %lu: nothing failed, this test shows nothing", nth);
		fake_os_allow_all();
		for (int i = 0; i < 400; i++) {
			if (users[i])
				must(heap_free(&heap, self, users[i]) == MD_FREED, "nth %lu", nth);
			users[i] = NULL;
		}
		unsigned char *user = heap_malloc(&heap, self, 50000);

		must(user, "nth %lu: the system refuses nothing any more", nth);
		memset(user, 1, 50000);
		heap_free(&heap, self, user);
		must(!heap_purge(&heap, self), "nth %lu: no mistake was made", nth);
		must(atomic_load(&heap.runs.used_bytes) == 0, "nth %lu: %zu bytes were lost", nth, atomic_load(&heap.runs.used_bytes));
		md_runs_trim(&heap.runs, 0);
	}
}

/* An address space of 64 MiB, as under RLIMIT_AS: what was used for small blocks serves large ones and the other way round. */
Test(heap_memory, what_is_held_back_is_given_up_before_a_request_fails)
{
	static void *users[300000];
	size_t room = (size_t)64 << 20;

	atomic_store(&fake_os.mapped_bytes_max, atomic_load(&fake_os.mapped_bytes) + room);
	for (int round = 0; round < 3; round++) {
		size_t count = 0, bytes = 0;

		while (count < 300000 && (users[count] = heap_malloc(&heap, self, 200))) {
			memset(users[count++], 'x', 200);
			bytes += 200;
		}
		must(count < 300000, "the room is larger than this test takes");
		must(bytes > room / 2, "round %d: full with %zu bytes", round, bytes);
		expect_finding(MD_ERROR_OUT_OF_MEMORY, MD_NOTICED_AT_CALL, 200, "full");
		while (count--)
			must(heap_free(&heap, self, users[count]) == MD_FREED, "round %d", round);
		expect_no_finding("no mistake was made");
		void *large = heap_malloc(&heap, self, room * 3 / 4);

		must(large, "round %d: small blocks that were freed hold up a large one", round);
		memset(large, 'x', room * 3 / 4);
		must(!heap_malloc(&heap, self, room / 2), "round %d", round);
		expect_finding(MD_ERROR_OUT_OF_MEMORY, MD_NOTICED_AT_CALL, room / 2, "full");
		heap_free(&heap, self, large);
		for (size_t size = 1000; size < 20000; size *= 2) {
			void *user = heap_malloc(&heap, self, size);

			must(user, "round %d: a block of %zu bytes", round, size);
			heap_free(&heap, self, user);
		}
	}
}

/* The same without a quarantine, freed in no order: a few slots in the thread's cache are all that holds their zones. */
Test(heap_memory_start, caches_are_given_up_before_a_request_fails)
{
	struct md_heap_config config = heap_config_default();
	static void *users[300000];
	size_t room = (size_t)64 << 20;
	uint64_t random = 1;

	config.quarantine = 0;
	heap_start(&config);
	atomic_store(&fake_os.mapped_bytes_max, atomic_load(&fake_os.mapped_bytes) + room);
	for (int round = 0; round < 3; round++) {
		size_t count = 0;

		while (count < 300000 && (users[count] = heap_malloc(&heap, self, 200)))
			count++;
		expect_finding(MD_ERROR_OUT_OF_MEMORY, MD_NOTICED_AT_CALL, 200, "full");
		for (; count; count--) {
			size_t i = random_below(&random, count);

			must(heap_free(&heap, self, users[i]) == MD_FREED, "round %d", round);
			users[i] = users[count - 1];
		}
		void *large = heap_malloc(&heap, self, room * 3 / 4);

		must(large, "round %d: slots in the cache hold up a large block", round);
		heap_free(&heap, self, large);
	}
}

/* Many large blocks freed and held back must not keep new ones out. */
Test(heap_memory, large_blocks_in_the_quarantine_give_way)
{
	atomic_store(&fake_os.mapped_bytes_max, atomic_load(&fake_os.mapped_bytes) + ((size_t)64 << 20));
	for (int i = 0; i < 200; i++) {
		size_t size = (size_t)(20 + i % 20) << 20;
		unsigned char *user = heap_malloc(&heap, self, size);

		must(user, "block %d of %zu bytes", i, size);
		user[0] = user[size - 1] = 1;
		heap_free(&heap, self, user);
	}
	expect_no_finding("no mistake was made");
}

/* Freed blocks of megabytes are held back by address; their pages go to the system at once. */
Test(heap_memory, big_freed_blocks_keep_hardly_a_page)
{
	for (int i = 0; i < 50; i++) {
		unsigned char *user = heap_malloc(&heap, self, 16 << 20);

		memset(user, 1, 16 << 20);
		heap_free(&heap, self, user);
	}
	cr_expect(gt(u64, atomic_load(&fake_os.drops), 0));
	cr_expect(le(sz, self->quarantine.bytes, self->quarantine.limit_bytes));
	expect_no_finding("no mistake was made");
}

/* Locked memory: pages cannot be dropped. The blocks are then verified as they are. */
Test(heap_memory_start, the_system_refuses_to_drop)
{
	struct md_heap_config config = heap_config_default();

	config.quarantine_fixed = true; /* room for blocks that keep all their pages */
	heap_start(&config);
	atomic_store(&fake_os.refuse_drop, true);
	for (int i = 0; i < 30; i++) {
		unsigned char *user = i % 2 ? heap_calloc(&heap, self, 1 << 20) : heap_malloc(&heap, self, 1 << 20);

		for (size_t j = 0; i % 2 && j < 1 << 20; j++)
			must(!user[j], "block %d: byte %zu is not zero", i, j);
		memset(user, 0xff, 1 << 20);
		must(heap_free(&heap, self, user) == MD_FREED, "block %d", i);
		if (i % 5 == 0)
			heap_purge(&heap, self);
	}
	unsigned char *user = heap_malloc(&heap, self, 1 << 20);

	heap_free(&heap, self, user);
	user[1 << 20] ^= 1;
	heap_purge(&heap, self);
	expect_damage(MD_ERROR_HEAP_USE_AFTER_FREE, MD_NOTICED_AT_REUSE, (uintptr_t)user + (1 << 20), 1, user, 1 << 20,
		"its red zone is still there");
}

/* The mapped size follows what is in use, up and down. */
Test(heap_memory, memory_goes_back_to_the_system)
{
	static void *users[100000];
	size_t before = atomic_load(&fake_os.mapped_bytes);

	for (int i = 0; i < 100000; i++)
		users[i] = heap_malloc(&heap, self, 500);
	size_t full = atomic_load(&fake_os.mapped_bytes);

	cr_assert(gt(sz, full, before + 50000000));
	for (int i = 0; i < 100000; i++)
		heap_free(&heap, self, users[i]);
	cr_expect(lt(sz, atomic_load(&fake_os.mapped_bytes), full / 2), "%zu of %zu bytes are still mapped",
		atomic_load(&fake_os.mapped_bytes), full);
	cr_expect(le(sz, heap.runs.dirty_bytes, heap.runs.keep_dirty_bytes), "what is free and still has its pages");
	expect_no_finding("no mistake was made");
}
