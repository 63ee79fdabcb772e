/* SPDX-License-Identifier: MIT
 *
 * A write to the address that the user named (option watch) as one line of JSON (type "write"). The first write from a stack has the stack;
 * a later one names the first.
 *
 * Allocation and signal safety   none, and async-signal-safe; about 3 kB of stack.
 */
#ifndef MD_WATCH_JSON_H
#define MD_WATCH_JSON_H

#include "report/origin.h"
#include "report/watch_text.h"

void md_watch_json(
	struct md_text *text, const struct md_watch_write *write, const struct md_stack_printer *printer, const struct md_origin *origin);

#endif
