/* SPDX-License-Identifier: MIT
 *
 * What one thread has of its own: caches of free slots, its quarantine, its history ring, its counters; and the list of all threads.
 *
 * A thread that ends hands its struct on: caches emptied, quarantine and history kept, ready for the next thread that starts.
 *
 * Locking   The fields of a thread are its own; others read the history ring, the counters and the names, and the heap's list is under MD_LOCK_THREADS.
 */
#ifndef MD_THREAD_H
#define MD_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/failures.h"
#include "src/finding.h"
#include "src/guard_policy.h"
#include "src/history.h"
#include "src/ids.h"
#include "src/layout.h"
#include "src/quarantine.h"
#include "src/zone.h"

#define MD_CACHE_SLOTS 32

struct md_cache {
	uint16_t count;
	uint16_t capacity; /* at most MD_CACHE_SLOTS, fewer for large slots */
	uint32_t slot_bytes; /* of the class */
	struct md_slot slots[MD_CACHE_SLOTS];
};

/* Written by their thread only, read by anybody. */
struct md_thread_counters {
	uint64_t allocations, frees, reallocations, failed;
	uint64_t allocated_bytes, freed_bytes;
	uint64_t cached_slots;
	uint64_t unwind_walks, unwind_slow, unwind_mismatches;
};

struct md_unwind_memo; /* runtime/unwind.c */
struct md_profile_counts;

struct md_thread {
	bool busy;     /* inside one of our calls: a signal handler that allocates must not come in again */
	bool attended; /* something waits to be done at the end of the call (findings, deferred frees, ...) */
	void *block_to_return; /* while a call that allocated it deals with what waits at its end, else NULL */
	md_thread_id id;
	unsigned leaks_ignored;   /* nesting of scopes in which the program asked for allocations that are no leaks */
	struct md_profile_counts *profile; /* the heap's (profile_counts.h), or NULL */
	uint32_t check_countdown; /* calls until the next CHECK_EVERY */
	struct md_unwind_memo *unwind; /* the unwinder's, or NULL */
	uintptr_t stack_low, stack_high; /* the stack it was started on; 0, 0 where not known */
	uintptr_t excused_begin, excused_end; /* what it touches there is reported already (access.h) */
	uint32_t accesses_told;   /* findings of accesses ever added */
	uintptr_t watch_wanted; /* a block that is worth a watchpoint (watch_ask.h), or 0 */
	struct md_history_ring history;
	struct md_quarantine quarantine; /* the blocks freed last */
	struct md_quarantine aged;       /* some of those before them */
	unsigned aging_countdown; /* blocks until aging changes */
	bool aging;               /* the blocks that leave the quarantine now are to age */
	struct md_thread_counters counters;
	struct md_findings findings;
	struct md_thread *next;        /* in the heap's list of all threads; never removed */
	struct md_thread *next_parked; /* in the heap's list of those without a thread */
	bool parked;

	/* Frees asked for while busy (by a signal handler); done at the end of the call. */
	struct {
		uintptr_t user;
		struct md_call call;
	} deferred[8];
	unsigned deferred_count;

	struct md_cache caches[MD_CLASSES_ALL];
	struct md_guard_thread guard;
	struct md_failure_thread failure;
};

/* What is known of a thread for reports; stays when the thread is gone, until its number is needed again. */
struct md_thread_info {
	uint32_t tid;
	char name[16];
	md_thread_id creator;
	md_stack_id created;
	bool alive;
};

#define MD_THREAD_INFOS_MAX 65536

#endif
