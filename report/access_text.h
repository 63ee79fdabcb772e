/* SPDX-License-Identifier: MIT
 *
 * What the report says of an access that was seen in the act: by a guard page, a watchpoint, or the call of a function of the C library.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_ACCESS_TEXT_H
#define MD_ACCESS_TEXT_H

#include "report/report.h"
#include "report/text.h"

/* "READ", "WRITE", "EXECUTE", "ACCESS": AddressSanitizer's words. */
const char *md_access_word(enum md_access_kind kind);

/* What was done to which bytes, where they are, and what watched over them. */
void md_access_text(struct md_text *text, const struct md_report *report);

/* The title of the stack of the access: "written", "read", "executed", "accessed". */
const char *md_access_verb(const struct md_finding *finding);

#endif
