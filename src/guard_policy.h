/* SPDX-License-Identifier: MIT
 *
 * Which blocks are guarded.
 *
 * Guarding a block costs some microseconds and at least a page of memory. With `auto`, the first few blocks of each allocation stack ask for a guard, and
 * one of many later ones, at distances that grow while no time is to be had. They get it while three budgets last: for first blocks a burst at the start, so that
 * a small program is guarded as a whole; then a share of the time that passes (1/256), against which the measured time of guarding is set; and bytes of
 * pages in use. A stack whose block was found damaged gets all its later blocks guarded, up to a limit for the process. `all` guards every block.
 *
 * The way of a malloc that asks nothing is a load and two comparisons of the thread's own data (md_guard_asks).
 *
 * Locking   none: counters are atomic, and a number that is off by a few blocks does no harm. md_guard_suspect writes to the tables of other threads, which
 *           may lose that for one block.
 * Background   Linux mm/kfence (2020) and GWP-ASan (2019): sampled guard pages in production.
 */
#ifndef MD_GUARD_POLICY_H
#define MD_GUARD_POLICY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/ids.h"
#include "src/stack_filter.h"

struct md_heap;
struct md_thread;

enum md_guard_mode { MD_GUARD_OFF, MD_GUARD_AUTO, MD_GUARD_ALL };
enum md_guard_side { MD_GUARD_AFTER, MD_GUARD_BEFORE, MD_GUARD_BOTH };
enum md_guard_align { MD_GUARD_ALIGN_16, MD_GUARD_ALIGN_NATURAL, MD_GUARD_ALIGN_1 };

/* Why a block is guarded. */
enum md_guard_reason { MD_GUARD_NOT, MD_GUARD_FIRST, MD_GUARD_SAMPLE, MD_GUARD_DAMAGED, MD_GUARD_EVERY, MD_GUARD_LARGE, MD_GUARD_REASONS };

struct md_guard_config {
	enum md_guard_mode mode;
	enum md_guard_side side;
	enum md_guard_align align;
	size_t budget_bytes;     /* most bytes of data pages of live guarded blocks, with MD_GUARD_AUTO; less is used while the heap is small */
	size_t size_min, size_max; /* of blocks to be guarded */
	const char *stacks;      /* only these are guarded, see stack_filter.h; NULL or empty: all. Kept */
};

#define MD_GUARD_SEEN 4096   /* stacks a thread tells apart, roughly */
#define MD_GUARD_SUSPECTS 64 /* stacks with damaged blocks */

/* What a heap has for it. */
struct md_guard {
	_Atomic uint32_t live, ranges_max; /* guarded blocks in use; most that the system bears */
	_Atomic size_t live_bytes;         /* of their data pages */
	_Atomic int32_t burst;             /* blocks that are still free of charge */
	_Atomic uint32_t children_left;    /* blocks that will be so in children of forks */
	_Atomic uint64_t forked_at;        /* md_clock_now() of the last fork, or the start */
	_Atomic uint32_t suspected;        /* blocks that suspects may still have */
	_Atomic int64_t credit_ticks;      /* time that may be spent */
	_Atomic uint64_t credited_at;      /* md_clock_now() */
	_Atomic uint64_t block_ticks;      /* what one costs, learned */
	_Atomic uint32_t suspects[MD_GUARD_SUSPECTS];
	_Atomic uint32_t suspect_count;
	struct md_stack_filter filter;     /* of config.stacks */
	_Atomic uint64_t guarded[MD_GUARD_REASONS]; /* blocks so far, by reason */
	_Atomic uint64_t refused;               /* were to be guarded, but the system refused */
	_Atomic bool bytes_short, ranges_short; /* a budget was reached */
};

/* What a thread has for it. */
struct md_guard_thread {
	uint8_t first;      /* so many blocks of a stack ask; 0: none */
	bool flip;          /* the side of the next block, with MD_GUARD_BOTH */
	uint32_t interval;  /* blocks between two samples */
	uint64_t sample_at; /* allocations (md_thread_counters) at which the next one asks */
	uint64_t random;
	_Atomic uint8_t seen[MD_GUARD_SEEN]; /* blocks of the stacks with that remainder that asked */
};

void md_guard_init(struct md_heap *heap);
void md_guard_thread_init(struct md_heap *heap, struct md_thread *thread);

/* Whether a block of that stack and size is to be guarded, and why: asked once for each block that is then allocated. */
enum md_guard_reason md_guard_decide(struct md_heap *heap, struct md_thread *thread, md_stack_id stack, size_t size);

/* The same for a block with a zone of its own: these always ask. */
enum md_guard_reason md_guard_decide_large(struct md_heap *heap, struct md_thread *thread, md_stack_id stack, size_t size);

/* A block of that stack was damaged, or used wrongly. */
void md_guard_suspect(struct md_heap *heap, md_stack_id stack);

/* Whether that was said of it. */
bool md_guard_is_suspect(const struct md_guard *guard, md_stack_id stack);

/* After a fork, in the parent and in the child: a child may spend less on first blocks the more of them there are, or a shell whose children each run a
 * few milliseconds would take the whole burst once for each. What they get grows again with the time between forks, by the share that all guarding has. */
void md_guard_after_fork(struct md_heap *heap, bool child);

/* Sets the time that has passed since md_clock_now() was `since` against what may be spent on guarding (MD_GUARD_NOT: a block guarded before). While the
 * burst lasts, first blocks cost nothing. */
void md_guard_spend(struct md_heap *heap, enum md_guard_reason reason, uint64_t since);

#endif
