/* SPDX-License-Identifier: MIT
 *
 * Quarantine: keeps freed blocks from being reused, so that late writes can be seen.
 *
 * Each thread has its own: blocks enter at the tail when it frees them and leave at the head once more than limit_bytes are held. While
 * inside, their user bytes carry the freed fill; a byte that differs when the block leaves is a write after free. The heap does the
 * checking; this is only the queue.
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

#include "src/block.h"

struct md_arena;

#define MD_QUARANTINE_CHUNK 255
#define MD_QUARANTINE_AHEAD 8 /* blocks between asking for one and letting it go */
#define MD_QUARANTINE_CLASS_SHIFT 48
#define MD_QUARANTINE_NO_CLASS 0xffff /* not in an ordinary slot */

/* A block that waits: all that is needed to let it go without looking for it again. */
struct md_quarantined {
	uint64_t user_class; /* its first byte, and above MD_QUARANTINE_CLASS_SHIFT the size class of its slot */
	struct md_record *record;
};

struct md_quarantine_chunk {
	struct md_quarantine_chunk *next;
	uint64_t unused;
	struct md_quarantined entries[MD_QUARANTINE_CHUNK];
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

static inline struct md_quarantined md_quarantined_make(uintptr_t user, unsigned class_index, struct md_record *record)
{
	return (struct md_quarantined){ user | (uint64_t)class_index << MD_QUARANTINE_CLASS_SHIFT, record };
}

static inline uintptr_t md_quarantined_user(struct md_quarantined block)
{
	return (uintptr_t)(block.user_class & (((uint64_t)1 << MD_QUARANTINE_CLASS_SHIFT) - 1));
}

static inline unsigned md_quarantined_class(struct md_quarantined block)
{
	return (unsigned)(block.user_class >> MD_QUARANTINE_CLASS_SHIFT);
}

/* Makes room for one more entry behind the last. False when there is no memory for it. */
bool md_quarantine_grow(struct md_quarantine *quarantine, struct md_arena *arena);

/* Queues a block. False when there is no memory for the queue: the block then has to leave at once. */
static inline bool md_quarantine_put(struct md_quarantine *quarantine, struct md_arena *arena, struct md_quarantined block, size_t charge_bytes)
{
	if (__builtin_expect(!quarantine->tail || quarantine->tail_index == MD_QUARANTINE_CHUNK, 0) && !md_quarantine_grow(quarantine, arena))
		return false;
	quarantine->tail->entries[quarantine->tail_index++] = block;
	quarantine->blocks++;
	quarantine->bytes += charge_bytes;
	return true;
}

/* The block that leaves next. Only while blocks is not 0. */
static inline struct md_quarantined md_quarantine_oldest(const struct md_quarantine *quarantine)
{
	return quarantine->head->entries[quarantine->head_index];
}

/* Asks for the memory of a block that leaves soon: it was left alone for long, and is in none of the nearer caches. */
static inline __attribute__((always_inline)) void md_quarantine_prefetch(const struct md_quarantine *quarantine)
{
	unsigned index = quarantine->head_index + MD_QUARANTINE_AHEAD;

	if (index < MD_QUARANTINE_CHUNK) { /* beyond the tail lie addresses of earlier blocks, or none: no harm */
		struct md_quarantined block = quarantine->head->entries[index];

		__builtin_prefetch(block.record, 1);
		__builtin_prefetch((const void *)md_quarantined_user(block), 1);
	}
}

/* Goes on to the next chunk: the oldest entry was the last of its own. */
void md_quarantine_next_chunk(struct md_quarantine *quarantine);

/* Removes the block that md_quarantine_oldest named. */
static inline void md_quarantine_remove_oldest(struct md_quarantine *quarantine, size_t charge_bytes)
{
	quarantine->blocks--;
	quarantine->bytes -= charge_bytes;
	if (__builtin_expect(++quarantine->head_index == MD_QUARANTINE_CHUNK, 0))
		md_quarantine_next_chunk(quarantine);
}

#endif
