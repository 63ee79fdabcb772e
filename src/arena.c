/* SPDX-License-Identifier: MIT */
#include "src/arena.h"

#include "src/os.h"

#define CHUNK_BYTES_FIRST (256u << 10)
#define CHUNK_BYTES_MAX (4u << 20)

void md_arena_init(struct md_arena *arena)
{
	*arena = (struct md_arena){ .chunk_bytes = CHUNK_BYTES_FIRST };
	md_lock_init(&arena->lock, MD_LOCK_ARENA);
}

static uintptr_t align_up(uintptr_t value, size_t alignment)
{
	return (value + alignment - 1) & ~(uintptr_t)(alignment - 1);
}

/* Maps a chunk for at least `bytes` more, counts and links it. */
static struct md_arena_chunk *map_chunk(struct md_arena *arena, size_t bytes)
{
	struct md_arena_chunk *chunk = md_os_map(0, bytes);

	if (!chunk)
		return NULL;
	chunk->bytes = bytes;
	chunk->next = atomic_load_explicit(&arena->chunks, memory_order_relaxed);
	atomic_store_explicit(&arena->chunks, chunk, memory_order_release);
	atomic_fetch_add_explicit(&arena->mapped_bytes, bytes, memory_order_relaxed);
	return chunk;
}

void *md_arena_take(struct md_arena *arena, size_t bytes, size_t alignment)
{
	void *result = NULL;

	md_lock_take(&arena->lock);
	uintptr_t begin = align_up(arena->cursor, alignment);

	if (arena->cursor && begin + bytes <= arena->end) {
		arena->cursor = begin + bytes;
		result = (void *)begin;
	} else {
		size_t want = align_up(sizeof(struct md_arena_chunk), alignment) + bytes;

		if (want > arena->chunk_bytes / 4) { /* its own chunk: the rest of the current one stays of use */
			struct md_arena_chunk *chunk = map_chunk(arena, align_up(want, MD_PAGE_BYTES));

			result = chunk ? (void *)align_up((uintptr_t)(chunk + 1), alignment) : NULL;
		} else {
			struct md_arena_chunk *chunk = map_chunk(arena, arena->chunk_bytes);

			if (chunk) {
				begin = align_up((uintptr_t)(chunk + 1), alignment);
				arena->cursor = begin + bytes;
				arena->end = (uintptr_t)chunk + chunk->bytes;
				if (arena->chunk_bytes < CHUNK_BYTES_MAX)
					arena->chunk_bytes *= 2;
				result = (void *)begin;
			}
		}
	}
	md_lock_release(&arena->lock);
	return result;
}
