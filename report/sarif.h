/* SPDX-License-Identifier: MIT
 *
 * Reports as SARIF 2.1.0, the format that code scanning takes.
 *
 * A log is head, results separated by md_sarif_separator, tail. Head and tail are always the same, so that a file can be added to in place:
 * its tail is written over by a separator, further results and the tail. The head names all rules, one for each kind of error, leak and
 * growth.
 *
 * A result has its rule and a message without addresses, the place to fix, the life of the block as a code flow (allocated, freed, used),
 * the stacks, a fingerprint that is the same in all runs, and as properties what JSON has, too, under the same names.
 *
 * Allocation and signal safety   none, and async-signal-safe; at most 8 kB of stack.
 */
#ifndef MD_SARIF_H
#define MD_SARIF_H

#include "report/growth_text.h"
#include "report/leak_text.h"
#include "report/origin.h"
#include "report/report.h"

#define MD_SARIF_HEAD_BYTES 24576 /* more than the head takes */

void md_sarif_head(struct md_text *text);
extern const char md_sarif_separator[]; /* ",\n" */
extern const char md_sarif_tail[];

/* One result. */
void md_sarif_error(struct md_text *text, const struct md_report *report, const struct md_origin *origin);

/* One result for each group, with separators between them; those for which there is no room are left out. Nothing for no groups. */
void md_sarif_leaks(
	struct md_text *text, const struct md_leak_report *report, const struct md_stack_printer *printer, const struct md_origin *origin);

/* Likewise for each stack that grew. */
void md_sarif_growth(struct md_text *text, const struct md_growth_report *report, const struct md_stack_printer *printer,
	const struct md_origin *origin);

#endif
