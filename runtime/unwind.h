/* SPDX-License-Identifier: MIT
 *
 * Unwind: takes the calling thread's stack, and names it by an id of the stack store.
 *
 * Rules    A frame steps to its caller by a rule: base = rsp or rbp + constant, return address below the base, rbp unchanged or saved at a
 *          constant place. Rules are read once for each return address from the module's call frame information (src/cfi.h) and kept with
 *          the frame in the stack store. What they cannot say (expressions, signal frames, other registers) is walked by libunwind, as is
 *          everything with the option unwind=exact; unwind=check does both and compares.
 *          Code without tables is taken as having a frame pointer, where rbp lies a little above rsp; else the stack ends there.
 * Memo     A thread's stacks are remembered with the slots that led from each frame to the next (src/known_stacks.h): while those hold what
 *          they held, it is the same stack. Otherwise the walk steps by rules until it meets a frame of the stack that was walked last
 *          (equal return address, rsp and rbp), and takes over the rest after reading its slots again.
 * Safety   Slots are read only inside the stack the thread was started on. On any other stack (coroutines, alternate stacks) memory is read
 *          by the kernel for us, so that a wrong or unmapped page cannot fault, and nothing is remembered.
 * Locking  none, but for frames and stacks that are new (stack_store.h) and libunwind (unwind_generic.h).
 */
#ifndef MD_UNWIND_H
#define MD_UNWIND_H

#include "runtime/process.h"

/* Stack of the caller of an entry point. entry: __builtin_frame_address(0) in the entry point, which must have a frame pointer. */
md_stack_id md_unwind_capture(struct md_thread *self, const uintptr_t *entry);

/* Stack pointer that the frame so many callers out has, on whatever stack (0: the caller of entry's function; entry as above). 0 if it is
 * not known. */
uintptr_t md_unwind_stack_pointer(const uintptr_t *entry, unsigned callers);

struct md_registers;

/* Stack of the code that a signal interrupted, with those registers. Its first frame is the very instruction. jumped: that instruction is
 * where a call or a jump led, and lies in no code: the next frame is found as right after a call. Memory is read with care. */
md_stack_id md_unwind_capture_at(struct md_thread *self, const struct md_registers *registers, bool jumped);

/* A thread begins, or its stack is another one now: nothing is remembered of the last. */
void md_unwind_reset(struct md_thread *self);

/* Everything of ours about code in [begin, end) is forgotten: the module there was unloaded. */
void md_unwind_forget(uintptr_t begin, uintptr_t end);

#define md_capture(self) md_unwind_capture((self), (const uintptr_t *)__builtin_frame_address(0))

#endif
