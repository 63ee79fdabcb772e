/* SPDX-License-Identifier: MIT
 *
 * Watchpoints: the processor's debug registers, by way of perf_event_open, on bytes that nobody should touch (src/watch.h chooses them).
 * The access raises SIGTRAP in its thread, directly after the instruction (watch_trap.c).
 *
 * How   The events are opened when the first block worth watching was allocated after the program's start, in its thread, and follow into
 *       all threads that are made from then on; threads that ran before are not watched. They are moved by
 *       PERF_EVENT_IOC_MODIFY_ATTRIBUTES, for all threads at once. A forked child has none of its own, only descriptors that act on its
 *       parent's: it closes them at once, and opens new ones when it has lived a while. A child that shares our memory (vfork) touches
 *       nothing.
 *
 * Descriptors   at 200 and above, closed by exec. Before each use the kernel is asked whether the descriptor still is the event that we
 *       opened: another one is neither used nor closed. Lost ones are opened anew a few times.
 *
 * Speed   Some processors make repeated string instructions (rep movsb) byte by byte while any watchpoint is on, which is 30 times
 *       slower, in the kernel, too: copies of 2 KiB and more, and each page that is used for the first time. Where a trial shows that,
 *       the watchpoints are on for windows of a millisecond that begin with a new block, as often as the budget allows, and off before
 *       each long copy that comes by way of our calls. They are one group, turned on and off by its leader.
 *
 * There are none where the system refuses, under a tracer (a debugger needs the registers), when the program restricts its system calls,
 * when SIGTRAP goes past us, and when they cost too much (src/watch_budget.h).
 *
 * Locking   one thread at a time moves; whoever comes meanwhile lets it be. What may be called in signal handlers says so.
 */
#ifndef MD_RUNTIME_WATCH_H
#define MD_RUNTIME_WATCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/process.h"
#include "src/watch.h"

struct md_watch_counts {
	_Atomic uint64_t moves, traps, innocent, reports;
};
extern struct md_watch_counts md_watch_counts;

/* Watchpoints are on, and repeated string instructions go byte by byte (see above). */
extern _Atomic bool md_watch_is_slow;

#define MD_WATCH_LONG 2048 /* bytes of a copy, from which on it is made with such instructions */

/* Turns watchpoints off until the next block that is worth one. Async-signal-safe. */
void md_watch_rest(void);

/* A call of the program is about to touch so many bytes. Any time, any thread, signal handlers too. */
static inline __attribute__((always_inline)) void md_watch_make_way(size_t bytes)
{
	if (md_unlikely(bytes >= MD_WATCH_LONG) && atomic_load_explicit(&md_watch_is_slow, memory_order_relaxed))
		md_watch_rest();
}

/* Constructor only: reads the option. complaint, if it is bad, gets a line to be printed (static); else NULL. */
void md_watch_init(const char **complaint);

/* The program is about to begin: from now on events may be opened. Once, in its first thread. */
void md_watch_begin(void);

/* Moves a watchpoint to the block that the thread asked for (md_watch_ask). The thread is busy; no lock is held. */
void md_watch_attend(struct md_thread *self);

/* A thread was made, or a child was forked (in the parent): both take longer while watchpoints are set. */
void md_watch_thread_made(void);
void md_watch_fork_made(void);

/* In the child of a fork, before anything else there. */
void md_watch_after_fork(void);

/* Gives the registers up for good. why: for the option verbose; static. */
void md_watch_end(const char *why);

/* Number of watchpoints that are set; 0 if there are none, and *why says why not (NULL: nothing was worth one yet). */
unsigned md_watch_usable(const char **why);

/* --- between watch_linux.c, watch_allowed.c and watch_trap.c ---------------------- */

/* Whether a debugger, or another tracer, is at work; and whether other threads run already. */
bool md_watch_is_traced(bool *threads);

/* Whether a program stands in for the processor. */
bool md_watch_is_emulated(void);

/* Whether SIGTRAP comes to our handlers: one that goes past them may end the program. */
bool md_watch_signals_come(void);

/* Why the system has none for us, from a negated errno value. Static. */
const char *md_watch_refusal(int error);

/* Whether the signal is one of our watchpoints' (whatever place it has by now); the place is copied, with .generation 0 if the trap is
 * out of date. Async-signal-safe. */
bool md_watch_trapped(const siginfo_t *info, unsigned *index, struct md_watch_place *place);

/* A trap of this place was judged: takes the place away if there were too many. Async-signal-safe. */
void md_watch_judged(unsigned index, uint32_t generation, bool innocent);

/* Claims SIGTRAP (signals.h). False where that cannot be. Once. */
bool md_watch_catch(void);

/* What the option says. */
const struct md_watch_setting *md_watch_setting(void);

#endif
