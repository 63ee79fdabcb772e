/* SPDX-License-Identifier: MIT
 *
 * Growth: takes snapshots of what is live (src/snapshot.h), on request or on a signal, and reports what grew.
 *
 * Locking   MD_LOCK_REPORT for the list of snapshots. Each function that takes or shows them wants the calling thread to be busy.
 */
#ifndef MD_RUNTIME_GROWTH_H
#define MD_RUNTIME_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/leaks.h"
#include "runtime/process.h"

/* Takes a snapshot. Returns its id, or -ENOMEM. Waits until the coarse clock ticks (2 ms at most on common systems), so that what is
 * allocated later is told from what was there. */
long md_growth_snapshot(void);

/* Reports to fd or MD_TO_SINK (runtime/show.h) which stacks rose in each of the last `count` snapshots; 0: of all that are kept. Returns
 * how many they are, -EINVAL if so many are never kept, or it is 1, -ENODATA if there are not so many, or another negated errno value. */
long md_growth_show(int fd, unsigned count);

/* Looks for leaks among blocks allocated after a snapshot. -EINVAL if it is not kept, else as md_leaks_search. */
long md_growth_leaks(struct md_thread *self, const struct md_leaks_here *here, long id, int fd);

/* The memory of the i-th snapshot; false after the last. At any time, without a lock. */
bool md_growth_memory(size_t i, uintptr_t *begin, uintptr_t *end);

/* Installs the handler of the option signal_snapshot. */
void md_growth_init(void);

/* Does what a signal asked for while the thread was busy. */
void md_growth_pending(struct md_thread *self);

#endif
