/* SPDX-License-Identifier: MIT
 *
 * Profiles: when one is taken (at exit, on a signal, at intervals, by a call), and where it goes (option profile_file).
 *
 * An interval is noticed by the first allocation after it, of whichever thread: there is no timer and no thread of ours. A signal that
 * comes while its thread is inside one of our calls is dealt with at the end of that call; several that come meanwhile are one.
 * In the format of massif each profile adds a moment, and the file has all of them.
 *
 * Locking   MD_LOCK_REPORT while a profile is taken and written. The calling thread must be busy.
 */
#ifndef MD_RUNTIME_PROFILE_H
#define MD_RUNTIME_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/profile_write.h"

#define MD_TO_PROFILE_FILE (-1)

/* Reads the options, and installs the handler of signal_profile. In our constructor, before any thread has its struct. */
void md_profile_init(void);

/* Writes a profile to a descriptor, or to the file of the option profile_file, in its format. Returns 0, -EINVAL if that option is not set,
 * or another negated errno value. */
int md_profile_show(int fd, enum md_profile_format format);

/* At exit: the last profile, if there is a file for it. */
void md_profile_at_exit(void);

/* Does what a signal asked for while the thread was busy, and what is due. */
void md_profile_pending(void);

/* In a forked child: what another thread was about to do is due here. */
void md_profile_after_fork(void);

/* Memory of ours that is no memory of the program: the i-th piece; false after the last. At any time, without a lock. */
bool md_profile_memory(size_t i, uintptr_t *begin, uintptr_t *end);

#endif
