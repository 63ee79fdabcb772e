/* SPDX-License-Identifier: MIT
 *
 * Phrases about one report, shared by the files that make its parts (error_text, damage_text, surroundings_text, advice_text).
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_REPORT_TEXT_H
#define MD_REPORT_TEXT_H

#include "report/report.h"
#include "report/stack_text.h"
#include "report/text.h"

/* Where the report's stacks are looked up. */
struct md_stack_printer md_report_printer(const struct md_report *report);

/* What is known of a thread, or NULL. */
const struct md_thread_view *md_report_find_thread(const struct md_report *report, md_thread_id id);

/* A thread's name, "" if it tells nothing. thread may be NULL. */
const char *md_report_thread_name(const struct md_report *report, const struct md_thread_view *thread);

/* "thread T1 (worker)" */
void md_report_thread_text(struct md_text *text, const struct md_report *report, md_thread_id id);

/* ", 1.250 s after start"; nothing for a time below 0 (unknown). */
void md_report_when_text(struct md_text *text, double seconds);

/* "allocated by malloc in thread T1 (worker), 0.500 s after start, here:", the stack, and an empty line. */
void md_report_owner_text(struct md_text *text, const struct md_report *report, const char *verb, enum md_api api, md_thread_id thread,
	double seconds, md_stack_id stack);

/* The last part of a path. */
const char *md_report_file_name(const char *path);

/* Whether the block's free belongs in the report as a stack of its own: not where it is the call in which the error was noticed. */
bool md_report_has_free(const struct md_finding *finding);

/* The stack that tells what to fix: of the call if that is the mistake; else of what made the block, or freed it, which is all that is
 * known.
 * *role: "call", "allocated" or "freed". */
md_stack_id md_report_site(const struct md_report *report, const char **role);

static inline bool md_block_is_freed(const struct md_block_view *block)
{
	return block->state == MD_BLOCK_QUARANTINED || block->state == MD_BLOCK_CACHED || block->state == MD_BLOCK_FREE;
}

/* True where the error is one of changed bytes. */
static inline bool md_finding_is_damage(const struct md_finding *finding)
{
	return finding->damaged_bytes != 0;
}

/* True where the call at hand is not the mistake but only found its traces. */
static inline bool md_finding_is_late(const struct md_finding *finding)
{
	return finding->noticed != MD_NOTICED_AT_CALL && finding->noticed != MD_NOTICED_AT_ACCESS;
}

#endif
