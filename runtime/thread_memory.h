/* SPDX-License-Identifier: MIT
 *
 * Thread memory: where the stacks of the threads lie, and their thread-local variables, as far as we or the C library know.
 *
 * The threads are those of struct md_roots: number 0 is the calling one, i + 1 is roots->world->threads[i]. No locks; the other threads
 * stand still, or what is said of them may have changed meanwhile. Memory is read through the system.
 */
#ifndef MD_THREAD_MEMORY_H
#define MD_THREAD_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/roots.h"
#include "runtime/threads.h"

struct md_span {
	uintptr_t begin, end;
};

/* Constructor only. */
void md_thread_memory_init(void);

/* Bounds of the stack that sp lies in, as far as we started the thread; false if unknown. */
bool md_thread_memory_stack(uintptr_t sp, struct md_span *stack);

/* The C library keeps stacks of ended threads for later ones. One is known by the block of the thread at its top, which begins with its own
 * address (twice, on x86-64); where that is not so, the memory has gone to something else. */
bool md_thread_memory_is_kept(const struct md_ended_stack *stack);

/* The thread-local variables of a thread that were there from the start, and what the C library knows of it. */
struct md_span md_thread_memory_variables(uintptr_t thread_pointer);

/* The i-th thread's pointer; 0: it is not known. */
uintptr_t md_thread_memory_pointer(const struct md_roots *roots, size_t i);

/* The kernel's number of the i-th thread; 0 for the calling one. */
uint32_t md_thread_memory_tid(const struct md_roots *roots, size_t i);

/* Whether addr is in the thread-local variables that a thread had from the start, and whose: *tid is as above. */
bool md_thread_memory_owner(const struct md_roots *roots, uintptr_t addr, uint32_t *tid);

/* The part of the calling thread's stack that is in use, without thread-local variables. False if its bounds are not known. */
bool md_thread_memory_own_stack(const struct md_roots *roots, uintptr_t *begin, uintptr_t *end);

#endif
