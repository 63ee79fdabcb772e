/* SPDX-License-Identifier: MIT
 *
 * The log of writes to the address that the user named (option watch).
 */
#ifndef MD_WATCH_LOG_H
#define MD_WATCH_LOG_H

#include "runtime/process.h"
#include "src/finding.h"

/* Tells of a write. The thread is busy; no lock is held. */
void md_watch_log(struct md_thread *self, const struct md_access *access, md_stack_id stack);

#endif
