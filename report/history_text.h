/* SPDX-License-Identifier: MIT
 *
 * History as text: one line an event, oldest first:
 *
 *      1.250013 s  T0    malloc              0x602000000010        24 bytes  list.c:12 in make_node
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_HISTORY_TEXT_H
#define MD_HISTORY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/stack_text.h"
#include "report/text.h"
#include "src/history.h"

/* One event, one line. seconds is its time since our start. */
void md_history_event_text(struct md_text *text, const struct md_event *event, double seconds, const struct md_stack_printer *printer);

/* A list with a heading. seconds has a time for each event; total is how many events matched, shown or not. With full_stacks each line is
 * followed by its whole stack. */
void md_history_text(struct md_text *text, const struct md_event *events, const double *seconds, size_t count, uint64_t total,
	bool full_stacks, const struct md_stack_printer *printer);

#endif
