/* SPDX-License-Identifier: MIT
 *
 * Reports that were read from JSON, as text of the shape in which the library writes them itself. See tools/view_parts.h for what is
 * trusted (nothing).
 */
#ifndef MD_VIEW_TEXT_H
#define MD_VIEW_TEXT_H

#include <stdint.h>

#include "report/text.h"
#include "tools/json_read.h"

/* A report of type error. */
void md_view_error(struct md_text *text, const struct md_value *report);

/* One group of a report of type leaks. blocks and bytes: what is said of all processes together. */
void md_view_leak(struct md_text *text, const struct md_value *group, uint64_t blocks, uint64_t bytes);

/* One stack of a report of type growth. */
void md_view_growth(struct md_text *text, const struct md_value *report, const struct md_value *stack);

#endif
