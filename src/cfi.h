/* SPDX-License-Identifier: MIT
 *
 * Call frame information: where a function begins, and how a frame finds its caller, read from a module's .eh_frame through its
 * .eh_frame_hdr. How it finds its caller is reduced to the one case that stacks are made of: the frame's base is rsp or rbp plus a
 * constant, the return address lies below it, and the caller's rbp is unchanged or saved at a constant place. Whatever needs more
 * (expressions, other registers, signal frames) is said to be complex and left to libunwind.
 *
 * Allocation and signal safety   pure functions over the module's mapped bytes; every read is checked to lie inside them.
 * Background   DWARF 5, section 6.4; Linux Standard Base 5.0, chapter 10 (.eh_frame, .eh_frame_hdr); System V ABI, x86-64 (register
 *        numbers).
 */
#ifndef MD_CFI_H
#define MD_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum md_cfi_kind {
	MD_CFI_MISSING, /* the module says nothing about this address         */
	MD_CFI_SIMPLE,  /* see struct md_cfi_row                              */
	MD_CFI_END,     /* the outermost frame: its return address is undefined */
	MD_CFI_COMPLEX  /* said, but not in our terms                         */
};

struct md_cfi_row {
	enum md_cfi_kind kind;
	int from_frame_pointer; /* base is rbp + base_offset; otherwise rsp + base_offset */
	int64_t base_offset;    /* bytes; the base is the caller's rsp, and the return address lies 8 below it */
	int64_t saved_offset;   /* caller's rbp lies at base + this (negative); 0: rbp is still the caller's */
};

/* The row for the instruction at pc (for a return address: pass it less 1). hdr is the mapped .eh_frame_hdr, [begin, end) the module's
 * mapping. */
struct md_cfi_row md_cfi_find(uintptr_t pc, uintptr_t hdr, uintptr_t begin, uintptr_t end);

/* The code that is described together with pc: [*first, *last), a function or one of its parts. False where the module does not say.
 * Arguments as above. */
bool md_cfi_function(uintptr_t pc, uintptr_t hdr, uintptr_t begin, uintptr_t end, uintptr_t *first, uintptr_t *last);

#endif
