/* SPDX-License-Identifier: MIT
 *
 * The report of one error as one line of JSON (type "error"). A function of struct md_report and where it comes from; says all that the
 * text says, and keeps numbers and stacks apart from sentences. See man/malloc-debug-report.5.adoc.
 *
 * Allocation and signal safety   none, and async-signal-safe; at most 8 kB of stack.
 */
#ifndef MD_ERROR_JSON_H
#define MD_ERROR_JSON_H

#include "report/json.h"
#include "report/origin.h"
#include "report/report.h"

void md_error_json(struct md_text *text, const struct md_report *report, const struct md_origin *origin);

/* Words that stand for the enumerators, in JSON and in SARIF; never NULL. */
const char *md_noticed_word(enum md_noticed noticed);
const char *md_place_word(enum md_place place);
const char *md_state_word(enum md_block_state state);
const char *md_access_kind_word(enum md_access_kind kind);
const char *md_cause_word(enum md_crash_cause cause);

#endif
