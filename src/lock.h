/* SPDX-License-Identifier: MIT
 *
 * Locks, on the system's wait and wake, with a fixed order.
 *
 * A thread takes locks downwards in the list below and never back up; builds with MD_CHECK_LOCKS end on a reversal, and fork takes all in
 * this order. The loader's lock is not ours: capture the stack first, lock afterwards.
 *
 * Fork   Between our prepare handler and our parent or child handler the forking thread holds every lock, and handlers of others may
 *        allocate in it: md_lock_fork_hold makes the lock open to its holder until md_lock_fork_release. A child made without handlers (raw
 *        clone, _Fork) finds locks whose holders are gone: such a lock carries an old generation (see md_os_fork_mark) and is taken over
 *        when first waited for.
 *
 * Async-signal safety   none: a handler that runs inside one of our calls must not get here (the busy flag of struct md_thread sees to it).
 */
#ifndef MD_LOCK_H
#define MD_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum md_lock_rank {
	MD_LOCK_FAULT,   /* the private stack of fault handlers (fault.c)                */
	MD_LOCK_ORPHANS, /* the struct that serves threads which have ended already      */
	MD_LOCK_REPORT,  /* one report at a time; taken with nothing else held           */
	MD_LOCK_THREADS, /* the list of threads, and those parked for reuse              */
	MD_LOCK_CHECK,   /* live blocks that a check holds for a moment                  */
	MD_LOCK_CLASS,   /* zones of one size class; one at a time                       */
	MD_LOCK_RUNS,    /* free runs of units, mapping and unmapping                    */
	MD_LOCK_UNWIND,  /* libunwind, which has locks of its own                        */
	MD_LOCK_MODULES, /* adding to the module table                                   */
	MD_LOCK_STACKS,  /* adding frames and stacks; lookups go without                 */
	MD_LOCK_ALTSTACKS, /* alternate stacks of threads                                */
	MD_LOCK_HISTORY, /* room in the history file; leaf                               */
	MD_LOCK_ARENA,   /* leaf: pages for our own records                              */
	MD_LOCK_SIGNALS, /* leaf: actions of signals; signals are blocked meanwhile      */
	MD_LOCK_RANKS
};

struct md_lock {
	_Atomic uint32_t word;       /* 0 free, 1 held, 2 held and somebody waits                 */
	_Atomic uint32_t generation; /* of the process that took it last                          */
	uint8_t rank;
	_Atomic uintptr_t fork_owner; /* the thread that forks (an address of its own), else 0    */
};

void md_lock_init(struct md_lock *lock, enum md_lock_rank rank);
void md_lock_take(struct md_lock *lock);
bool md_lock_try(struct md_lock *lock);
void md_lock_release(struct md_lock *lock);

/* Changes when this process turns out to be the child of a fork that nobody told us about. Async-signal-safe. */
uint32_t md_lock_generation(void);

/* Takes the lock and opens it to the calling thread: its own takes and releases are then nothing. */
void md_lock_fork_hold(struct md_lock *lock);

/* Ends md_lock_fork_hold, in parent and child. */
void md_lock_fork_release(struct md_lock *lock);

#endif
