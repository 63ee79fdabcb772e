/* SPDX-License-Identifier: MIT
 *
 * Quarantine: keeps freed blocks from being reused, so that late writes can be seen.
 *
 * Each thread has its own: blocks enter at the tail when it frees them and leave at the head once more than limit_bytes are held. While inside, their
 * user bytes carry the freed fill; a byte that differs when the block leaves is a write after free. The heap does the checking; this is only the queue.
 *
 * Invariants   bytes is the sum of what md_quarantine_put was told for the blocks inside. A queued block is MD_BLOCK_QUARANTINED.
 * Locking      none: a queue belongs to its thread.
 * Allocation   chunks of the queue come from the arena and are kept for reuse.
 * Background   Serebryany et al., "AddressSanitizer", USENIX ATC 2012, on delaying reuse.
 */
#ifndef MD_QUARANTINE_H
#define MD_QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct md_arena;

#define MD_QUARANTINE_CHUNK 510

struct md_quarantine_chunk {
	struct md_quarantine_chunk *next;
	uint64_t unused;
	uintptr_t user[MD_QUARANTINE_CHUNK];
};

struct md_quarantine {
	struct md_quarantine_chunk *head, *tail; /* NULL while empty and never used */
	struct md_quarantine_chunk *spare;
	unsigned head_index; /* next to leave, in head  */
	unsigned tail_index; /* next free entry in tail */
	uint64_t blocks;
	size_t bytes;       /* charged */
	size_t limit_bytes; /* put may exceed it; the heap evicts until it holds again */
};

/* Queues a block. False when there is no memory for the queue: the block then has to leave at once. */
bool md_quarantine_put(struct md_quarantine *quarantine, struct md_arena *arena, uintptr_t user, size_t charge_bytes);

/* The block that leaves next, or 0. */
static inline uintptr_t md_quarantine_oldest(const struct md_quarantine *quarantine)
{
	return quarantine->blocks ? quarantine->head->user[quarantine->head_index] : 0;
}

/* Removes the block that md_quarantine_oldest named. */
void md_quarantine_remove_oldest(struct md_quarantine *quarantine, size_t charge_bytes);

#endif
