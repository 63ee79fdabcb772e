/* SPDX-License-Identifier: MIT
 *
 * Surroundings of an error: the bytes there, the blocks beside it and whether one of them is to blame, and who owned the address before.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_SURROUNDINGS_TEXT_H
#define MD_SURROUNDINGS_TEXT_H

#include "report/report.h"
#include "report/text.h"

/* Each part as far as the report has it, followed by an empty line. */
void md_surroundings_text(struct md_text *text, const struct md_report *report);

#endif
