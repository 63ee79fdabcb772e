/* SPDX-License-Identifier: MIT
 *
 * Roots: the memory of the process from which blocks may be reached: writable private mappings (module data, the C library's own heap,
 * whatever the program mapped), the live part of every stack, registers, thread-local storage, and ranges that the program registered.
 *
 * Left out: our own records, free runs and zones (blocks are looked into when something points to them), and the dead part of stacks.
 * Everything is read through the kernel, so that unreadable pages inside a mapping end nothing.
 */
#ifndef MD_ROOTS_H
#define MD_ROOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/world.h"
#include "src/leak_path.h"
#include "src/options.h"

struct md_roots {
	unsigned kinds; /* MD_ROOTS_ bits */
	uintptr_t live_sp;          /* of the calling thread: what lies below is dead */
	const uintptr_t *registers; /* of the calling thread; NULL: hold nothing that counts */
	size_t register_count;
	const struct md_registers *interrupted; /* of the calling thread, if a signal made it search; else NULL */
	const struct md_world *world; /* the other threads */
	uintptr_t left_out_begin, left_out_end; /* further memory of ours that is to be left out */

	/* Out */
	const char *trouble; /* why the result may be less than certain, or NULL */
};

/* Takes some roots. True if no more need be shown. */
typedef bool md_roots_visitor(void *context, const struct md_root_words *words);

/* Shows all roots; leak is whose memory is left out. For the rest see md_roots_mark. */
bool md_roots_visit(struct md_roots *roots, const struct md_leak *leak, md_roots_visitor *visit, void *context);

/* Marks all roots. The other threads stand still, or are said to run in world. False, with the reason in trouble, when too little of the
 * memory can be known or read for an answer: what was marked then is worth nothing. */
bool md_roots_mark(struct md_roots *roots, struct md_leak *leak);

/* Ranges of the program that are roots whatever they are. False when the table is full, or (remove) there is no such range. */
bool md_roots_add(uintptr_t begin, uintptr_t end);
bool md_roots_remove(uintptr_t begin, uintptr_t end);

#endif
