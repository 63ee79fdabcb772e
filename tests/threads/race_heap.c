/* SPDX-License-Identifier: MIT
 *
 * Many threads allocate, resize and free in one heap; most blocks are freed by another thread than the one that made them, and threads
 * come and go. Contents are verified, no error may be found, and in the end nothing may be lost.
 */
#include <unistd.h>

#include "src/inspect.h"
#include "tests/support/heap_fixture.h"
#include "tests/threads/race.h"

#define SHARED 4096

static struct md_heap heap;
static _Atomic(unsigned char *) shared[SHARED];

static void no_findings(const struct md_thread *thread, const char *when)
{
	must(!thread->findings.count, "%s: %s at %#lx", when, md_error_info(thread->findings.list[0].error)->slug,
		thread->findings.list[0].addr);
}

static size_t size_of(struct md_thread *thread, void *user)
{
	struct md_call call = { .api = MD_API_USABLE_SIZE };
	size_t size;

	must(md_heap_size(&heap, thread, user, &call, &size) == MD_FREED, "no block at %p", user);
	return size;
}

/* The first byte is a seed, the others follow from it; of big blocks only the ends are looked at. */
static void write_contents(unsigned char *user, size_t size, unsigned char seed)
{
	for (size_t i = 0; i < size; i += i < 64 || i + 65 > size ? 1 : size - i - 64)
		user[i] = (unsigned char)(seed + i * 7);
}

static void compare_contents(const unsigned char *user, size_t from_size, size_t size)
{
	for (size_t i = 0; i < size && (i < 64 || size == from_size); i += i < 64 || i + 65 > size ? 1 : size - i - 64)
		must(user[i] == (unsigned char)(user[0] + i * 7), "byte %zu of %zu at %p was overwritten", i, size, (const void *)user);
}

static size_t random_size(uint64_t *random)
{
	uint64_t kind = random_below(random, 1000);

	return 1 + random_below(random, kind < 700 ? 200 : kind < 970 ? 3000 : kind < 998 ? 40000 : 600000);
}

static unsigned char *allocate(struct md_thread *thread, uint64_t *random, size_t size)
{
	unsigned char *user;

	switch (random_below(random, 8)) {
	case 0:
		user = heap_calloc(&heap, thread, size);
		for (size_t i = 0; user && i < size; i += i < 256 ? 1 : 97)
			must(!user[i], "calloc: byte %zu of %zu at %p", i, size, (void *)user);
		break;
	case 1:
		user = heap_memalign(&heap, thread, (size_t)16 << random_below(random, 9), size);
		break;
	default:
		user = heap_malloc(&heap, thread, size);
	}
	must(user && (uintptr_t)user % 16 == 0, "no block of %zu bytes", size);
	write_contents(user, size, (unsigned char)next_random(random));
	return user;
}

static void release(struct md_thread *thread, uint64_t *random, unsigned char *user)
{
	size_t size = size_of(thread, user);

	compare_contents(user, size, size);
	if (random_below(random, 10) == 0) {
		size_t wanted = random_size(random);
		unsigned char *moved = heap_realloc(&heap, thread, user, wanted);

		must(moved, "realloc of %zu to %zu bytes", size, wanted);
		compare_contents(moved, size, size < wanted ? size : wanted);
		user = moved;
	}
	must(heap_free(&heap, thread, user) == MD_FREED, "free of %p", (void *)user);
}

static void *run(void *number)
{
	uint64_t random = (uintptr_t)number * 0x9e3779b97f4a7c15ull + 1;
	struct md_thread *thread = md_heap_thread_begin(&heap, md_os_thread());

	must(thread, "no memory for a thread");
	for (uint64_t round = 0; round < round_count; round++) {
		_Atomic(unsigned char *) *slot = &shared[random_below(&random, SHARED)];
		unsigned char *mine = random_below(&random, 2) ? allocate(thread, &random, random_size(&random)) : NULL;
		unsigned char *other = atomic_exchange(slot, mine);

		if (other)
			release(thread, &random, other);
		if (round % 50000 == 49999) { /* this thread ends, another one begins */
			no_findings(thread, "at the end of a thread");
			md_heap_thread_end(&heap, thread);
			thread = md_heap_thread_begin(&heap, md_os_thread());
			must(thread, "no memory for a thread");
		}
		if (round % 1000 == 0)
			no_findings(thread, "while running");
	}
	no_findings(thread, "in the end");
	md_heap_thread_end(&heap, thread);
	return NULL;
}

int main(int argc, char **argv)
{
	struct md_heap_config config = heap_config_default();
	struct md_heap_totals totals;
	struct md_counters counters;

	race_arguments(argc, argv, 16, RACE_SCALE(1000000, 100000));
	must(md_heap_init(&heap, &config), "no memory for a heap");
	race_run(thread_count, run);
	struct md_thread *thread = md_heap_thread_begin(&heap, md_os_thread());
	uint64_t random = 1;

	for (size_t i = 0; i < SHARED; i++)
		if (atomic_load(&shared[i]))
			release(thread, &random, atomic_load(&shared[i]));
	md_inspect_totals(&heap, &totals);
	md_inspect_counters(&heap, &counters);
	must(totals.live_blocks == 0 && totals.live_bytes == 0, "%lu blocks are left", totals.live_blocks);
	must(counters.allocations == counters.frees, "%lu allocations, %lu frees", counters.allocations, counters.frees);
	must(counters.failed == 0, "%lu requests failed", counters.failed);
	for (struct md_thread *each = atomic_load(&heap.threads); each; each = each->next) {
		heap_purge(&heap, each);
		no_findings(each, "purge");
	}
	md_zones_release_empty(&heap.zones);
	must(atomic_load(&heap.runs.used_bytes) == 0, "%zu bytes were lost", atomic_load(&heap.runs.used_bytes));
	printf("race_heap: %u threads, %lu rounds each: %lu allocations\n", thread_count, round_count, counters.allocations);
	return 0;
}
