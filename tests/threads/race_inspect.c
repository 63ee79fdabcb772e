/* SPDX-License-Identifier: MIT
 *
 * Some threads look at the whole heap, and check it, while others allocate, resize, free and end in it. A correct program must not get a
 * finding from that, and nobody may be disturbed. Then the same with a thread that overruns its own blocks: its errors are found, and
 * nobody else's.
 */
#include <unistd.h>

#include "src/inspect.h"
#include "tests/support/heap_fixture.h"
#include "tests/threads/race.h"

#define SHARED 512

static struct md_heap heap;
static _Atomic(unsigned char *) shared[SHARED];
static _Atomic unsigned working;
static _Atomic uint64_t checks, found;
static bool with_errors;

static size_t random_size(uint64_t *random)
{
	uint64_t kind = random_below(random, 1000);

	return 1 + random_below(random, kind < 600 ? 200 : kind < 900 ? 5000 : kind < 970 ? 60000 : 9000000);
}

static void write_contents(unsigned char *user, size_t size, unsigned char seed)
{
	for (size_t i = 0; i < size; i += i < 128 || i + 129 > size ? 1 : size - i - 128)
		user[i] = (unsigned char)(seed + i * 7);
}

static void compare_contents(const unsigned char *user, size_t size)
{
	for (size_t i = 0; i < size; i += i < 128 || i + 129 > size ? 1 : size - i - 128)
		must(user[i] == (unsigned char)(user[0] + i * 7), "byte %zu of %zu at %p was overwritten", i, size, (const void *)user);
}

static size_t size_of(struct md_thread *thread, void *user)
{
	struct md_call call = { .api = MD_API_USABLE_SIZE };
	size_t size;

	must(md_heap_size(&heap, thread, user, &call, &size) == MD_FREED, "no block at %p", user);
	return size;
}

/* Findings are right only in the second part, and only of blocks that carry the mark of the thread that overruns. */
static void look_at_findings(struct md_thread *thread)
{
	for (unsigned i = 0; i < thread->findings.count; i++) {
		const struct md_finding *finding = &thread->findings.list[i];

		must(with_errors && finding->error == MD_ERROR_HEAP_BUFFER_OVERFLOW && finding->block.alloc_stack.value == 4711,
			"%s of %zu bytes at %#lx, block of %zu bytes at %#lx of state %d, noticed %d", md_error_info(finding->error)->slug,
			finding->damaged_bytes, finding->addr, finding->block.size, finding->block.user, (int)finding->block.state,
			(int)finding->noticed);
		must(finding->damaged_bytes == 1 && finding->addr == finding->block.user + finding->block.size,
			"another byte than the one that was written");
		atomic_fetch_add(&found, 1);
	}
	thread->findings.count = thread->findings.dropped = 0;
}

static void work(struct md_thread *thread, uint64_t seed)
{
	uint64_t random = seed;

	/* On a busy machine the one that checks may come late: not before it has looked a few times is there anything to be learned. */
	for (uint64_t round = 0; round < round_count || atomic_load(&checks) < 10; round++) {
		_Atomic(unsigned char *) *slot = &shared[random_below(&random, SHARED)];
		unsigned char *mine = atomic_exchange(slot, NULL);
		size_t size = random_size(&random);

		if (!mine) {
			mine = random_below(&random, 4) ? heap_malloc(&heap, thread, size) : heap_memalign(&heap, thread, 256, size);
			must(mine, "no block of %zu bytes", size);
		} else {
			size_t old = size_of(thread, mine);

			compare_contents(mine, old);
			if (random_below(&random, 3)) {
				must(heap_free(&heap, thread, mine) == MD_FREED, "free");
				mine = NULL;
			} else {
				mine = heap_realloc(&heap, thread, mine, size);
				must(mine, "realloc of %zu to %zu bytes", old, size);
			}
		}
		if (mine)
			write_contents(mine, size, (unsigned char)next_random(&random));
		mine = atomic_exchange(slot, mine);
		if (mine)
			must(heap_free(&heap, thread, mine) == MD_FREED, "free");
		look_at_findings(thread);
	}
}

/* What a wrong program does. A check that sees the damage reads and repairs it at the same moment: that race is the program's, and not
 * asked for here. */
__attribute__((noinline, no_sanitize("thread"))) static void write_too_far(unsigned char *user, size_t size, unsigned char seed)
{
	for (size_t i = 0; i < size; i += i < 128 || i + 129 > size ? 1 : size - i - 128)
		user[i] = (unsigned char)(seed + i * 7);
	user[size] ^= 0x41;
}

