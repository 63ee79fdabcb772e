/* SPDX-License-Identifier: MIT
 *
 * Parts of reports that were read from JSON, as the text that the library writes for them: stacks, blocks, bytes.
 *
 * All values are from outside: what is missing or of another kind is left out, and text that is printed has its control characters
 * replaced. No function fails; text that is full is cut.
 */
#ifndef MD_VIEW_PARTS_H
#define MD_VIEW_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "report/entries.h"
#include "report/text.h"
#include "tools/json_read.h"

/* One line for each frame; "(no stack was taken)" if there is none. stack: NULL or an array. */
void md_view_stack(struct md_text *text, const struct md_value *stack);

/* The frame that a reader looks for: the innermost outside of the C and C++ libraries; NULL if there is no frame. */
const struct md_value *md_view_site_frame(const struct md_value *stack);

/* "file:line in function" of that frame. */
void md_view_site(struct md_text *text, const struct md_value *stack);

/* "T3" of the member of that name; "T?" if it is missing. */
void md_view_thread(struct md_text *text, const struct md_value *object, const char *name);

/* "thread T3 (worker)", with the name that the report's list of threads has for it. */
void md_view_thread_name(struct md_text *text, const struct md_value *report, const struct md_value *object, const char *name);

/* "3 bytes after the 10-byte block", without addresses. */
void md_view_relation(struct md_text *text, uint64_t addr, const struct md_value *block);

/* "3 bytes after the 10-byte block [0x...,0x...)". */
void md_view_where(struct md_text *text, uint64_t addr, const struct md_value *block);

/* "freed, in quarantine" of a block. */
const char *md_view_state(const struct md_value *block);

/* "freed by free in thread T1, 0.020 s after start, here:" and the stack, if the owner (allocated or freed of a block) is known. */
void md_view_owner(struct md_text *text, const struct md_value *report, const char *verb, const struct md_value *owner);

/* Hexdump and legend of the report's member memory. */
void md_view_memory(struct md_text *text, const struct md_value *report);

/* Bytes of a sample (address and data), without marks. */
void md_view_sample(struct md_text *text, const struct md_value *sample);

/* Reads hexadecimal digits. Returns how many bytes there were, at most max; an odd or wrong digit ends them. */
size_t md_view_hex(const char *digits, unsigned char *bytes, size_t max);

/* A frame as the library's writers take it: what is missing is "" or 0. Whose code it is (is_system) is left open. */
struct md_entry md_view_entry(const struct md_value *frame);

/* Whether a frame is in the C or C++ library. Where the module is not known (text logs), a source file by a path such as
 * "./string/strdup.c" is: the C library is built with such, while programs have whole paths. So are our own wrappers of its functions. */
bool md_view_is_system(const struct md_value *frame);

#endif
