/* SPDX-License-Identifier: MIT
 *
 * libunwind, for frames that rules cannot say, and for those who want nothing else (unwind=exact).
 *
 * Its generic interface over our own process (unw_create_addr_space with our accessors), not the local one: that opens a pipe and probes
 * memory with system calls. The library is opened for ourselves only (RTLD_LOCAL), or its _Unwind_ functions would become the program's.
 *
 * Locking   MD_LOCK_UNWIND around every use, so that fork never finds libunwind inside its own locks.
 */
#ifndef MD_UNWIND_GENERIC_H
#define MD_UNWIND_GENERIC_H

#include <stdbool.h>
#include <stdint.h>

#include "src/lock.h"

/* Loads libunwind: uses the loader, and must not be called before the C library has started. False, with *why, when there is none: stacks
 * then end at frames that rules cannot say. */
bool md_unwind_generic_init(const char **why);

/* Whether libunwind is there: not before the program starts, and not if it could not be loaded. */
bool md_unwind_generic_ready(void);

/* Return addresses from the frame with that stack pointer on, innermost first. [low, high) may be read without asking (0, 0: nothing).
 * Returns how many, at least 1. */
int md_unwind_generic(uintptr_t low, uintptr_t high, uintptr_t caller_pc, uintptr_t caller_sp, uintptr_t *pcs, int pcs_max);

struct md_registers;

/* The same from the code that a signal interrupted: pc and sp are those of the frame to begin with, in which the registers are true; pc is
 * written as the first, like a return address. Memory is read by the kernel for us. */
int md_unwind_generic_at(const struct md_registers *registers, uintptr_t pc, uintptr_t sp, uintptr_t *pcs, int pcs_max);

/* What libunwind remembers of code in [begin, end) is dropped. */
void md_unwind_generic_forget(uintptr_t begin, uintptr_t end);

/* For fork: see lock.h. */
struct md_lock *md_unwind_generic_lock(void);

#endif