/* Blocks of its own, each written one byte too far, freed while others check them. */
static void overrun(struct md_thread *thread, uint64_t seed)
{
	uint64_t random = seed;

	for (uint64_t round = 0; round < round_count / 4; round++) {
		size_t size = 1 + random_below(&random, round % 50 ? 2000 : 300000);
		struct md_call call = { .api = MD_API_MALLOC, .size = size, .stack = { 4711 } };
		unsigned char *user = md_heap_allocate(&heap, thread, size, 16, false, &call);

		must(user, "no block of %zu bytes", size);
		write_too_far(user, size, (unsigned char)round);
		if (round % 8 == 0)
			usleep(10);
		compare_contents(user, size);
		must(heap_free(&heap, thread, user) == MD_FREED, "free");
		look_at_findings(thread);
	}
}

static void check(struct md_thread *thread, uint64_t seed)
{
	struct md_call call = { .api = MD_API_CHECK };
	uint64_t random = seed;

	while (atomic_load(&working)) {
		struct md_check_cursor cursor = { 0 };

		while (md_check_heap(&heap, thread, &cursor, MD_NOTICED_PERIODICALLY, &call))
			look_at_findings(thread);
		look_at_findings(thread);
		for (int i = 0; i < 100; i++) {
			uintptr_t user = (uintptr_t)atomic_load(&shared[random_below(&random, SHARED)]);

			if (user)
				md_check_block(&heap, thread, user + random_below(&random, 64), MD_NOTICED_ON_REQUEST, &call);
			look_at_findings(thread);
		}
		atomic_fetch_add(&checks, 1);
	}
}

/* Everything that a report or the picture of the zones asks for. What is seen may be old, but not nonsense. */
static void inspect(uint64_t seed)
{
	uint64_t random = seed;

	while (atomic_load(&working)) {
		struct md_heap_totals totals;
		struct md_counters counters;

		md_inspect_totals(&heap, &totals);
		md_inspect_counters(&heap, &counters);
		must(counters.allocations + 100 >= counters.frees, "more frees than allocations");
		for (uintptr_t from = 0;;) {
			const struct md_zone *zone = md_inspect_zone_from(&heap, from);
			struct md_zone_view view;
			struct md_run_view run;
			uint32_t slot = 0;

			if (!zone)
				break;
			md_inspect_zone(&heap, zone, &view);
			must(view.live + view.cached + view.quarantined + view.free == view.slot_count, "slots were lost");
			while (md_inspect_next_run(&heap, zone, &slot, &run))
				must(run.slots && slot <= zone->slot_count, "a run of no slots");
			from = view.end > from ? view.end : from + MD_UNIT_BYTES;
		}
		for (int i = 0; i < 200; i++) {
			unsigned char data[256], marks[256], expected[256];
			uintptr_t user = (uintptr_t)atomic_load(&shared[random_below(&random, SHARED)]),
				  addr = user - 32 + random_below(&random, 300);
			struct md_block_view block, left, right;

			if (!user)
				continue;
			md_inspect_address(&heap, addr, &block);
			must(!block.valid || (block.state < MD_BLOCK_STATE_COUNT && block.begin <= block.user && block.user <= block.end),
				"a block of nonsense");
			md_inspect_neighbours(&heap, &block, &left, &right);
			size_t bytes = md_os_read(addr, data, sizeof data);

			md_inspect_bytes(&heap, addr, bytes, data, marks, expected);
		}
	}
}

static void *run(void *number)
{
	unsigned i = (unsigned)(uintptr_t)number;
	struct md_thread *thread = md_heap_thread_begin(&heap, md_os_thread());

	must(thread, "no memory for a thread");
	if (i == 0)
		check(thread, 1);
	else if (i == 1)
		inspect(2);
	else if (i == 2 && with_errors)
		overrun(thread, 3);
	else
		work(thread, i + (with_errors ? 1000 : 1));
	if (i > 1)
		atomic_fetch_sub(&working, 1);
	look_at_findings(thread);
	md_heap_thread_end(&heap, thread);
	look_at_findings(thread);
	return NULL;
}

int main(int argc, char **argv)
{
	struct md_heap_config config = heap_config_default();

	race_arguments(argc, argv, 6, RACE_SCALE(60000, 5000));
	must(thread_count >= 4, "4 threads at least");
	must(md_heap_init(&heap, &config), "no memory for a heap");
	for (int part = 0; part < 2; part++) {
		with_errors = part;
		atomic_store(&working, thread_count - 2);
		race_run(thread_count, run);
	}
	must(atomic_load(&found) == round_count / 4, "%lu errors were made, and %lu found", round_count / 4, atomic_load(&found));
	printf("race_inspect: %u threads, %lu checks, %lu errors found\n", thread_count, atomic_load(&checks), atomic_load(&found));
	return 0;
}
