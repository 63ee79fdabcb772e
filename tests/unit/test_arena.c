/* SPDX-License-Identifier: MIT */
#include "src/arena.h"

#include "tests/unit/core_fixture.h"

static struct md_arena arena;

static void init(void)
{
	md_arena_init(&arena);
}

TestSuite(arena, .init = init);

/* Chunks and bytes by walking the list: what a leak check leaves out of its roots. */
static size_t linked_bytes(void)
{
	size_t bytes = 0;

	for (const struct md_arena_chunk *chunk = atomic_load(&arena.chunks); chunk; chunk = chunk->next)
		bytes += chunk->bytes;
	return bytes;
}

static bool is_linked(const void *begin, size_t bytes)
{
	for (const struct md_arena_chunk *chunk = atomic_load(&arena.chunks); chunk; chunk = chunk->next)
		if ((uintptr_t)begin >= (uintptr_t)(chunk + 1) && (uintptr_t)begin + bytes <= (uintptr_t)chunk + chunk->bytes)
			return true;
	return false;
}

Test(arena, memory_is_zeroed_aligned_apart_and_in_a_linked_chunk)
{
	static struct {
		unsigned char *begin;
		size_t bytes;
	} taken[3000];
	uint64_t random = 1;

	for (size_t i = 0; i < 3000; i++) {
		size_t bytes = 1 + random_below(&random, i % 50 ? 600 : 300000), alignment = (size_t)1 << random_below(&random, 13);

		taken[i].begin = md_arena_take(&arena, bytes, alignment);
		taken[i].bytes = bytes;
		must(taken[i].begin && (uintptr_t)taken[i].begin % alignment == 0, "%zu bytes aligned to %zu: %p", bytes, alignment,
			(void *)taken[i].begin);
		must(is_linked(taken[i].begin, bytes), "%zu bytes at %p are in no chunk", bytes, (void *)taken[i].begin);
		for (size_t j = 0; j < bytes; j++)
			must(!taken[i].begin[j], "byte %zu of %zu is not zero: it belongs to somebody", j, bytes);
		memset(taken[i].begin, 0xff, bytes);
	}
	cr_expect(eq(sz, linked_bytes(), atomic_load(&arena.mapped_bytes)));
	cr_expect(eq(sz, linked_bytes(), atomic_load(&fake_os.mapped_bytes)));
}

Test(arena, small_takes_share_a_chunk)
{
	uint64_t maps = atomic_load(&fake_os.maps);

	for (int i = 0; i < 1000; i++)
		must(md_arena_take(&arena, 64, 16), "take %d", i);
	cr_expect(eq(u64, atomic_load(&fake_os.maps) - maps, 1));
}

/* A table of its own size must not cost the rest of the current chunk. */
Test(arena, a_large_take_leaves_the_current_chunk_in_use)
{
	char *first = md_arena_take(&arena, 16, 16);

	cr_assert(ne(ptr, md_arena_take(&arena, 1 << 20, 64), NULL));
	cr_expect(eq(ptr, md_arena_take(&arena, 16, 16), first + 16));
}

Test(arena, the_system_refuses)
{
	fake_os_refuse_maps(1, 1);
	cr_expect(eq(ptr, md_arena_take(&arena, 64, 16), NULL));
	cr_expect(eq(sz, atomic_load(&arena.mapped_bytes), 0));
	char *small = md_arena_take(&arena, 64, 16);

	cr_assert(ne(ptr, small, NULL));
	fake_os_refuse_maps(1, UINT64_MAX);
	cr_expect(eq(ptr, md_arena_take(&arena, 1 << 20, 16), NULL));
	cr_expect(eq(ptr, md_arena_take(&arena, 64, 16), small + 64), "the current chunk goes on serving");
	fake_os_allow_all();
	cr_expect(ne(ptr, md_arena_take(&arena, 1 << 20, 16), NULL));
}
