/* SPDX-License-Identifier: MIT
 *
 * Alternate stacks: each thread has one of ours for signal handlers, until the program sets one of its own, so that the overflow of a stack
 * can be reported.
 *
 * The program does not see it: sigaltstack is wrapped and says that there is none; when the program takes its own away, ours comes back.
 * Memory is reserved in pieces and touched only by a handler. A thread gives its stack back when it ends.
 *
 * Our own handlers need little of it: what takes more runs on a stack of its own (fault.c). It is larger because some run times (Go's) look
 * for an alternate stack by raw system calls and make the one they find theirs.
 */
#ifndef MD_ALTSTACK_H
#define MD_ALTSTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/lock.h"

/* The first thread's; constructor only. */
void md_altstack_init(void);

/* The calling thread begins or ends. */
void md_altstack_begin(void);
void md_altstack_end(void);

/* Whether threads get alternate stacks of ours. Async-signal-safe. */
bool md_altstack_enabled(void);

/* Whether addr lies in the alternate stack that we gave to the calling thread. Async-signal-safe. */
bool md_altstack_has(uintptr_t addr);

/* Where the i-th alternate stack lies that was mapped for a thread, whether one has it now or not; false if there are not so many. Takes no
 * lock. */
bool md_altstack_range(size_t i, uintptr_t *begin, uintptr_t *end);

/* Whether the program ever gave a thread an alternate stack of its own, which it may free while the kernel still uses it.
 * Async-signal-safe. */
bool md_altstack_is_foreign(void);

/* For fork: see lock.h. */
struct md_lock *md_altstack_lock(void);

#endif
