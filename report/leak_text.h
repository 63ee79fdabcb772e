/* SPDX-License-Identifier: MIT
 *
 * The report of leaked blocks as text: groups by stack, largest first, what they hold, a sample, totals of the other kinds, and the SUMMARY
 * line in LeakSanitizer's shape.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_LEAK_TEXT_H
#define MD_LEAK_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/path_text.h"
#include "report/stack_text.h"
#include "report/text.h"
#include "src/leak.h"

#define MD_LEAK_SAMPLE_BYTES 64

/* A group, and what is shown of it. */
struct md_leak_entry {
	const struct md_leak_group *group;
	double oldest_seconds, newest_seconds;            /* allocated, since our start; below 0: unknown */
	const char *thread_name;                          /* of group->thread, "" if unknown */
	unsigned char sample[MD_LEAK_SAMPLE_BYTES];       /* first bytes of group->sample */
	size_t sample_bytes;
	const struct md_path_view *who; /* points to the sample; NULL: nobody looked */
};

/* A suppression: one that matched, or, to be named as such, one that matched nothing. */
struct md_leak_suppressed {
	const char *pattern; /* as written */
	const char *file;    /* where it stands, "" or NULL if unknown; named for those that matched nothing */
	unsigned line;
	uint64_t groups; /* 0: matched nothing */
	struct md_leak_count count;
};

struct md_leak_report {
	uint32_t pid;
	const char *program;
	const char *when; /* "at exit", "on request", "on signal 12", ...: part of a sentence */
	double seconds;   /* since our start */
	const struct md_leak_entry *entries; /* to be shown, in order */
	size_t entry_count;
	uint64_t groups_total;                       /* groups of the kinds asked for, shown or not; more than entry_count: say that only the top ones are shown */
	struct md_leak_count totals[MD_LEAK_KINDS];  /* all blocks, suppressed ones taken off */
	struct md_leak_count suppressed;
	const struct md_leak_suppressed *used;       /* suppressions that matched, and those that matched nothing if that is to be said */
	size_t used_count;
	size_t threads_silent; /* could not be stopped: scanned by their stack bounds */
	const char *certainty; /* further reasons why the result may be less than certain, one line, or NULL */
	const char *names_missing; /* as in struct md_report */
};

/* The whole report. Where there is no room for all groups it says how many are left out; what follows them stays. */
void md_leak_text(struct md_text *text, const struct md_leak_report *report, const struct md_stack_printer *printer);

/* Its parts, for those who write one after the other: what comes before the groups, one group, what follows them. */
void md_leak_text_begin(struct md_text *text, const struct md_leak_report *report);
void md_leak_text_group(struct md_text *text, const struct md_leak_report *report, const struct md_leak_entry *entry,
	const struct md_stack_printer *printer);
void md_leak_text_end(struct md_text *text, const struct md_leak_report *report);

#endif
