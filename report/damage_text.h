/* SPDX-License-Identifier: MIT
 *
 * Damage: which bytes were changed, and what they tell about who wrote them.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_DAMAGE_TEXT_H
#define MD_DAMAGE_TEXT_H

#include "report/report.h"
#include "report/text.h"

/* "4 bytes were changed, [0x..,0x..): found 41 42 43 44, expected 7b 3f 11 80." */
void md_damage_text(struct md_text *text, const struct md_finding *finding);

/* What the changed bytes look like: a terminating NUL, text, a number, a pointer ... Prints nothing rather than guess. */
void md_damage_looks_text(struct md_text *text, const struct md_report *report);

#endif
