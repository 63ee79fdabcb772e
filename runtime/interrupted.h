/* SPDX-License-Identifier: MIT
 *
 * Interrupted: what a signal handler of ours has interrupted. The registers as the kernel keeps them meanwhile, and the system call, which
 * goes on afterwards, so that the program does not notice; only its time limit, where it has a relative one, begins anew.
 *
 * All is async-signal-safe and takes no lock.
 */
#ifndef MD_INTERRUPTED_H
#define MD_INTERRUPTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#define MD_REGISTERS_GENERAL 15
#define MD_RED_ZONE_BYTES 128 /* below the stack pointer, that leaf functions may use (System V ABI) */
#else
#define MD_REGISTERS_GENERAL 31
#define MD_RED_ZONE_BYTES 0
#endif

#define MD_REGISTERS_VECTORS 4

/* Registers of a thread at a moment. */
struct md_registers {
	uintptr_t sp; /* 0: nothing is known */
	uintptr_t pc;
	uintptr_t general[MD_REGISTERS_GENERAL];
	uintptr_t signal_stack; /* the thread's stack for signals (sigaltstack), 0: none. Often nobody but the kernel has this pointer. */
	struct {
		uintptr_t begin;
		size_t bytes;
	} vectors[MD_REGISTERS_VECTORS]; /* where those that are in use are kept just now; bytes 0: no more */
};

/* The system call that a thread is in, or was lately, as the kernel tells other threads. */
struct md_known_call {
	bool in_call; /* else nothing is known */
	long number;
	uintptr_t arguments[6], sp, pc;
};

/* What a handler interrupted, from its third argument. */
void md_interrupted_registers(struct md_registers *registers, const void *context);

/* At the end of a handler, with its third argument. known, if not NULL, is the call that the thread may have been in
 * just before the signal: if it was another one, that shows. */
void md_interrupted_settle(const struct md_known_call *known, void *context);

/* Whether pc is in the C library after the instruction of a system call, or at it. By its calling convention it keeps nothing below its
 * stack pointer that is not in a register, too, and its callers keep nothing in vector registers: what those hold is old. */
bool md_interrupted_in_library_call(uintptr_t pc);

#endif
