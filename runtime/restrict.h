/* SPDX-License-Identifier: MIT
 *
 * Restricted: the program has begun to install a system call filter (seccomp). From then on nothing of ours makes calls beyond malloc's own
 * few (mmap, munmap, mremap, madvise, futex, write): a filter may kill for any other. What reports need to know otherwise is noted just
 * before. A filter that was there when the program started has let it be started, and is no reason.
 *
 * How   prctl is wrapped. Filters are installed by it, or by the seccomp system call, which ordinary users may make only after
 *       prctl(PR_SET_NO_NEW_PRIVS).
 */
#ifndef MD_RESTRICT_H
#define MD_RESTRICT_H

#include <stdatomic.h>
#include <stdbool.h>

extern _Atomic bool md_restricted; /* in os_linux.c, which has to look at it, too */

static inline bool md_is_restricted(void)
{
	return atomic_load_explicit(&md_restricted, memory_order_relaxed);
}

#endif
