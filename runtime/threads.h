/* SPDX-License-Identifier: MIT
 *
 * Threads of the process: each gets its struct on its first call and hands it back when its destructors have run; pthread_create is wrapped to
 * know who created whom, where, and on which stack.
 */
#ifndef MD_THREADS_H
#define MD_THREADS_H

#include <stdbool.h>

struct md_lock;

/* Constructor only. False when the system has no key for us: threads then never hand their structs back. */
bool md_threads_init(void);

/* In the child of a fork: the survivor has a new kernel number. */
void md_threads_after_fork(void);

/* For fork: see lock.h. */
struct md_lock *md_threads_lock(void);

#endif
