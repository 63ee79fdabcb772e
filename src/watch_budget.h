/* SPDX-License-Identifier: MIT
 *
 * What watchpoints may cost: setting one takes the system some 3 us, a trap 12 us, and while any is set each new thread, each fork and
 * each change from one thread to another takes longer. On some processors all long copies do, too (runtime/watch.h).
 *
 * What is done on purpose (setting, traps) is bounded by a share of the time that passes, after a burst at the start that lets a small
 * program have all it asks for; while a damaged block's culprit is hunted the share is large. What happens by itself is bounded, too: a
 * program that makes thread after thread is better off without watchpoints, and has none from then on.
 *
 * All times are ticks (clock.h).   Locking   none: numbers are atomic, and one that is off by a little does no harm. Async-signal-safe.
 */
#ifndef MD_WATCH_BUDGET_H
#define MD_WATCH_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum md_watch_passive { MD_WATCH_THREAD, MD_WATCH_FORK, MD_WATCH_SWITCH, MD_WATCH_PASSIVE_KINDS };

struct md_watch_budget {
	uint64_t began;
	_Atomic uint64_t spent;   /* on purpose */
	_Atomic uint64_t hunting; /* likewise, for stacks with damaged blocks */
	_Atomic uint64_t windows; /* for how long they were on, where that slows everything down */
	_Atomic uint64_t passive;
};

void md_watch_budget_begin(struct md_watch_budget *budget, uint64_t now);

/* Something was done on purpose that took so long. One that was interrupted counts no more than ten times the usual. */
void md_watch_budget_spend(struct md_watch_budget *budget, uint64_t ticks, bool hunting);

/* A trap came. */
void md_watch_budget_trap(struct md_watch_budget *budget);

/* They were on for so long, where that slows everything down. */
void md_watch_budget_window(struct md_watch_budget *budget, uint64_t ticks);

/* When something may be done again: at once if that is not after now. */
uint64_t md_watch_budget_next(const struct md_watch_budget *budget, bool hunting);

/* So many of these happened while watchpoints were set. */
void md_watch_budget_suffer(struct md_watch_budget *budget, enum md_watch_passive kind, uint64_t count);

/* True if watchpoints cost more than they may by being there. */
bool md_watch_budget_is_over(const struct md_watch_budget *budget, uint64_t now);

#endif
