/* SPDX-License-Identifier: MIT
 *
 * What a program says about itself: comment lines in its source that tell how to run it under the library and what must come of it.
 *
 *     // args: WORD ...        arguments
 *     // options: NAME=VALUE ... library options
 *     // status: NUMBER        exit status; 0 if not given
 *     // signal: NUMBER        dies by this signal in place of exiting
 *     // expect: TEXT          stands in the report (standard error); several in this order
 *     // output: TEXT          stands in standard output; several in this order
 *     // errors: NUMBER        of reports; if not given, the number of expect lines with ERROR: in them; "any": not counted
 *     // build: FLAGS          for the Makefile
 *     // plain: no             cannot run without the library
 *
 * In TEXT a * stands for any text in the same line, and a number at its end does not go on in what was found.
 */
#ifndef MD_TESTS_EXPECT_H
#define MD_TESTS_EXPECT_H

#include "tests/system/support/run.h"

#define EXPECT_LINES_MAX 64
#define EXPECT_NAMES_MAX 256

struct expectation {
	char *words; /* holds the text of all that follows */
	const char *arguments[RUN_WORDS_MAX];
	char options[1024]; /* separated by ':' */
	int status, signal;
	bool plain;
	int errors; /* reports; -1: any number */
	const char *report[EXPECT_LINES_MAX]; /* up to the first NULL */
	const char *output[EXPECT_LINES_MAX];
};

/* Reads the expectation of a source file, given by its path in the source folder. Aborts if there is none, or on an unknown line. */
struct expectation *expect_read(const char *source);
void expect_destroy(struct expectation *expectation);

/* Runs build folder's PROGRAM as its source says, with more options added (NULL: none). */
struct run_result expect_run(const struct expectation *expectation, const char *program, const char *options);

/* Compares. Returns NULL if all is as expected, else a sentence that says what is not, in a static buffer. */
const char *expect_difference(const struct expectation *expectation, const struct run_result *result);

/* Looks for a TEXT as above at or after *at in text. If found, sets *at behind it. */
bool expect_find(const char **at, const char *pattern);

/* Sources (.c and .cc) in a folder of the source folder whose names begin with prefix, sorted. Returns their number; the names stay. */
size_t expect_sources(const char *folder, const char *prefix, const char *names[EXPECT_NAMES_MAX]);

/* The program of a source: "programs" and "tests/programs/ok_early.c" give "programs/ok_early"; in a static buffer. */
const char *expect_program(const char *build_folder, const char *source);

#endif
