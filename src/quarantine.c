/* SPDX-License-Identifier: MIT */
#include "src/quarantine.h"

#include "src/arena.h"

_Static_assert(sizeof(struct md_quarantine_chunk) == 4096, "one page");

bool md_quarantine_grow(struct md_quarantine *quarantine, struct md_arena *arena)
{
	struct md_quarantine_chunk *chunk = quarantine->spare;

	if (chunk)
		quarantine->spare = chunk->next;
	else if (!(chunk = md_arena_take(arena, sizeof *chunk, 64)))
		return false;
	chunk->next = NULL;
	if (quarantine->tail) {
		quarantine->tail->next = chunk;
	} else {
		quarantine->head = chunk;
		quarantine->head_index = 0;
	}
	quarantine->tail = chunk;
	quarantine->tail_index = 0;
	return true;
}

void md_quarantine_next_chunk(struct md_quarantine *quarantine)
{
	struct md_quarantine_chunk *chunk = quarantine->head;

	quarantine->head = chunk->next;
	quarantine->head_index = 0;
	if (!quarantine->head)
		quarantine->tail = NULL;
	chunk->next = quarantine->spare;
	quarantine->spare = chunk;
}
