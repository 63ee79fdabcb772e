/* SPDX-License-Identifier: MIT
 *
 * What became of one run of malloc-debug fail-sweep: for people, and as JSON.
 */
#ifndef MD_FAIL_VIEW_H
#define MD_FAIL_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/json_read.h"
#include "tools/view_parts.h"

/* Worst last. */
enum md_fail_outcome {
	MD_FAIL_FINE,
	MD_FAIL_NOT_REACHED, /* nothing failed: the program went another way this time */
	MD_FAIL_OUTPUT,      /* ended as without the failure, with other output; may be right */
	MD_FAIL_EXIT,        /* with a status that shells give to a child that died by a signal */
	MD_FAIL_LEAK,
	MD_FAIL_ABORT,
	MD_FAIL_ERROR,       /* a report of the library */
	MD_FAIL_HANG,
	MD_FAIL_CRASH,
	MD_FAIL_OUTCOMES
};

struct md_fail_report {
	uint64_t fingerprint;
	bool is_leak;
	char *text; /* one line: what and where */
};

struct md_fail_result {
	enum md_fail_outcome outcome;
	uint64_t key;
	const char *line; /* of JSON: the allocation that failed */
	int status;       /* as waitpid has it */
	struct md_fail_report *reports;
	size_t count;
};

const char *md_fail_outcome_word(enum md_fail_outcome outcome);
bool md_fail_outcome_is_defect(enum md_fail_outcome outcome);

/* Adds the errors and the leaks in a file of JSON lines; none if it is not there. */
void md_fail_result_read(struct md_fail_result *result, const char *path);
void md_fail_result_clear(struct md_fail_result *result);

/* To standard output; nothing if all is well. */
void md_fail_result_print(const struct md_fail_result *result);
/* One line. */
void md_fail_result_json(const struct md_fail_result *result, FILE *to);

#endif
