/* SPDX-License-Identifier: MIT
 *
 * The report of growth as text: stacks whose live bytes rose from each snapshot to the next, largest rise first, with their figures in each
 * snapshot.
 *
 * In parts, so that a caller with a small buffer can flush between: begin, each stack, end.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_GROWTH_TEXT_H
#define MD_GROWTH_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "report/stack_text.h"
#include "report/text.h"
#include "src/snapshot.h"

struct md_growth_report {
	uint32_t pid;
	const char *program;
	const struct md_snapshot *const *snapshots; /* that are compared, oldest first */
	const double *seconds;                      /* when they were taken, since our start */
	size_t snapshot_count;
	const struct md_growth *growths; /* to be shown, in order */
	size_t growth_count;
	struct md_growth_total total; /* shown or not */
	const char *names_missing; /* as in struct md_report */
};

void md_growth_text_begin(struct md_text *text, const struct md_growth_report *report);
void md_growth_text_stack(struct md_text *text, const struct md_growth_report *report, size_t i, const struct md_stack_printer *printer);
void md_growth_text_end(struct md_text *text, const struct md_growth_report *report);

#endif
