/* SPDX-License-Identifier: MIT
 *
 * Names: what is known of the code at a return address: function, file, line, and the functions inlined there. A table filled from the
 * symbol helper's answers (runtime) or by tests; printers look frames up in it and never ask anybody else.
 */
#ifndef MD_NAMES_H
#define MD_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/module.h"
#include "src/stack_store.h"

struct md_name {
	const char *function; /* demangled; "" if unknown; never NULL */
	const char *file;     /* "" if unknown; never NULL */
	uint32_t line;        /* 0: unknown */
	uint32_t column;      /* 0: unknown */
	bool inlined;         /* into the next entry */
};

struct md_names; /* names.c; lives in caller's memory */

/* Bytes of memory that md_names_init wants at least; more holds more names. */
#define MD_NAMES_BYTES_MIN 4096

/* Lays an empty table into memory (aligned to 16; stays the caller's). */
struct md_names *md_names_init(void *memory, size_t bytes);

/* Adds one entry for a frame; call innermost (inlined) first. Strings are copied. False when full: the rest prints as module+offset. */
bool md_names_put(struct md_names *names, struct md_frame frame, const struct md_name *name);

/* The entries of a frame, innermost first, as many as entries_max. 0: nothing known. names may be NULL. */
size_t md_names_get(const struct md_names *names, struct md_frame frame, struct md_name *entries, size_t entries_max);

#endif
