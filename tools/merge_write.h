/* SPDX-License-Identifier: MIT
 *
 * Merged reports, written out (tools/merge.h): as text for people, and as JSON lines, SARIF and HTML for machines and browsers.
 *
 * Each returns false when writing failed (errno). The merge must be finished.
 */
#ifndef MD_MERGE_WRITE_H
#define MD_MERGE_WRITE_H

#include <stdbool.h>
#include <stdio.h>

#include "tools/merge.h"

/* What of a merge is written. */
struct md_merge_choice {
	bool errors, leaks, growth;
};

/* The newest report of each group in the shape of the library's, newest group first, below a line with how often it was met; then a table. */
bool md_merge_write_text(FILE *to, const struct md_merge *merge, struct md_merge_choice choice, bool color);

/* JSON lines that are reports again: of each error the newest report, of all leaks one report with sums, of growth the newest of each kind. A
 * member merged counts. */
bool md_merge_write_json(FILE *to, const struct md_merge *merge, struct md_merge_choice choice);

/* One document, a result for each group. */
bool md_merge_write_sarif(FILE *to, const struct md_merge *merge, struct md_merge_choice choice);

/* One page. */
bool md_merge_write_html(FILE *to, const struct md_merge *merge, struct md_merge_choice choice);

/* "2026-11-23 23:19:05 UTC". */
const char *md_merge_time(double seconds, char buffer[32]);

/* True if a group is of a kind that was chosen. */
bool md_merge_is_chosen(struct md_merge_choice choice, const struct md_group *group);

#endif
