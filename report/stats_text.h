/* SPDX-License-Identifier: MIT
 *
 * Counters and totals as an aligned table.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_STATS_TEXT_H
#define MD_STATS_TEXT_H

#include "report/text.h"
#include "src/view.h"

/* What happened since the start, then what the heap holds now. */
void md_stats_text(struct md_text *text, const struct md_counters *counters, const struct md_heap_totals *totals);

/* What the heap holds now, and how fragmented it is; also the end of the zone picture. */
void md_totals_text(struct md_text *text, const struct md_heap_totals *totals);

#endif
