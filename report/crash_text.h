/* SPDX-License-Identifier: MIT
 *
 * What the report says of a crash: why the processor raised the signal, the registers, and the blocks that they point to.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_CRASH_TEXT_H
#define MD_CRASH_TEXT_H

#include "report/report.h"
#include "report/text.h"

/* What was tried, and what is wrong with the address. report->finding->crash is not NULL, here and below. */
void md_crash_text(struct md_text *text, const struct md_report *report);

/* Registers, and the blocks that they point into or near. */
void md_crash_registers_text(struct md_text *text, const struct md_report *report);

#endif
