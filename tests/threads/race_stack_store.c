/* SPDX-License-Identifier: MIT
 *
 * Many threads put the same stacks in different order while others read them and a library comes and goes: a stack has one id, whoever
 * asks.
 */
#include <unistd.h>

#include "src/arena.h"
#include "src/stack_store.h"
#include "tests/threads/race.h"

#define STACKS 20000
#define PLUGIN 0x7f0000000000ul /* frames from here on belong to the library that comes and goes */

static struct md_arena arena;
static struct md_stack_store *store;
static _Atomic uint32_t ids[STACKS];

static size_t make_stack(uint64_t n, struct md_frame *frames)
{
	size_t count = 2 + n % 20;

	for (size_t i = 0; i < count; i++)
		frames[i] = (struct md_frame){ .pc = 0x400001 + i * 128 + (n >> i / 2) % 97, .module = (uint16_t)(1 + i) };
	frames[1] = (struct md_frame){ .pc = 0x900001 + n, .module = 7 };
	return count;
}

static void compare(md_stack_id id, const struct md_frame *frames, size_t count)
{
	struct md_frame read[MD_STACK_FRAMES_MAX];

	must(md_stack_store_frames(store, id, read, MD_STACK_FRAMES_MAX) == count, "stack %u", id.value);
	for (size_t i = 0; i < count; i++)
		must(read[i].pc == frames[i].pc && read[i].module == frames[i].module, "stack %u: frame %zu", id.value, i);
}

static void *put_and_read(void *number)
{
	struct md_frame frames[MD_STACK_FRAMES_MAX];
	uint64_t random = (uintptr_t)number + 1;

	for (uint64_t round = 0; round < round_count; round++) {
		uint64_t n = random_below(&random, STACKS);
		size_t count = make_stack(n, frames);
		md_stack_id id = md_stack_store_put(store, frames, count);
		uint32_t known = 0;

		must(id.value, "no stack");
		if (!atomic_compare_exchange_strong(&ids[n], &known, id.value))
			must(known == id.value, "stack %lu has the ids %u and %u", n, known, id.value);
		compare(id, frames, count);
		n = random_below(&random, STACKS); /* one that perhaps another thread has put */
		if ((known = atomic_load(&ids[n])))
			compare((md_stack_id){ known }, frames, make_stack(n, frames));
	}
	return NULL;
}

/* Its frames get new numbers with each life; a stack read at once must still have the module of its own life. */
static void come_and_go(void)
{
	for (uint16_t life = 100; life < 100 + RACE_SCALE(400, 60); life++) {
		struct md_frame frames[3] = { { PLUGIN + 1, life }, { PLUGIN + 17, life }, { 0x400001, 1 } };
		md_stack_id id = md_stack_store_put(store, frames, 3);

		compare(id, frames, 3);
		md_frames_forget(store, PLUGIN, PLUGIN + 4096);
		must(!md_frame_find(store, PLUGIN + 1), "the code is gone");
		compare(id, frames, 3);
	}
}

static void *run(void *number)
{
	if (number)
		return put_and_read(number);
	come_and_go();
	return NULL;
}

int main(int argc, char **argv)
{
	race_arguments(argc, argv, 6, RACE_SCALE(200000, 20000));
	md_arena_init(&arena);
	store = md_stack_store_create(&arena);
	must(store, "no memory");
	race_run(thread_count, run);
	uint32_t distinct = 0;

	for (size_t n = 0; n < STACKS; n++)
		distinct += atomic_load(&ids[n]) != 0;
	must(atomic_load(&store->stack_count) == distinct + RACE_SCALE(400, 60), "%u stacks are stored, %u were put",
		atomic_load(&store->stack_count), distinct);
	printf("race_stack_store: %u threads, %lu rounds: %u stacks\n", thread_count, round_count, distinct);
	return 0;
}
