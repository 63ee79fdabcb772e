/* SPDX-License-Identifier: MIT
 *
 * Restricted: the program has begun to install a system call filter (seccomp). From then on nothing of ours makes calls beyond malloc's own few: a filter may kill
 * for any other. A filter that was there when the program started has let it be started, and is no reason.
 */
#ifndef MD_RESTRICT_H
#define MD_RESTRICT_H

#include <stdbool.h>

bool md_is_restricted(void);

#endif
