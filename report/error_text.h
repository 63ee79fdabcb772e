/* SPDX-License-Identifier: MIT
 *
 * The report of one error as text: the wording of the tool. A function of struct md_report alone.
 *
 * Order of a report: a line of '=', the header, where the address is and what is wrong there, how it was noticed, what the changed bytes
 * look like, stacks (this call, the free, the allocation), creation of the threads named, the bytes, the neighbours, earlier owners,
 * advice, and last the SUMMARY line, in AddressSanitizer's shape. The header, the lines of stacks and the SUMMARY line are for machines too
 * and stay as they are; the sentences are for people.
 *
 * Allocation and signal safety   none, and async-signal-safe; at most 8 kB of stack.
 */
#ifndef MD_ERROR_TEXT_H
#define MD_ERROR_TEXT_H

#include <stddef.h>

#include "report/report.h"
#include "report/text.h"

/* The most stacks one report can name: of the call, the free, the allocation, the neighbours, threads, earlier owners and what registers
 * point to. */
#define MD_REPORT_STACKS_MAX (3 + 2 + MD_REPORT_THREADS_MAX + MD_REPORT_EARLIER_MAX + 2 * MD_CRASH_POINTS)

void md_error_text(struct md_text *text, const struct md_report *report);

/* Ids of all stacks that md_error_text will look up, each once, in order of importance, so that names can be asked for first. Returns how
 * many were written, at most max. */
size_t md_report_stacks(const struct md_report *report, md_stack_id *ids, size_t max);

#endif
