/* SPDX-License-Identifier: MIT
 *
 * Leak: which live blocks can no longer be reached, and what they hold on to.
 *
 * Marking begins with the words of the roots (handed in by the caller, who knows threads and mappings) and goes on through the blocks they
 * point to. A pointer to a block's start makes it reachable; one into its inside makes it possibly lost, unless another reaches its start.
 * What is left is leaked: directly, or indirectly where another leaked block points to it. Indirect leaks are counted with the direct one
 * that holds them. Leaked blocks that point to each other in a ring have no first one; the one with the lowest address stands for the ring.
 *
 * Method        Mark bytes, one for each slot, in memory mapped for the check; a bounded stack of blocks to look into, and a sweep over the
 *               heap when it was too small. Time is linear in the bytes of the heap, extra memory one byte a slot.
 * Locking       none. The caller sees to it that one check runs at a time and that the other threads stand still, or says in the report
 *               that they did not. Zones that come into being meanwhile are left out.
 * Background    Boehm and Weiser, "Garbage Collection in an Uncooperative Environment" (1988); Valgrind's memcheck manual, section 4.2.9,
 *               for the kinds.
 */
#ifndef MD_LEAK_H
#define MD_LEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/heap.h"

enum md_leak_kind {
	MD_LEAK_DIRECT,   /* nothing points to it, or only its own ring does */
	MD_LEAK_INDIRECT, /* only leaked blocks point to it                  */
	MD_LEAK_POSSIBLE, /* only its inside is pointed to                   */
	MD_LEAK_REACHABLE,
	MD_LEAK_IGNORED,  /* the program asked to leave it out               */
	MD_LEAK_KINDS
};

#define MD_LEAK_STACK_BYTES ((size_t)1 << 20) /* of struct md_leak.stack */
#define MD_LEAK_COPY_BYTES ((size_t)64 << 10) /* of struct md_leak.copy  */
#define MD_LEAK_SPARSE_MIN ((size_t)1 << 20)  /* larger blocks may be reserved and never used: only pages that hold anything are read */
#define MD_LEAK_USED_PAGES 4096               /* asked about at a time */

struct md_leak_count {
	uint64_t blocks, bytes;
};

/* Blocks of one kind from one stack. */
struct md_leak_group {
	md_stack_id stack;
	enum md_leak_kind kind; /* DIRECT, POSSIBLE or REACHABLE */
	enum md_api api;
	md_thread_id thread;        /* of the sample */
	struct md_leak_count count; /* blocks of the group itself */
	struct md_leak_count held;  /* indirect ones they hold; DIRECT only */
	uint32_t oldest, newest;    /* md_clock_coarse() */
	bool suppressed;            /* the reporter's: not to be shown or counted */
	bool ring;                  /* DIRECT: some of them are held by a ring of leaked blocks only */
	uintptr_t sample;           /* a block: the largest */
	size_t sample_size;
};

struct md_leak_copy {
	uintptr_t words[MD_LEAK_COPY_BYTES / sizeof(uintptr_t)];
	unsigned char used[MD_LEAK_USED_PAGES]; /* of the pages from used_begin to used_end */
	uintptr_t used_begin, used_end;
};

struct md_leak {
	struct md_heap *heap;
	uintptr_t pointer_mask;  /* and-ed to every word before it is taken for a pointer */
	bool careful;            /* other threads may be running: whatever is read may vanish, and is read through the system */
	bool since_set;          /* only blocks allocated at `since` or later are of interest */
	uint32_t since;          /* md_clock_coarse() */
	uint32_t now;            /* likewise, when the search began */
	unsigned char *marks;    /* of all slots; a zone has its place in md_zone.marks */
	size_t marks_bytes;
	struct md_leak_copy *copy; /* see leak_walk.h */
	uintptr_t *stack; /* blocks still to be looked into */
	size_t stack_count;
	bool overflowed; /* some marked blocks did not fit there */
	bool touched;    /* the inside of some block is pointed to */
	const struct md_zone *refill_zone; /* where the search for those goes on */
	uint32_t refill_slot;
	int pass;
	uintptr_t ring_leader; /* whose ring is being followed */
	struct md_leak_group *groups; /* a hash table until md_leak_classify is done, then a list */
	size_t group_capacity, group_count;
	bool groups_lost; /* there was no room for all groups: totals are right all the same */
	struct md_leak_count totals[MD_LEAK_KINDS];
	struct md_leak_count recent[MD_LEAK_KINDS]; /* those of totals that are of interest: all of them when since_set is not */
};

/* Makes ready: maps mark bytes for all zones. False when the system refuses. leak is zeroed by the caller except for heap, pointer_mask,
 * careful and since. */
bool md_leak_begin(struct md_leak *leak);

/* Marks what these words point to, as roots. */
void md_leak_mark(struct md_leak *leak, const uintptr_t *words, size_t count);

/* All roots are given: finds out the kind of every live block, and gathers groups (those of reachable blocks only if wanted). The groups
 * are sorted, largest (with what they hold) first. With since_set, older blocks are counted in totals alone; one that is leaked directly
 * and holds younger ones is grouped all the same, for it is what lost them, and held then counts the younger ones. */
void md_leak_classify(struct md_leak *leak, bool reachable_groups);

/* Makes groups one whose innermost `frames` frames are the same; the list stays sorted. After md_leak_classify. */
void md_leak_merge(struct md_leak *leak, unsigned frames);

/* Whether the live block at user was reached from the roots; after md_leak_mark. */
enum md_leak_kind md_leak_kind_of(const struct md_leak *leak, uintptr_t user);

/* Gives all memory of the check back. */
void md_leak_end(struct md_leak *leak);

#endif
