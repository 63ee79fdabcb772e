/* SPDX-License-Identifier: MIT
 *
 * What the functions that are generated from tables (calls_generate.h) have in common with those that are written by hand.
 */
#ifndef MD_CALLS_HAND_H
#define MD_CALLS_HAND_H

#include <errno.h>

#include "runtime/calls.h"
#include "runtime/calls_own.h"

/* A function of its own, because the stack begins with its caller: the wrapper has jumped to it. */
#define MD_CALLS_CHECKED static __attribute__((noipa))
#define MD_CALLS_SCOPE(called) \
	struct md_calls_scope scope; \
	md_calls_begin(&scope, #called, __builtin_frame_address(0))
#define MD_CALLS_RANGE_IN(scope, kind, p, n) \
	if (!md_calls_good(p, n)) \
		md_calls_bad(scope, kind, p, n);
#define MD_CALLS_MAYBE_IN(scope, kind, p, n) \
	if (!md_calls_good(p, n)) \
		md_calls_maybe(scope, kind, p, n);
#define MD_CALLS_RANGE(kind, p, n) MD_CALLS_RANGE_IN(&scope, kind, p, n)
#define MD_CALLS_MAYBE(kind, p, n) MD_CALLS_MAYBE_IN(&scope, kind, p, n)

/* False where this C library lacks the function, or is not ready. */
#define MD_CALLS_HAS(name) (md_likely(md_calls_real.name != NULL) || (md_calls_resolve() && md_calls_real.name))

#endif
