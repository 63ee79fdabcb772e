/* SPDX-License-Identifier: MIT
 *
 * Entries of a stack: one for each frame, and one for each function inlined there, as they are printed one a line; for writers of all
 * formats but text.
 *
 * Allocation and signal safety   none, and async-signal-safe; about 2 kB of stack.
 */
#ifndef MD_ENTRIES_H
#define MD_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/stack_text.h"

struct md_entry {
	uintptr_t addr;     /* in the call: the return address less one */
	const char *module; /* path; "" if unknown */
	const uint8_t *build_id;
	unsigned build_id_bytes; /* 0: none */
	uint64_t offset;         /* of addr, as the module's file counts; meaningless without a module */
	bool unloaded;           /* the module is gone since */
	const char *function;    /* "" if unknown */
	const char *file;        /* less strip_path; "" if unknown */
	uint32_t line, column;   /* 0: unknown */
	bool inlined;            /* into the next entry */
	bool is_system;          /* code or headers of the C and C++ libraries */
};

/* Takes one entry, innermost first. Returns whether it wants more. */
typedef bool md_entry_visit(void *context, const struct md_entry *entry);

/* Visits the entries of a stack. Returns how many were visited; 0: none was taken. */
size_t md_entries_visit(const struct md_stack_printer *printer, md_stack_id stack, md_entry_visit *visit, void *context);

/* Visits the entries of one frame. Returns how many were visited. */
size_t md_entries_of_frame(const struct md_stack_printer *printer, struct md_frame frame, md_entry_visit *visit, void *context);

/* The entry that tells a reader which code it was (see md_stack_site_text). False if there is none. */
bool md_entries_site(const struct md_stack_printer *printer, md_stack_id stack, struct md_entry *site);

#endif
