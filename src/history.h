/* SPDX-License-Identifier: MIT
 *
 * History: what was allocated and freed, in rings of fixed size, one for each thread; the oldest events go when a ring wraps.
 *
 * Locking   A ring has one writer, its thread, and takes no lock. Readers copy events and drop those that were overwritten meanwhile
 *           (position before and after). Events of all rings are merged by time when read.
 */
#ifndef MD_HISTORY_H
#define MD_HISTORY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "src/api.h"
#include "src/ids.h"

enum md_event_kind {
	MD_EVENT_ALLOC,  /* addr was handed out: size as requested            */
	MD_EVENT_FREE,   /* addr was freed: size it had                       */
	MD_EVENT_FAILED, /* request that gave NULL: addr is 0, size as wanted */
};

/* 32 bytes: two to a cache line. */
struct md_event {
	uint64_t time;     /* md_clock_now() ticks */
	uint64_t addr_api; /* address in the low 48 bits, api in the 8 above, kind in the top 8 */
	uint64_t size;     /* bytes in the low 48 bits, thread id in the high 16 */
	uint32_t stack;
	uint32_t error; /* MD_EVENT_FAILED: enum md_error */
};

_Static_assert(sizeof(struct md_event) == 32, "two events a cache line");

struct md_history_ring {
	struct md_event *events; /* NULL: history is off */
	uint64_t mask;           /* capacity - 1; capacity is a power of two */
	_Atomic uint64_t next;   /* events ever written; written by its thread only */
};

static inline struct md_event md_event_make(enum md_event_kind kind, enum md_api api, uintptr_t addr, uint64_t size, md_stack_id stack,
	md_thread_id thread, uint64_t time)
{
	return (struct md_event){
		.time = time,
		.addr_api = (addr & 0xffffffffffffull) | (uint64_t)api << 48 | (uint64_t)kind << 56,
		.size = (size & 0xffffffffffffull) | (uint64_t)thread.value << 48,
		.stack = stack.value,
	};
}

static inline enum md_event_kind md_event_kind(const struct md_event *event) { return (enum md_event_kind)(event->addr_api >> 56); }
static inline enum md_api md_event_api(const struct md_event *event) { return (enum md_api)(event->addr_api >> 48 & 0xff); }
static inline uintptr_t md_event_addr(const struct md_event *event) { return (uintptr_t)(event->addr_api & 0xffffffffffffull); }
static inline uint64_t md_event_size(const struct md_event *event) { return event->size & 0xffffffffffffull; }
static inline md_thread_id md_event_thread(const struct md_event *event) { return (md_thread_id){ (uint16_t)(event->size >> 48) }; }

/* Appends one event. Only the ring's own thread may call it; async-signal-safe against readers. */
static inline void md_history_put(struct md_history_ring *ring, struct md_event event)
{
	if (!ring->events)
		return;
	uint64_t next = atomic_load_explicit(&ring->next, memory_order_relaxed);
	struct md_event *to = &ring->events[next & ring->mask];

	/* Word by word from registers. Copying the struct makes the compiler gather it on the stack and load it from there in wider pieces
	 * than it was stored in, which takes the processor as long as all the rest of the event. The time comes last: an event that was
	 * half written when the process died has that of the oldest, or none. */
	__atomic_store_n(&to->addr_api, event.addr_api, __ATOMIC_RELAXED);
	__atomic_store_n(&to->size, event.size, __ATOMIC_RELAXED);
	__atomic_store_n((uint64_t *)&to->stack, event.stack | (uint64_t)event.error << 32, __ATOMIC_RELAXED);
	__atomic_store_n(&to->time, event.time, __ATOMIC_RELEASE);
	atomic_store_explicit(&ring->next, next + 1, memory_order_release); /* pairs with md_history_read */
}

/* A reader's place in the rings. Filled by md_history_read. */
#define MD_HISTORY_RINGS_MAX 1024

/* Copies up to events_max of the youngest events that lie in [addr_begin, addr_end) (all when addr_end is 0), oldest first; failed
 * requests are included only when include_failed is set. Returns how many were copied; *total, when not NULL, how many matched. */
size_t md_history_read(const struct md_history_ring *const *rings, size_t ring_count, uintptr_t addr_begin, uintptr_t addr_end,
	int include_failed, struct md_event *events, size_t events_max, uint64_t *total);

#endif
