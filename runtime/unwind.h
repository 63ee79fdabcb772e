/* SPDX-License-Identifier: MIT
 *
 * Unwind: takes the calling thread's stack, and names it by an id of the stack store.
 *
 * How   A frame steps to its caller by a rule: base = rsp or rbp + constant, return address below the base, rbp unchanged or saved at a constant
 *       place. Rules are read once for each return address from the module's call frame information (src/cfi.h) and kept with the frame in the
 *       stack store, so that a known stack costs one lookup and two loads a frame. What the rules cannot say (expressions, signal frames, other
 *       registers) is walked by libunwind, as is everything with the option unwind=exact; unwind=check does both and compares.
 * Safety   Slots are read only inside the stack the thread was started on. On any other stack (coroutines, alternate stacks) each page is
 *       read by the kernel for us first, so that a wrong or unmapped one cannot fault.
 * Locking   none on the fast path. libunwind runs under MD_LOCK_UNWIND of its own, so that fork never finds it inside.
 */
#ifndef MD_UNWIND_H
#define MD_UNWIND_H

#include "runtime/process.h"

/* Loads libunwind: uses the loader, and must not be called before the C library has started. False, with *why, when there is none: stacks then end at complex frames. */
bool md_unwind_init(const char **why);

/* Stack of the caller of an entry point. frame: __builtin_frame_address(0) in the entry point, which must have a frame pointer. */
md_stack_id md_unwind_capture(struct md_thread *self, const uintptr_t *frame);

/* Everything of ours about code in [begin, end) is forgotten: the module there was unloaded. */
void md_unwind_forget(uintptr_t begin, uintptr_t end);

/* For fork: see lock.h. */
struct md_lock *md_unwind_lock(void);

#define md_capture(self) md_unwind_capture((self), (const uintptr_t *)__builtin_frame_address(0))

#endif
