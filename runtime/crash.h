/* SPDX-License-Identifier: MIT
 *
 * Crash: what a signal that is about to end the process was about, as a finding for the policy.
 */
#ifndef MD_RUNTIME_CRASH_H
#define MD_RUNTIME_CRASH_H

#include <signal.h>

#include "runtime/fault_machine.h"
#include "runtime/process.h"

/* Diagnoses the signal and adds the finding to the thread's list; *crash has to stay until the policy has dealt with it. The thread is
 * busy. Async-signal-safe as far as the unwinder is. */
void md_crash_add(struct md_thread *self, struct md_crash *crash, int number, const siginfo_t *info, const void *context);

/* "SIGSEGV"; "signal" for one that is not reported. */
const char *md_crash_signal_name(int number);

#endif
