/* SPDX-License-Identifier: MIT
 *
 * Runs a program, with or without the library, and keeps all it leaves: exit status or signal, standard output, standard error.
 *
 * The test process itself never has the library preloaded; only the program gets LD_PRELOAD. Each run is a process group of its own, which
 * is killed as a whole when its time is up and after its end, so that nothing is left behind. Variables that steer the library or the C
 * library's malloc do not reach the program unless a run sets them.
 *
 * Environment   MD_BUILD is the build folder (libmalloc_debug.so, malloc-debug, programs/, examples/, tests/), MD_SOURCE the source folder.
 */
#ifndef MD_TESTS_RUN_H
#define MD_TESTS_RUN_H

#include <stdbool.h>
#include <stddef.h>

#define RUN_WORDS_MAX 16
#define RUN_SECONDS_DEFAULT 30

/* What to run. Zeroed members mean: no. */
struct run_setup {
	const char *program;                  /* path, or a path in the build folder: "programs/ok_early" */
	const char *arguments[RUN_WORDS_MAX]; /* after the program's name, up to the first NULL */
	bool plain;                           /* without the library */
	const char *options;                  /* value of MALLOC_DEBUG_OPTIONS */
	const char *environment[RUN_WORDS_MAX]; /* "NAME=VALUE", up to the first NULL */
	unsigned seconds_max;                 /* 0: RUN_SECONDS_DEFAULT */
};

struct run_result {
	int status;     /* exit status; -1 if it died by a signal, or could not be started */
	int signal;     /* that killed it; 0 if none */
	bool timed_out; /* and was killed by us */
	char *text;     /* standard output; never NULL; NUL-terminated */
	char *report;   /* standard error; likewise */
	double seconds; /* from start to end */
};

/* Runs it and waits for its end. The result is the caller's, for run_destroy. */
struct run_result run_program(const struct run_setup *setup);

/* Shorthands: the program alone, under the library with these options (NULL: none), or without it. */
struct run_result run_preloaded(const char *program, const char *options);
struct run_result run_plain(const char *program);

void run_destroy(struct run_result *result);

/* Path of a file in the build or source folder; in a static buffer, of which there are eight in turn. */
const char *run_build_path(const char *file);
const char *run_source_path(const char *file);

/* Makes a new empty folder under the build folder, and removes it with all that is in it. The name lives until removed. */
char *run_folder_make(void);
void run_folder_remove(char *folder);

/* Whole contents of a file as a string, for free(); NULL if it cannot be read. */
char *run_file_read(const char *path);

/* Number of times that needle occurs in text. */
size_t run_count(const char *text, const char *needle);

/* Number of reports in text. */
size_t run_count_reports(const char *text);

#endif
