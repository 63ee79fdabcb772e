/* SPDX-License-Identifier: MIT
 *
 * Advice: what usually leads to such an error, and which options show more of it in the next run.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_ADVICE_TEXT_H
#define MD_ADVICE_TEXT_H

#include "report/report.h"
#include "report/text.h"

void md_advice_text(struct md_text *text, const struct md_report *report);

#endif
