/* SPDX-License-Identifier: MIT
 *
 * Tells of requests that failed on purpose (src/failures.h), and of stacks met, in the file fail_list and, with the option verbose, in the
 * log.
 *
 * Each is written at the end of the call it belongs to: what the program does next may be its end.
 */
#ifndef MD_RUNTIME_FAILURES_H
#define MD_RUNTIME_FAILURES_H

#include "runtime/process.h"

void md_failures_pending(struct md_thread *self);

#endif
