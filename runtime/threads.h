/* SPDX-License-Identifier: MIT
 *
 * Threads of the process: each gets its struct on its first call and hands it back when its destructors have run; pthread_create is wrapped
 * to know who created whom, where, and on which stack.
 */
#ifndef MD_THREADS_H
#define MD_THREADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MD_ENDED_STACKS_MAX 256

struct md_lock;

/* Where the stack of a thread that has ended is, or was. */
struct md_ended_stack {
	uintptr_t low, high; /* high is where the C library's block of the thread begins, too */
};

/* Like md_self->busy, for a thread that is inside one of our calls without a struct of its own. */
extern __thread bool md_thread_aside __attribute__((tls_model("initial-exec")));

/* The thread is between the handlers of a fork, with all locks in hand: it must not stand still for a search. */
extern __thread bool md_thread_forking __attribute__((tls_model("initial-exec")));

/* Constructor only. False when the system has no key for us: threads then never hand their structs back. */
bool md_threads_init(void);

/* In the child of a fork: the survivor has a new kernel number. */
void md_threads_after_fork(void);

/* The newest ended stacks; returns how many. Other stacks, or other memory, may have taken their places meanwhile. */
size_t md_threads_ended(const struct md_ended_stack **stacks);

/* Visits what is on its way and lies nowhere else: what was handed to pthread_create for threads that have not begun with it, and blocks
 * that calls are about to return. */
void md_threads_arguments(void (*visit)(void *context, uintptr_t argument), void *context);

/* For fork: see lock.h. */
struct md_lock *md_threads_lock(void);

#endif
