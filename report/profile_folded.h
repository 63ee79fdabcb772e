/* SPDX-License-Identifier: MIT
 *
 * Profile as folded stacks: a line for each stack, "main;f;g 1234", outermost function first; what flamegraph.pl, inferno and speedscope
 * read.
 *
 * Inlined functions are frames of their own. A frame without a name is "[file+0x123]", blocks without a stack are "[no stack]". Semicolons
 * in names, which would separate, become colons. The numbers are bytes, live or ever allocated as the report says; lines that would say 0
 * are left out.
 *
 * Allocation and signal safety   none, and async-signal-safe; about 4 kB of stack.
 */
#ifndef MD_PROFILE_FOLDED_H
#define MD_PROFILE_FOLDED_H

#include "report/profile_report.h"

/* One line: at most MD_PROFILE_FOLDED_LINE bytes; of a longer one the innermost frames go. */
#define MD_PROFILE_FOLDED_LINE ((size_t)262144)

void md_profile_folded_row(const struct md_profile_report *report, const struct md_profile_row *row, struct md_text *out);

#endif
