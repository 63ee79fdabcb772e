/* SPDX-License-Identifier: MIT
 *
 * The suppressions in force: those built in, the program's own (__lsan_default_suppressions), and the files of the option `suppressions`.
 *
 * They are read when the first report asks for them. A file that cannot be read is complained about once.
 *
 * Locking   the caller holds md_report_lock.
 */
#ifndef MD_RUNTIME_SUPPRESS_H
#define MD_RUNTIME_SUPPRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "report/leak_text.h"
#include "report/names.h"
#include "src/finding.h"
#include "src/leak.h"

/* A search for leaks begins: its counts start from 0. */
void md_suppress_begin(void);

/* Whether a group of leaks is not to be reported; counts it with its entry then. names has its frames' names, or is NULL. */
bool md_suppress_group(const struct md_leak_group *group, const struct md_names *names);

/* Whether an error is not to be reported: an entry for it matches the stack of the call, or the block's. */
bool md_suppress_finding(const struct md_finding *finding, const struct md_names *names);

/* Entries that matched since md_suppress_begin. Returns how many were written. */
size_t md_suppress_used(struct md_leak_suppressed *used, size_t used_max);

/* Prints ready entries for a stack (option gen_suppressions). */
void md_suppress_generate(struct md_text *text, uint64_t kind, enum md_api api, md_stack_id stack, const struct md_names *names);

/* At exit: tells of entries of the user's files that never matched, where others of the same file did (or the option verbose is set). */
void md_suppress_tell_unused(void);

#endif
