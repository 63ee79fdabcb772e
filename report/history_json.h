/* SPDX-License-Identifier: MIT
 *
 * The history as one report of type "history": events, oldest first, and the stacks that they name. See malloc-debug-report(5).
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_HISTORY_JSON_H
#define MD_HISTORY_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/json.h"
#include "report/origin.h"
#include "report/stacks_json.h"
#include "src/history.h"

struct md_history_list {
	const struct md_event *events; /* oldest first */
	const double *seconds;         /* the time of each, since our start */
	size_t count;
	uint64_t total; /* events that matched, listed or not */
	uintptr_t addr; /* events of this address; 0: all */
};

/* One event as an object with key (NULL in an array): all but its stack, and left open for it. */
void md_event_json_begin(struct md_json *json, const struct md_event *event, double seconds);

/* stacks has the stacks of all events. for_page: see struct md_json. */
void md_history_json(struct md_text *text, const struct md_history_list *list, const struct md_origin *origin, struct md_stacks_json *stacks,
	const struct md_stack_printer *printer, const char *names_missing, bool for_page);

#endif
