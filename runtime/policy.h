/* SPDX-License-Identifier: MIT
 *
 * Policy: what is done about a finding: whether it is reported at all, once for each place; then go on, abort, exit or wait for a debugger.
 */
#ifndef MD_POLICY_H
#define MD_POLICY_H

#include "runtime/process.h"
#include "src/finding.h"

/* Deals with everything in the thread's list of findings and empties it. May not return (on_error). The thread is busy; no lock is held. */
void md_policy_act(struct md_thread *self);

/* What addr is, in words of enum md_place. */
enum md_place md_place_of(uintptr_t addr, md_thread_id *thread, uint16_t *module);

/* Counts for statistics. */
struct md_policy_counts {
	_Atomic uint64_t findings, reports, repeats;
};
extern struct md_policy_counts md_policy_counts;

/* A view of a thread for reports. */
struct md_thread_view;
void md_policy_thread_view(md_thread_id id, struct md_thread_view *view);

/* For fork: see lock.h. Also taken by whoever writes text (show.c). */
extern struct md_lock md_report_lock;

/* Called when an error was reported; see malloc_debug.h. */
struct malloc_debug_error;
extern void (*_Atomic md_policy_callback)(const struct malloc_debug_error *, void *);
extern void *_Atomic md_policy_callback_context;

/* Ends the process with that status at once, buffered output of stdio written as far as that is safe. */
_Noreturn void md_policy_exit(int status);

/* Rings of all threads, for md_history_read, and how many. The caller holds md_report_lock, as long as it uses them. */
const struct md_history_ring *const *md_policy_rings(size_t *count);

#endif
