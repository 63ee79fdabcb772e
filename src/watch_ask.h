/* SPDX-License-Identifier: MIT
 *
 * How the heap asks for a new block to be watched: it leaves word in its thread, which acts on it at the end of the call, when no lock is
 * held (md_watch_attend in runtime/watch.h). The newest block is the one that counts.
 */
#ifndef MD_WATCH_ASK_H
#define MD_WATCH_ASK_H

#include "src/clock.h"
#include "src/heap.h"

static inline void md_watch_ask(const struct md_heap *heap, struct md_thread *thread, uintptr_t user)
{
	bool hunting = atomic_load_explicit(&heap->guard.suspect_count, memory_order_relaxed) != 0;

	if (md_clock_now() < atomic_load_explicit(hunting ? &heap->watch.hunting_after : &heap->watch.after, memory_order_relaxed))
		return;
	thread->watch_wanted = user;
	thread->attended = true;
}

#endif
