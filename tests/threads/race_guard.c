/* SPDX-License-Identifier: MIT
 *
 * Guarded blocks while others look: threads allocate, fill, verify and free; one opens pages of freed blocks as a fault handler does, at any moment;
 * one checks the whole heap and copies memory around blocks that come and go. Nobody may fault, find damage, or find bytes of a block in use changed.
 */
#include "src/guard.h"

#include <string.h>
#include <unistd.h>

#include "src/inspect.h"
#include "tests/support/heap_fixture.h"
#include "tests/threads/race.h"

#define SHOWN 512

static struct md_heap heap;
static _Atomic uintptr_t shown[SHOWN]; /* addresses of blocks in use and freed ones */
static atomic_uint working;
static _Atomic uint64_t opened, checks;

static void allocate_and_free(struct md_thread *self, unsigned number)
{
	uint64_t random = number + 1;
	unsigned char *blocks[32] = { 0 };
	size_t sizes[32] = { 0 };

	for (uint64_t round = 0; round < round_count; round++) {
		unsigned i = (unsigned)random_below(&random, 32);

		if (blocks[i]) {
			for (size_t at = 0; at < sizes[i]; at++)
				must(blocks[i][at] == (unsigned char)(number + i), "byte %zu of %zu is %u", at, sizes[i], blocks[i][at]);
			must(heap_free(&heap, self, blocks[i]) == MD_FREED, "a block in use was refused");
		}
		sizes[i] = (random_below(&random, random_below(&random, 20) ? 6000 : 300000) | 7) + 1; /* a check reads slack by whole words */
		blocks[i] = random_below(&random, 2) ? heap_malloc(&heap, self, sizes[i]) : heap_calloc(&heap, self, sizes[i]);
		must(blocks[i], "no memory");
		memset(blocks[i], (int)(number + i), sizes[i]);
		atomic_store(&shown[random_below(&random, SHOWN)], (uintptr_t)blocks[i]);
	}
	for (unsigned i = 0; i < 32; i++)
		if (blocks[i])
			must(heap_free(&heap, self, blocks[i]) == MD_FREED, "a block in use was refused");
	must(!self->findings.count, "%u findings", self->findings.count);
	atomic_fetch_sub(&working, 1);
}

static void open_pages(void)
{
	uint64_t random = 99;

	while (atomic_load(&working)) {
		uintptr_t addr = atomic_load(&shown[random_below(&random, SHOWN)]) + random_below(&random, 9000) - 4500;

		if (md_guard_is_guard(&heap, addr))
			atomic_fetch_add(&opened, md_guard_open(&heap, addr));
	}
}

static void look(struct md_thread *self)
{
	uint64_t random = 77;

	while (atomic_load(&working)) {
		struct md_call call = { .api = MD_API_CHECK };
		struct md_check_cursor cursor = { 0 };
		unsigned char copy[256], marks[256], expected[256];

		must(!md_check_heap(&heap, self, &cursor, MD_NOTICED_PERIODICALLY, &call) && !self->findings.count, "%s found at %#lx",
			md_error_info(self->findings.list[0].error)->slug, self->findings.list[0].addr);
		for (unsigned i = 0; i < 50; i++) {
			uintptr_t addr = atomic_load(&shown[random_below(&random, SHOWN)]) - 64;

			if (md_inspect_copy(&heap, addr, addr + sizeof copy, copy))
				md_inspect_bytes(&heap, addr, sizeof copy, copy, marks, expected);
		}
		atomic_fetch_add(&checks, 1);
	}
}

static void *run(void *argument)
{
	unsigned number = (unsigned)(uintptr_t)argument;
	struct md_thread *self = md_heap_thread_begin(&heap, number + 1);

	must(self, "no memory for a thread");
	if (number == 0)
		open_pages();
	else if (number == 1)
		look(self);
	else
		allocate_and_free(self, number);
	md_heap_thread_end(&heap, self);
	return NULL;
}

int main(int argc, char **argv)
{
	struct md_heap_config config = heap_config_default();

	race_arguments(argc, argv, 6, RACE_SCALE(20000, 2000));
	must(thread_count >= 3, "3 threads at least");
	config.guard.mode = MD_GUARD_ALL;
	config.guard.side = MD_GUARD_BOTH;
	must(md_heap_init(&heap, &config), "no memory for a heap");
	if (heap.config.guard.mode == MD_GUARD_OFF) {
		puts("race_guard: skipped: this system lets no page be made inaccessible");
		return 0;
	}
	atomic_store(&working, thread_count - 2);
	race_run(thread_count, run);
	printf("race_guard: %u threads, %lu checks, %lu pages opened, %lu blocks guarded\n", thread_count, atomic_load(&checks), atomic_load(&opened),
		atomic_load(&heap.guard.guarded[MD_GUARD_EVERY]));
	return 0;
}
