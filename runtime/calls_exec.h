/* SPDX-License-Identifier: MIT
 *
 * The strings that are handed to another program: arguments and environment of exec, system, popen and posix_spawn. The kernel reads them,
 * and answers a freed or unended one that lies before a guard page with EFAULT, which the program would not have seen without us.
 *
 * Where to  Whatever may be reported or not, the pages in the way are opened, so that the call goes as it would without us.
 * Who tells A thread that is not inside one of our calls, in a process whose memory is its own: exec is called by children of vfork, and
 *           those only open pages. So does everybody where the option calls is off, or system calls are restricted (restrict.h).
 *
 * Locking and signals  Async-signal-safe. Opening takes no lock; a report does, for as long as it takes. errno stays as it is.
 */
#ifndef MD_CALLS_EXEC_H
#define MD_CALLS_EXEC_H

#include "runtime/calls.h"

/* One string; NULL is none. After a report the caller owes md_calls_end, when the call has returned. */
void md_calls_exec_string(struct md_calls_scope *scope, const char *string);

/* A vector of strings with its NULL, and each of them; NULL is none. What lies where nothing can be read is for the kernel to refuse. */
void md_calls_exec_strings(struct md_calls_scope *scope, char *const *strings);

#endif
