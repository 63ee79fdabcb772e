/* SPDX-License-Identifier: MIT
 *
 * Output: every report in each of the formats that somebody asked for, and where it goes: the log (option format), and the files of
 * json_file, sarif_file and asan_file.
 *
 * Text in the log is made by those who report, because it is written in pieces and can go to a descriptor as well: they ask
 * md_output_is_text, write it or not, and hand the report on to here in either case. What goes to a descriptor that the program gave is for
 * the program, and not written anywhere else.
 *
 * A file that cannot be written is said once, in the log.
 *
 * Locking      the caller holds MD_LOCK_REPORT.
 * Allocation   mapped pages, and only if there is something to write that is not text.
 */
#ifndef MD_OUTPUT_H
#define MD_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "report/growth_text.h"
#include "report/leak_text.h"
#include "report/origin.h"
#include "report/report.h"
#include "report/watch_text.h"
#include "src/view.h"

enum md_output_kind { MD_OUTPUT_ERROR, MD_OUTPUT_LEAKS, MD_OUTPUT_GROWTH, MD_OUTPUT_STATS, MD_OUTPUT_WRITE, MD_OUTPUT_MAP, MD_OUTPUT_HISTORY };

/* At start: makes the SARIF documents, so that there is one if nothing is found, too. */
void md_output_begin(void);

/* Whether the log gets reports of that kind as text, because its format is text or has no such reports. */
bool md_output_is_text(enum md_output_kind kind);

void md_output_error(const struct md_report *report);
void md_output_leaks(const struct md_leak_report *report, const struct md_stack_printer *printer);
void md_output_growth(const struct md_growth_report *report, const struct md_stack_printer *printer);
void md_output_stats(const struct md_counters *counters, const struct md_heap_totals *totals);
void md_output_write(const struct md_watch_write *write, const struct md_stack_printer *printer);

/* Maps and histories are made by those who show them: whether somebody wants one as JSON, and a whole line of it. */
bool md_output_is_json(enum md_output_kind kind);
void md_output_json(const struct md_text *line);

/* Which process a report made now is from. */
struct md_origin md_output_origin(void);

/* A text as a message in a JSON log. False if there is no memory for it. */
bool md_output_message(const char *text, size_t bytes);

#endif
