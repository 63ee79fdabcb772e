/* SPDX-License-Identifier: MIT
 *
 * Signal actions as the kernel takes them: for signals that the C library's sigaction refuses, and without its locks. Async-signal-safe.
 */
#ifndef MD_SIGNAL_ACTION_H
#define MD_SIGNAL_ACTION_H

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "runtime/syscall.h"

/* By which threads are made to stand still (runtime/world.h). */
#define MD_STOP_SIGNAL 33

struct md_signal_action {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* Sets `new` (unless it is NULL) and gets what was there in `old` (likewise). Returns 0 or a negated errno value. */
static inline long md_signal_action_set(int number, const struct md_signal_action *new, struct md_signal_action *old)
{
	return md_syscall4(SYS_rt_sigaction, number, (long)new, (long)old, sizeof new->mask);
}

#endif
