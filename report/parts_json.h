/* SPDX-License-Identifier: MIT
 *
 * Parts of JSON reports that several kinds share: the head of each, stacks, threads by number. The format is described in
 * man/malloc-debug-report.5.adoc and report/report.schema.json.
 *
 * Allocation and signal safety   none, and async-signal-safe; about 4 kB of stack.
 */
#ifndef MD_PARTS_JSON_H
#define MD_PARTS_JSON_H

#include "report/entries.h"
#include "report/json.h"
#include "report/origin.h"
#include "report/stack_text.h"
#include "src/ids.h"
#include "src/leak.h"

#define MD_JSON_VERSION 1 /* rises when a reader of the version before would misread what it knows; new members do not change it */

/* Where a report comes from, as members of the object that is open. */
void md_json_origin(struct md_json *json, const struct md_origin *origin);

/* Begins an object of that type with what all have: version, type, and where it comes from. md_json_close ends it. */
void md_json_open(struct md_json *json, struct md_text *text, const char *type, const struct md_origin *origin);

/* Ends it, with a newline; says so if something was left out. */
void md_json_close(struct md_json *json);

/* An array of entries, innermost first; nothing if there is no stack. */
void md_json_stack(struct md_json *json, const char *key, const struct md_stack_printer *printer, md_stack_id stack);

/* One entry, as an element of an array. */
void md_json_entry(struct md_json *json, const struct md_entry *entry);

/* The number that text shows after T; nothing for an unknown thread. */
void md_json_thread(struct md_json *json, const char *key, md_thread_id thread);

/* 16 hexadecimal digits. */
void md_json_fingerprint(struct md_json *json, uint64_t fingerprint);

/* {"blocks":..,"bytes":..} */
void md_json_count(struct md_json *json, const char *key, struct md_leak_count count);

/* A free text of ours that has no form of its own in JSON, as a report of type "message". Cut where there is no room for it. */
void md_json_message(struct md_text *text, const struct md_origin *origin, const char *message, size_t bytes);

#endif
