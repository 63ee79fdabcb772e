/* SPDX-License-Identifier: MIT
 *
 * Faults: signals that the processor raises.
 *
 * An access to a guard page of the heap is reported like any other error, the page is opened, and the run goes on. Everything else is the
 * program's: its handler gets it as without us. Where it has none, the crash is reported, and the default action ends the process with the
 * same signal at the same instruction, so that exit status and core dump are those of the program alone.
 *
 * Stacks    The handler runs on the stack that the program's handler would have, or on our alternate one, and needs a few hundred bytes of
 *           it. What a report takes more runs on a private stack, of which the process has one: threads that fault together wait for each
 *           other.
 * Signals   All are blocked during a report, except those of faults, and the one for standing still (world.h). A fault while we report ends
 *           the process, after one line. So does one inside our own calls, whatever locks they hold.
 * Limits    A thread that has blocked SIGSEGV is killed by the kernel at a fault, with a guard page too, and no handler is asked. So is a
 *           program that ignores SIGSEGV. Children that share our memory (vfork) make no report: a guard page is opened for them in
 *           silence.
 */
#ifndef MD_FAULT_H
#define MD_FAULT_H

#include <signal.h>
#include <stdbool.h>

/* Installs what the options ask for. Constructor only, when the heap serves. False if accesses to guard pages would not be caught. */
bool md_fault_init(void);

/* The default action of such a signal, reported before: for others who claim it. */
void md_fault_crash(int number, siginfo_t *info, void *context);

/* Calls function(argument) on the private stack, as a report of a fault runs. Of a handler that is not inside one of our calls. */
void md_fault_aside(void (*function)(void *), void *argument);

/* In the child of a fork: a report that another thread was about to make is none of ours. */
void md_fault_after_fork(void);

#endif
