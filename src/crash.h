/* SPDX-License-Identifier: MIT
 *
 * A crash as plain data: the signal that is about to end the process, why the processor raised it, the registers, and what they point to.
 */
#ifndef MD_CRASH_H
#define MD_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/block.h"

enum md_crash_cause {
	MD_CRASH_UNKNOWN,
	MD_CRASH_NULL,         /* near address 0                                                             */
	MD_CRASH_NONCANONICAL, /* no address that the processor can use                                      */
	MD_CRASH_MISALIGNED,   /* an instruction that wants its operand aligned                              */
	MD_CRASH_STACK_OVERFLOW,
	MD_CRASH_FREED_FILL, /* the address was read from freed memory                                     */
	MD_CRASH_ALLOC_FILL, /* ... from memory that was allocated and never set                           */
	MD_CRASH_REDZONE,    /* ... from a red zone or slack                                               */
	MD_CRASH_UNMAPPED,
	MD_CRASH_PROTECTED, /* mapped, but not for this kind of access                                    */
	MD_CRASH_PAST_FILE, /* SIGBUS: the mapped file has no such part                                   */
	MD_CRASH_TRAP       /* raised by an instruction, or by the program itself, and no bad access      */
};

#define MD_CRASH_REGISTERS 33 /* the most that a machine has, with pc and sp */
#define MD_CRASH_POINTS 4

struct md_crash {
	int signal;
	const char *signal_name; /* "SIGSEGV" */
	const char *reason;      /* in words, where the signal's code says one ("integer division by zero"); else NULL */
	enum md_crash_cause cause;
	bool known;        /* the finding's access says what was done */
	uintptr_t pointer; /* causes of fills: the value that was read; cause stack overflow: the low end of the stack, 0 if unknown */
	uintptr_t pc, sp;
	size_t register_count;
	const char *const *register_names;
	uintptr_t registers[MD_CRASH_REGISTERS];
	size_t point_count;
	struct {
		size_t number; /* of the register */
		struct md_block_view block;
	} points[MD_CRASH_POINTS]; /* registers that point into or near blocks */
};

#endif
