/* SPDX-License-Identifier: MIT
 *
 * Left out: memory in which no root lies. All that is our own, the dead parts of stacks, and what the caller adds; thread-local variables,
 * where those are not asked for.
 *
 * Locking   none: see roots.h.
 */
#ifndef MD_LEFT_OUT_H
#define MD_LEFT_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/roots.h"
#include "runtime/thread_memory.h"
#include "src/leak.h"

#define MD_LEFT_OUT_MAX 65536

struct md_left_out {
	const struct md_roots *roots; /* the caller's, whose threads are meant */
	struct md_span *spans;        /* likewise, with room for MD_LEFT_OUT_MAX; sorted by md_left_out_find, may overlap */
	size_t count;
};

void md_left_out_add(struct md_left_out *out, uintptr_t begin, uintptr_t end);

/* Adds all but what the caller knows, and sorts. To be called from the frames that look for roots: these are left out, too, on whatever
 * stack. leak is whose memory is ours. */
void md_left_out_find(struct md_left_out *out, const struct md_leak *leak);

#endif
