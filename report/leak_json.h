/* SPDX-License-Identifier: MIT
 *
 * The report of leaked blocks, that of growth, and counters, as one line of JSON each (types "leaks", "growth", "statistics").
 *
 * Totals come before groups: where there is no room for all groups, the smallest ones are what is missing, and "truncated" says so.
 *
 * Allocation and signal safety   none, and async-signal-safe; at most 8 kB of stack.
 */
#ifndef MD_LEAK_JSON_H
#define MD_LEAK_JSON_H

#include "report/growth_text.h"
#include "report/json.h"
#include "report/leak_text.h"
#include "report/origin.h"
#include "src/view.h"

void md_leak_json(
	struct md_text *text, const struct md_leak_report *report, const struct md_stack_printer *printer, const struct md_origin *origin);
void md_growth_json(struct md_text *text, const struct md_growth_report *report, const struct md_stack_printer *printer,
	const struct md_origin *origin);
void md_stats_json(
	struct md_text *text, const struct md_counters *counters, const struct md_heap_totals *totals, const struct md_origin *origin);

/* The totals of the heap as a member "heap". */
void md_heap_json(struct md_json *json, const struct md_heap_totals *totals);

/* "direct", "indirect", "possible", "reachable", "ignored" */
const char *md_leak_kind_word(enum md_leak_kind kind);

/* The name under which leaks of that kind are counted by fingerprint, and SARIF's rule: "direct-leak", ... */
const char *md_leak_slug(enum md_leak_kind kind);

#endif
