/* SPDX-License-Identifier: MIT
 *
 * Failures on purpose: requests that get no memory because the user wants to see what the program does then.
 *
 * A request fails if it passes all conditions that are set: its size, its stack, its number among those that count (passed both), chance.
 * Chance is a hash of that number and a seed, so that a run can be had again. Each request is asked for once, however often the C++ library
 * repeats it for an operator new that failed.
 *
 * Cost      A program without failures pays nothing: what decides whether a request's size is looked at (heap->size_asks) is 0 while there
 *           are any.
 * Locking   none: counters are atomic. Of two threads, either may have the next number.
 */
#ifndef MD_FAILURES_H
#define MD_FAILURES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/api.h"
#include "src/call.h"
#include "src/stack_filter.h"

struct md_heap;
struct md_thread;

struct md_failures_config {
	uint64_t after;     /* the first that may fail has this number; 0: from the first on */
	uint64_t rate;      /* one of so many fails; 0: all */
	uint64_t seed;
	uint64_t count;     /* so many fail in all; 0: no limit */
	size_t size;        /* smaller requests do not count */
	const char *stacks; /* only these count, see stack_filter.h; NULL or empty: all. Kept */
	bool list;          /* note requests that failed (md_failure_thread.failed) or, if none is to fail, stacks that are new (met) */
	bool tell;          /* note requests that failed */
};

#define MD_FAILURES_STACKS_MAX ((size_t)96 << 10) /* stacks that are noted as new; later ones are not */

struct md_failures {
	struct md_stack_filter filter; /* of config.stacks */
	_Atomic uint64_t counted, failed;
	_Atomic uint32_t last;         /* stack of the one that failed last */
	_Atomic uint32_t *met;         /* stacks met so far, by hash; NULL: not asked for */
	_Atomic uint32_t met_count;
};

/* What a thread has for it. failed and met are for the end of the call that set them, which clears them. */
struct md_failure_thread {
	bool handed_on;      /* an operator new failed, and the C++ library's is to fail likewise */
	enum md_api api;     /* of the request that failed or met a new stack */
	size_t size;
	md_stack_id failed, met;
};

/* Whether anything is to fail, or to be listed. */
bool md_failures_wanted(const struct md_failures_config *config);

/* False when there is no memory for a list of stacks; nothing is listed then. */
bool md_failures_init(struct md_heap *heap);

/* Whether this request is to fail. Asked once for each; only if something is wanted. */
bool md_failures_ask(struct md_heap *heap, struct md_thread *thread, size_t size, const struct md_call *call);

#endif
