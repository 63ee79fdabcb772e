/* SPDX-License-Identifier: MIT
 *
 * Known stacks: what a thread remembers of the stacks it had, to tell whether it has one of them again.
 *
 * A stack is known by the registers it began with and by the places on it that led from each frame to the next (return addresses, and saved
 * frame pointers where a frame further out depends on them), with what they held. Registers and places being equal, the walk would go the
 * same way once more. Nothing is taken for known with less compared.
 *
 * Guess     Programs repeat themselves: what followed the last stack before, with equal return address and stack pointer, mostly follows it
 *           again. A table says by all three which stack that was, so no search reads the stack. Where the guess is wrong, what the
 *           innermost differing place holds now leads to the next guess, through the same table. Tables may say anything: what they lead to
 *           is compared.
 * Storage   Blocks of one size, taken in turn, the oldest given up first; a stack with many links takes several in a row. Few blocks for
 *           threads that do little; more when all are in use, as long as there are some to spare for all threads together.
 *
 * Invariants   A block is the first one of a stack with true contents, or its pc is 0. A stack's first block is given up before its others.
 * Locking      none: each thread has its own.
 * Safety       Places are read only of stacks that begin at the stack pointer asked for, which is why everything is to be forgotten when a
 *              thread's stack becomes another one. No allocation but the arena's, no system call but its own.
 */
#ifndef MD_KNOWN_STACKS_H
#define MD_KNOWN_STACKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/ids.h"

#define MD_KNOWN_LINKS 32 /* in a block */
#define MD_KNOWN_LINKS_MAX (2 * 128 + 1) /* of a stack: two for each frame, and its end */

struct md_arena;

/* A place on the stack and what it holds. */
struct md_stack_link {
	uintptr_t slot, value;
};

/* 7 cache lines: an odd number, so that heads do not crowd into few sets of the cache. */
struct md_known_stack {
	uintptr_t pc, sp, fp; /* at the beginning: return address, and the registers behind the call */
	uintptr_t fp_mask;    /* all ones if the way out depends on fp, else 0 */
	md_stack_id id;
	uint16_t count; /* links in this block; a multiple of 4, filled up with the last */
	uint16_t more;  /* blocks behind this one that go on with it */
	uint64_t context; /* of id: what is guessed next depends on it */
	uintptr_t unused[2];  /* header and links begin at cache lines */
	uint32_t offsets[MD_KNOWN_LINKS]; /* slot - sp */
	uintptr_t values[MD_KNOWN_LINKS];
};

/* A guess: where the stack is, and part of the hash it was made for, so that a block is not read in vain. */
struct md_stack_guess {
	uint16_t place; /* of the first block, in units of MD_KNOWN_UNIT */
	uint16_t tag;
};

struct md_known_stacks {
	uint64_t context;  /* of the last stack */
	uint64_t failed; /* hash of the guess at which the last search ended */
	struct md_stack_guess *guesses; /* by hash */
	char *blocks;
	unsigned shift;    /* of a hash, to an index of guesses */
	unsigned capacity; /* blocks */
	unsigned used;     /* blocks ever used: those behind are zero */
	unsigned next;     /* block to be given up next */
	bool full;         /* all blocks are in use, and there will be no more */
	unsigned met;      /* stacks that were not known, since then */
	struct md_arena *arena;
	_Atomic unsigned *spare; /* blocks that threads may still take beyond their first ones */
};

#define MD_KNOWN_UNIT 64

/* Room for few stacks; for more later, while `spare` (shared by all threads, in blocks) and arena have some. False when there is no memory. */
bool md_known_stacks_init(struct md_known_stacks *all, struct md_arena *arena, _Atomic unsigned *spare);

/* None of them is known any more. */
void md_known_stacks_forget(struct md_known_stacks *all);

/* The stack that begins with those registers, and has that id, was met after md_known_stacks_search did not find it: the next search will
 * where this one ended. True if it is worth remembering, by md_known_stacks_put at once; false if it is remembered already or not yet worth
 * it. */
bool md_known_stacks_meet(struct md_known_stacks *all, uintptr_t pc, uintptr_t sp, uintptr_t fp, md_stack_id id);

/* Remembers it. links: innermost first, of all frames but the first; slots lie above sp. What has frames of gigabytes or too many links is
 * not remembered. */
void md_known_stacks_put(struct md_known_stacks *all, const struct md_known_stack *begin, const struct md_stack_link *links, size_t count);

static inline uint64_t md_stack_guess_hash(uintptr_t pc, uintptr_t sp, uint64_t context)
{
	return ((pc ^ sp << 16) + context) * 0x9e3779b97f4a7c15ull;
}

static inline struct md_stack_guess *md_stack_guess_at(const struct md_known_stacks *all, uint64_t hash)
{
	return &all->guesses[hash >> all->shift];
}

static inline uint16_t md_stack_guess_tag(uint64_t hash)
{
	return (uint16_t)(hash >> 32);
}

/* Whether the links of one block hold. */
static inline __attribute__((always_inline)) bool md_known_links_hold(const struct md_known_stack *known, uintptr_t sp)
{
	uintptr_t differs = 0;

	for (size_t i = known->count; i; i -= 4) { /* loads that wait for nothing, and one branch */
		const uint32_t *offset = &known->offsets[i - 4];
		const uintptr_t *value = &known->values[i - 4];

		differs |= (*(const uintptr_t *)(sp + offset[0]) ^ value[0]) | (*(const uintptr_t *)(sp + offset[1]) ^ value[1]) |
			(*(const uintptr_t *)(sp + offset[2]) ^ value[2]) | (*(const uintptr_t *)(sp + offset[3]) ^ value[3]);
	}
	return !differs;
}

static inline const struct md_known_stack *md_known_stack_at(const struct md_known_stacks *all, uint16_t place)
{
	return (const struct md_known_stack *)(all->blocks + (size_t)place * MD_KNOWN_UNIT);
}

/* The stack that follows the last one, if it has one block and the stack is that one; else NULL. pc, sp and fp are as they are now, and all
 * of the stack above sp can be read that could be when a stack with that sp was put. */
static inline __attribute__((always_inline)) const struct md_known_stack *md_known_stacks_guess(struct md_known_stacks *all, uintptr_t pc,
	uintptr_t sp, uintptr_t fp)
{
	uint64_t hash = md_stack_guess_hash(pc, sp, all->context);
	const struct md_stack_guess *guess = md_stack_guess_at(all, hash);
	const struct md_known_stack *known = md_known_stack_at(all, guess->place);

	if (guess->tag != md_stack_guess_tag(hash))
		return NULL;
	if ((known->pc ^ pc) | (known->sp ^ sp) | ((known->fp ^ fp) & known->fp_mask) | known->more || !md_known_links_hold(known, sp))
		return NULL;
	all->context = known->context;
	return known;
}

/* When that was NULL: the same for a stack of any size, and with further guesses; or NULL. */
const struct md_known_stack *md_known_stacks_search(struct md_known_stacks *all, uintptr_t pc, uintptr_t sp, uintptr_t fp);

#endif
