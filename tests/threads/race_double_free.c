/* SPDX-License-Identifier: MIT
 *
 * Two threads free the same block at the same moment, over and over: exactly one of them does, and the other is told of a double free.
 */
#include <unistd.h>

#include "tests/support/heap_fixture.h"
#include "tests/threads/race.h"

static const size_t sizes[] = { 1, 100, 5000, 40000, 300000, 6u << 20 };

static struct md_heap heap;
static struct race_gate before, after;
static _Atomic(void *) victim;
static _Atomic unsigned freed, refused, foreign;
static unsigned most_at_once; /* rounds in which the loser came while the winner was still at it */

static void expect_double_free(struct md_thread *thread, void *user, size_t size)
{
	const struct md_finding *finding = &thread->findings.list[0];

	must(thread->findings.count == 1, "%u findings", thread->findings.count);
	must(finding->error == MD_ERROR_DOUBLE_FREE && finding->addr == (uintptr_t)user, "%s at %#lx", md_error_info(finding->error)->slug,
		finding->addr);
	must(finding->block.valid && finding->block.user == (uintptr_t)user && finding->block.size == size, "block of %zu bytes at %#lx",
		finding->block.size, finding->block.user);
	thread->findings.count = 0;
}

static void *run(void *number)
{
	struct md_thread *thread = md_heap_thread_begin(&heap, md_os_thread());
	bool first = !number;

	must(thread, "no memory for a thread");
	for (uint64_t round = 0; round < round_count; round++) {
		size_t size = sizes[round % 97 ? round % 3 : round / 97 % 6];

		if (first)
			atomic_store(&victim, heap_malloc(&heap, thread, size));
		race_gate_pass(&before, thread_count);
		void *user = atomic_load(&victim);

		switch (heap_free(&heap, thread, user)) {
		case MD_FREED:
			atomic_fetch_add(&freed, 1);
			must(!thread->findings.count, "round %lu: the one that freed it is told of %s", round,
				md_error_info(thread->findings.list[0].error)->slug);
			break;
		case MD_FREED_NOT:
			atomic_fetch_add(&refused, 1);
			expect_double_free(thread, user, size);
			break;
		case MD_FREED_FOREIGN: /* a large zone may be gone by then: the history tells what was there */
			must(size > MD_SLOT_BYTES_MAX, "round %lu: %zu bytes are not ours any more", round, size);
			atomic_fetch_add(&foreign, 1);
		}
		race_gate_pass(&after, thread_count);
		if (first) {
			must(atomic_load(&freed) == 1 && atomic_load(&refused) + atomic_load(&foreign) == thread_count - 1,
				"round %lu: freed by %u threads, refused to %u, foreign to %u", round, atomic_load(&freed),
				atomic_load(&refused), atomic_load(&foreign));
			most_at_once += atomic_load(&refused);
			atomic_store(&freed, 0);
			atomic_store(&refused, 0);
			atomic_store(&foreign, 0);
		}
		race_gate_pass(&before, thread_count);
	}
	md_heap_purge_thread(&heap, thread, false);
	must(!thread->findings.count, "in the end");
	return NULL;
}

int main(int argc, char **argv)
{
	struct md_heap_config config = heap_config_default();

	race_arguments(argc, argv, 2, RACE_SCALE(300000, 30000));
	must(md_heap_init(&heap, &config), "no memory for a heap");
	race_run(thread_count, run);
	must(most_at_once > round_count / 2, "hardly any double free was told of");
	printf("race_double_free: %u threads, %lu rounds\n", thread_count, round_count);
	return 0;
}
