/* SPDX-License-Identifier: MIT
 *
 * Parts of SARIF documents that the library (sarif.h) and the command, which merges reports, both write: the rules, and of a result its
 * beginning, places and flow.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_SARIF_PARTS_H
#define MD_SARIF_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "report/entries.h"
#include "report/json.h"
#include "src/error.h"

struct md_sarif_rule {
	const char *id, *title, *help, *level;
	unsigned cwe; /* 0: none */
};

/* Indices of rules: errors first; then what is no error in the table of errors. */
enum { MD_SARIF_DIRECT = MD_ERROR_COUNT, MD_SARIF_POSSIBLE, MD_SARIF_REACHABLE, MD_SARIF_GROWTH, MD_SARIF_COUNT };

struct md_sarif_rule md_sarif_rule(unsigned index);

/* Index of a rule; -1: this version has none of that name. */
int md_sarif_rule_find(const char *id);

/* {"text":..} */
void md_sarif_text(struct md_json *json, const char *key, const char *text);

/* Begins a result, which md_json_end ends. index is the rule's; -1: the head has none like it. */
void md_sarif_open(
	struct md_json *json, struct md_text *text, int index, const struct md_sarif_rule *rule, const struct md_text *message, uint64_t fingerprint);

/* message may be NULL. */
void md_sarif_location(struct md_json *json, const char *key, const struct md_entry *entry, const char *message);

/* One step of the result's flow, of which *begun tells whether there was one before. order counts from 1. */
void md_sarif_flow_step(
	struct md_json *json, bool *begun, uint64_t order, const struct md_entry *site, const char *message, const char *kind);

/* Behind the last. */
void md_sarif_flow_end(struct md_json *json, bool begun);

#endif
