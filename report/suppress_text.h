/* SPDX-License-Identifier: MIT
 *
 * Suppressions as text: ready entries for what was reported, to be put into a file for the option suppressions.
 *
 * Each one, read by md_suppressions_parse, matches the stack it was written for.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_SUPPRESS_TEXT_H
#define MD_SUPPRESS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/text.h"
#include "src/suppress.h"

/* A line in LeakSanitizer's form for the frame that tells which code it was: "leak:^make_name$", or "leak:libfoo.so" where functions have
 * no names. kind is one MD_SUPPRESS_... False, having written nothing, if no frame has a name. */
bool md_suppress_line_text(struct md_text *text, uint64_t kind, const struct md_suppress_frame *frames, size_t count);

/* An entry in Valgrind's form for the whole stack. Valgrind reads it, too (and passes over those of errors that it does not know). */
void md_suppress_entry_text(
	struct md_text *text, uint64_t kind, const char *name, enum md_api api, const struct md_suppress_frame *frames, size_t count);

#endif
