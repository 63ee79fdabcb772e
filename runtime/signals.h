/* SPDX-License-Identifier: MIT
 *
 * Signals: the functions that set and tell actions of signals, wrapped in one place, so that handlers of ours can stand in the kernel's
 * table while the program sees, and gets, what it set itself.
 *
 * How       A part of the library claims a signal. While the program leaves it at its default action, the claim's `instead` stands in.
 *           Where the program has a handler and the claim has `before`, a filter stands in, with the flags and the mask that the program
 *           asked for, so that it runs on the stack and under the mask that the program's handler would have; what `before` does not take
 *           goes on to the program's handler by a jump: same arguments, same frame. A signal that the program ignores is left to the
 *           kernel, so that programs started by exec ignore it too. SA_RESETHAND is kept by us, not by the kernel: what we take away must
 *           not use it up.
 * Left alone  Handlers that were there before our constructor, or that are set by a raw system call: the next call of a wrapped function
 *           tells and replaces them as the kernel has them.
 * Children  Children of fork have our table. Those that share our memory (vfork) or were made without handlers (_Fork) set actions for
 *           themselves by the kernel alone: the table is their parent's.
 * SA_ONSTACK  A thread without an alternate stack of its own has one of ours (altstack.h). A handler of the program with SA_ONSTACK would
 *           then run on it; the filter moves it to the stack it would have without us, with its whole frame.
 *
 * Locking   MD_LOCK_SIGNALS, with all signals blocked, around changes. Handlers read one word.
 */
#ifndef MD_SIGNALS_H
#define MD_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "src/lock.h"

struct md_signal_claim {
	/* Sees the signal before the program's handler does; true: it is dealt with. NULL: the program's handler is in the kernel's table
	 * itself. Runs on whatever stack the program's handler has, maybe a very small one. */
	bool (*before)(int number, siginfo_t *info, void *context);
	/* Stands in for the default action. NULL: the default action itself is in the kernel's table. */
	void (*instead)(int number, siginfo_t *info, void *context);
	unsigned long flags; /* of the action when `instead` stands in; SA_SIGINFO is added */
	uint64_t mask;
	bool (*may_stand_in)(void); /* asked each time before `instead` is put in place; NULL: always */
};

/* Finds the functions behind ours. Constructor only, in all modes. */
void md_signals_find(void);

/* From now on the signal is claimed, in our constructor or later. A claim with `before` replaces one without. False where it cannot be:
 * there is another claim, or a handler that did not come by way of us. */
bool md_signals_claim(int number, const struct md_signal_claim *claim);

/* Whether the program has a handler for the signal, as far as it is known here. Async-signal-safe. */
bool md_signals_has_handler(int number);

/* The default action, in a handler, which should return at once: the signal comes again with the same cause and ends the process, with the
 * registers that it interrupted. refaults: the interrupted instruction raises it again by itself. Async-signal-safe. */
void md_signals_default(int number, const siginfo_t *info, void *context, bool refaults);

/* The default action is put into the kernel's table, and taken out again (where a claim stands in). Async-signal-safe. */
void md_signals_lay_down(int number);
void md_signals_take_up(int number);

/* The claim ends: what the program set is in force. */
void md_signals_release(int number);

/* True in a child that shares memory with the process that the table belongs to, or was made without handlers of fork. Async-signal-safe.
 * */
bool md_signals_is_stranger(void);

/* For fork: see lock.h. */
struct md_lock *md_signals_lock(void);

#endif
