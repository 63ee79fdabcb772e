/* SPDX-License-Identifier: MIT
 *
 * Fingerprint: a number that is the same for the same bug in all runs, on all machines and at all addresses, so that reports can be
 * counted by bug.
 *
 * It is made of the kind of the error and of the innermost entries of the stacks that are part of the bug: a function's name, or, where
 * that is not known, module and offset. Lines, addresses, threads and sizes are left out, so it survives small changes of the program.
 * Entries in the C and C++ libraries are left out as long as there are others: they differ from system to system.
 *
 * What the number is made of never changes while MD_FINGERPRINT_NAME stays the same.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_FINGERPRINT_H
#define MD_FINGERPRINT_H

#include <stdbool.h>
#include <stdint.h>

#include "report/entries.h"
#include "report/report.h"
#include "report/stack_text.h"
#include "src/leak.h"

#define MD_FINGERPRINT_NAME "mallocDebug/v1"
#define MD_FINGERPRINT_ENTRIES 4 /* of each stack */

/* Of an error: with the stack of the call or access if that is the mistake, else with those of the block, which it happened to. */
uint64_t md_fingerprint_error(const struct md_report *report);

/* Of anything that is told by a kind ("direct-leak") and one stack. */
uint64_t md_fingerprint_stack(const char *kind, const struct md_stack_printer *printer, md_stack_id stack);

/* A fingerprint in the making, for those who have stacks of another kind: begin; for each stack its role, its entries, and, where wanted, all
 * entries again; end. */
struct md_fingerprint {
	uint64_t value;
	unsigned taken; /* entries of the present stack */
	bool system;    /* whether those of the C and C++ libraries are taken */
};

void md_fingerprint_begin(struct md_fingerprint *fingerprint, const char *kind);
void md_fingerprint_role(struct md_fingerprint *fingerprint, const char *role);

/* Takes one entry, innermost first; a visit of md_entries_visit. Returns whether it wants more. */
bool md_fingerprint_entry(void *fingerprint, const struct md_entry *entry);

/* After a stack's last entry: whether there were none but those of the C and C++ libraries, which are then to be given again. */
bool md_fingerprint_wants_system(struct md_fingerprint *fingerprint);

uint64_t md_fingerprint_end(const struct md_fingerprint *fingerprint);

/* 16 digits and a NUL. */
void md_fingerprint_text(uint64_t fingerprint, char text[17]);

#endif
