/* SPDX-License-Identifier: MIT
 *
 * Runs of a program in which one allocation is to fail: started with their output in files, several at a time, and ended with all that they
 * started when their time is up.
 *
 * Each run is a session of its own without a terminal. Its standard input is empty, or that of the command from its begin where that is a
 * file. Single-threaded. While there are runs, SIGCHLD, SIGINT and SIGTERM are blocked.
 */
#ifndef MD_FAIL_RUN_H
#define MD_FAIL_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum md_fail_file { MD_FAIL_OUT, MD_FAIL_ERR, MD_FAIL_JSON, MD_FAIL_LIST, MD_FAIL_LOG, MD_FAIL_FILES };

struct md_fail_run {
	pid_t pid;         /* 0: nothing runs here */
	uint64_t number;   /* the caller's */
	uint64_t deadline; /* milliseconds of the monotonic clock */
	bool timed_out;    /* its time was up, or it wrote without end */
	int status;        /* as waitpid has it */
	const char *folder;
	unsigned slot;     /* names its files */
};

/* Blocks the signals. */
void md_fail_run_begin(void);

/* Path of one of its files, in a static buffer. */
const char *md_fail_run_file(const struct md_fail_run *run, enum md_fail_file file);

/* Starts it. folder and slot are set. key: the stack whose first allocation fails; 0: none does, and all stacks are listed. False after a
 * complaint. */
bool md_fail_run_start(struct md_fail_run *run, char **arguments, uint64_t key, unsigned timeout_seconds);

/* Waits until one of them has ended, and returns it: its pid is 0 then. NULL if SIGINT or SIGTERM came, when all were killed. */
struct md_fail_run *md_fail_run_wait(struct md_fail_run *runs, size_t count);

/* Removes its files. */
void md_fail_run_remove(const struct md_fail_run *run);

#endif
