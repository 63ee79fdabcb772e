/* SPDX-License-Identifier: MIT
 *
 * Arena: pages for our own records. What is taken stays taken (users keep free lists of their own), so a pointer into it is
 * always safe to follow, even one read without a lock.
 *
 * The mapped chunks are linked, so that a leak check can leave them out of the roots.
 *
 * Locking   MD_LOCK_ARENA, a leaf.
 */
#ifndef MD_ARENA_H
#define MD_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "src/lock.h"

struct md_arena_chunk {
	struct md_arena_chunk *next;
	size_t bytes;
};

struct md_arena {
	struct md_lock lock;
	uintptr_t cursor, end; /* unused part of the newest chunk */
	_Atomic(struct md_arena_chunk *) chunks;
	_Atomic size_t mapped_bytes;
	size_t chunk_bytes; /* of the next chunk: doubles up to a bound */
};

void md_arena_init(struct md_arena *arena);

/* Zeroed memory, aligned to `alignment` (a power of two, at most a page). NULL when the system refuses. */
void *md_arena_take(struct md_arena *arena, size_t bytes, size_t alignment);

#endif
