/* SPDX-License-Identifier: MIT
 *
 * World: makes the other threads stand still for a moment, without ptrace.
 *
 * Each gets a signal whose handler notes its registers and waits. A thread that is inside one of our calls stops at the end of that call,
 * so that no block or table of ours is half changed during a search. A system call that the signal interrupts goes on afterwards, so that
 * the program does not notice; only its time limit, where it has a relative one, begins anew. Threads that do not answer in time are
 * reported as such.
 *
 * Locking   one stop at a time; no lock that another thread may hold is needed between begin and end, and none may be taken.
 */
#ifndef MD_WORLD_H
#define MD_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/interrupted.h"

struct md_stopped {
	uint32_t tid;
	uint32_t stop;          /* number of the stop it was asked in */
	_Atomic uint32_t state; /* of world_linux.c */
	_Atomic bool signalled; /* the signal has got to it */
	bool stands;            /* answered: registers are known */
	bool ended;             /* it was ending when it was asked */
	uintptr_t sp;             /* 0: unknown */
	uintptr_t thread_pointer; /* 0: unknown */
	struct md_registers registers;
	struct md_known_call call; /* that it was in before the signal, or in an earlier stop */
};

struct md_world {
	struct md_stopped *threads;
	size_t count, capacity, bytes;
	size_t silent;  /* threads that did not answer, or were not asked */
	size_t unasked; /* found no place in threads */
	uint32_t stop;          /* number of the last stop that has begun */
	_Atomic uint32_t go_on; /* of the last one that is over: threads that wait for an older one need not have noticed yet when the next begins */
	_Atomic uint32_t inside; /* handlers that have not left yet */
};

/* Stops all other threads, waiting wait_ms at most (longer under a debugger). False when it cannot be tried at all (no memory, /proc
 * missing, the program restricts its system calls); the other threads then run, and world->count is 0. */
bool md_world_stop(struct md_world *world, unsigned wait_ms);

/* Lets them go on. */
void md_world_resume(struct md_world *world);

/* In the child of a fork: nobody stands still here, or is about to. */
void md_world_after_fork(struct md_world *world);

/* At the end of an intercepted call: stands still if this thread was asked to meanwhile. */
void md_world_attend(void);

#endif
