/* SPDX-License-Identifier: MIT
 *
 * Leak events: searches at further moments than exit (option leaks_at), and who may make them.
 *
 *   leak_exit.c    _exit, _Exit, quick_exit
 *   leak_death.c   death by a signal that the program leaves at its default action
 *   leak_exec.c    exec and its relatives
 *   leak_close.c   dlclose
 *
 * All of them wrap functions of the C library, and while the option is off do nothing but call what is behind them. Some of those functions
 * may be called in signal handlers: a thread that was interrupted inside one of our calls makes no search.
 *
 * Who searches   the process that was started. A child made by vfork, or by clone with shared memory, never does: the heap is its parent's,
 *                which goes on using it. A forked child does only with the choice `fork`, and then counts what was allocated since the
 *                fork: the rest is its parent's, and what the parent's other threads held has no owner in the child. One made by _Fork,
 *                which runs no handlers, does not.
 *
 * Allocation and signal safety   none, and async-signal-safe, unless said otherwise.
 */
#ifndef MD_LEAK_EVENTS_H
#define MD_LEAK_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/leaks.h"
#include "src/options.h"

/* True if leaks_at has this moment (MD_LEAKS_AT_ bit) and this process may search then. */
bool md_leak_events_wanted(uint64_t moment);

/* Whether this process may search when it exits. */
bool md_leak_events_may_search(void);

/* True for the first caller of the process: its last report is his to make. The others wait for nothing (see md_leaks_wait). */
bool md_leak_events_claim(void);

/* Looks for leaks at an event. when_text is for the report, is_about as in struct md_leaks_request. Returns what md_leaks_search does.
 * The thread is busy. */
long md_leak_events_search(struct md_thread *self, const struct md_leaks_here *here, const char *when_text);

/* What a request for this process has to say of blocks that count, and of when (NULL: nothing). */
void md_leak_events_limit(struct md_leaks_request *request);

/* Finds the functions behind the wrappers. Constructor only; in all modes. */
void md_leak_events_find(void);

/* Makes ready for what leaks_at asks for. Constructor only. */
void md_leak_events_init(void);

/* In the child of a fork, when the heap can be used again. */
void md_leak_events_after_fork(void);

/* --- of the single events --------------------------------------------------- */

void md_leak_exit_find(void);
void md_leak_exit_init(void);

void md_leak_exec_find(void);

void md_leak_death_init(void);
void md_leak_death_after_fork(void);

/* Dies by the signal that came while the thread was busy, after a search. The thread is busy. */
void md_leak_death_pending(struct md_thread *self);

#endif
