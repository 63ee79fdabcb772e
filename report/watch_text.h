/* SPDX-License-Identifier: MIT
 *
 * What is said of a write to the address that the user named (option watch).
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_WATCH_TEXT_H
#define MD_WATCH_TEXT_H

#include <stdint.h>

#include "report/stack_text.h"
#include "report/text.h"
#include "src/finding.h"

struct md_watch_write {
	uint32_t pid;
	uintptr_t watched;
	unsigned watched_bytes;  /* at most 8 */
	uint64_t value;          /* of the watched bytes, after the write */
	struct md_access access; /* .bytes 0: not known */
	md_thread_id thread;
	md_stack_id stack;
	double seconds;  /* since start */
	uint64_t number; /* counts writes from 1 */
	uint64_t first;  /* number of the first write from this stack, if this is not it; else 0 */
};

/* The first write from a stack with the stack, a later one as a line. */
void md_watch_text(struct md_text *text, const struct md_watch_write *write, const struct md_stack_printer *printer);

#endif
