/* SPDX-License-Identifier: MIT
 *
 * The beginning and the end of every intercepted call.
 *
 * Between md_entry_begin and md_entry_end the thread is busy: calls that come in meanwhile (signal handlers, our own use of libraries) are
 * served from boot memory, and frees are put off to the end. What the call found wrong is dealt with in md_entry_end, when no lock is held.
 * errno is untouched: everything in between uses raw system calls.
 */
#ifndef MD_ENTRY_H
#define MD_ENTRY_H

#include "runtime/process.h"

/* The struct of a thread that has none yet; NULL when the heap does not serve (mode), or there is no memory. */
struct md_thread *md_thread_attach(void);

/* Deals with findings, deferred frees, due checks, signals, and stops that were put off. The thread is not busy before and after. */
void md_entry_attend(struct md_thread *self);

/* The same at the end of a call that returns a block. The entry's frame keeps no copy of the address meanwhile: it would stay on the dead
 * part of the stack, and be taken for the program's pointer by a search for leaks. Returns block. */
void *md_entry_attend_block(struct md_thread *self, void *block);

/* NULL: the call has to be served elsewhere (runtime/fallback.h). */
static inline __attribute__((always_inline)) struct md_thread *md_entry_begin(void)
{
	struct md_thread *self = md_self;

	if (md_unlikely(!self) && !(self = md_thread_attach()))
		return NULL;
	if (md_unlikely(self->busy))
		return NULL;
	self->busy = true;
	atomic_signal_fence(memory_order_seq_cst);
	return self;
}

static inline __attribute__((always_inline)) void md_entry_end(struct md_thread *self)
{
	atomic_signal_fence(memory_order_seq_cst);
	self->busy = false;
	atomic_signal_fence(memory_order_seq_cst); /* a signal handler that finds the thread busy leaves word; one that comes later acts itself */
	if (md_unlikely(self->attended))
		md_entry_attend(self);
}

/* Ends a call that returns a block, and returns it. */
static inline __attribute__((always_inline)) void *md_entry_end_block(struct md_thread *self, void *block)
{
	atomic_signal_fence(memory_order_seq_cst);
	self->busy = false;
	atomic_signal_fence(memory_order_seq_cst);
	return md_unlikely(self->attended) ? md_entry_attend_block(self, block) : block;
}

#endif
