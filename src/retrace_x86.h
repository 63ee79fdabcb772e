/* SPDX-License-Identifier: MIT
 *
 * Retrace: what an x86-64 instruction accessed that is over. A watchpoint's trap comes behind the instruction: its place is not known,
 * and registers are those after it.
 *
 * How   Instructions are counted from the begin of their function. Where that is not known, each place from which one instruction leads
 *       to the trap is tried. What was accessed is computed from the registers, and believed only if it touches the watched bytes. String
 *       instructions have moved their registers on, which is undone; a load that overwrote its own base (mov (%rax), %rax) is found by
 *       the value that it left.
 *
 * Pure functions over their arguments; async-signal-safe.
 */
#ifndef MD_RETRACE_X86_H
#define MD_RETRACE_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/decode_x86.h"

#define MD_RETRACE_AROUND 8 /* bytes of memory before and behind the watched ones that help */

struct md_retrace {
	struct md_x86_registers registers; /* after the instruction; rip: where the trap came */
	bool backwards;                    /* the direction flag: string instructions count down */
	const unsigned char *code;         /* the last `before` bytes before rip, and from there on `after` more */
	size_t before, after;
	bool from_begin; /* code is the begin of a function */
	uintptr_t watched;
	unsigned watched_bytes;               /* at most 8 */
	uintptr_t outside_begin, outside_end; /* where an access has to lie wholly for anybody to care */
	/* Memory from watched - MD_RETRACE_AROUND on, as it is now; NULL if it cannot be read. */
	const unsigned char *around; /* watched_bytes + 2 * MD_RETRACE_AROUND of them */
};

struct md_retraced {
	uintptr_t pc, addr;
	uint32_t bytes;
	bool reads, writes;
	int pushed; /* bytes by which the instruction made the stack longer; below 0: shorter */
};

/* Finds the access that touched the watched bytes, if it lies wholly outside. False where it does not, or where it is not certain what
 * was accessed. */
bool md_x86_retrace(const struct md_retrace *retrace, struct md_retraced *access);

#endif
