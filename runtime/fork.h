/* SPDX-License-Identifier: MIT
 *
 * Fork: every lock of ours is held over it, in the order of their ranks, and free again on both sides.
 */
#ifndef MD_FORK_H
#define MD_FORK_H

/* Constructor only. */
void md_fork_init(void);

#endif
