/* SPDX-License-Identifier: MIT */
#include "src/quarantine.h"

#include "src/arena.h"

_Static_assert(sizeof(struct md_quarantine_chunk) == 4096, "one page");

bool md_quarantine_put(struct md_quarantine *quarantine, struct md_arena *arena, uintptr_t user, size_t charge_bytes)
{
	if (!quarantine->tail || quarantine->tail_index == MD_QUARANTINE_CHUNK) {
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
	}
	quarantine->tail->user[quarantine->tail_index++] = user;
	quarantine->blocks++;
	quarantine->bytes += charge_bytes;
	return true;
}

void md_quarantine_remove_oldest(struct md_quarantine *quarantine, size_t charge_bytes)
{
	quarantine->blocks--;
	quarantine->bytes -= charge_bytes;
	if (++quarantine->head_index < MD_QUARANTINE_CHUNK)
		return;
	struct md_quarantine_chunk *chunk = quarantine->head;

	quarantine->head = chunk->next;
	quarantine->head_index = 0;
	if (!quarantine->head)
		quarantine->tail = NULL;
	chunk->next = quarantine->spare;
	quarantine->spare = chunk;
}
