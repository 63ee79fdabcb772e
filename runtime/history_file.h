/* SPDX-License-Identifier: MIT
 *
 * History on disk: the option history_file. The rings, the stacks and the table of threads lie in a shared mapping of a file
 * (src/history_file.h), which stays what it was when the process dies, however it dies.
 *
 * Room is taken from the file system before it is mapped, so that a full disk is a refused request and never a SIGBUS; then, and whenever
 * the file cannot be had, there is one line, and what has no room lives in memory. If somebody shortens the file, the fault handler puts
 * memory in its place.
 *
 * Fork   A forked child gets a file of its own, if the option's path has %p in it, or else its own memory; both begin with what its parent
 *        had. A child made past our handlers (raw clone, _Fork) shares its parent's mapping until it would add a stack or a thread.
 * Locking   MD_LOCK_HISTORY, a leaf. Takes no other lock, allocates nothing, holds no descriptor between calls.
 */
#ifndef MD_RUNTIME_HISTORY_FILE_H
#define MD_RUNTIME_HISTORY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/lock.h"

/* Makes the file that the option names, and has the heap, which is new, put there what belongs there. complain is told, once, if it cannot
 * be done; later trouble is one line in the log. */
void md_history_file_begin(void (*complain)(void *context, const char *line));

/* Writes down a row of the module table that is new. */
void md_history_file_module(uint16_t row);

/* In the child of a fork, before anything is allocated or freed there. */
void md_history_file_after_fork(void);

/* Says why the child, or more of the history, has no file, if that was not said yet and nobody is writing a report. */
void md_history_file_say_trouble(void);

/* In a fault handler: if addr is in the mapping, whose file has become shorter, puts zeroed memory in its place: true, and the access may
 * be tried again. Async-signal-safe, takes no lock. */
bool md_history_file_mend(uintptr_t addr);

/* A part of the file that is mapped. */
struct md_history_area {
	uintptr_t begin;
	size_t bytes;
	uint64_t offset; /* in the file */
	bool is_file;    /* false: memory of our own, after a fork or a mend */
};

#define MD_HISTORY_AREAS_MAX 64

/* For debuggers: where to look for what a core file leaves out, which has no mappings of files. */
struct md_history_file_state {
	const char *path; /* NULL: there is none */
	_Atomic uint32_t area_count;
	struct md_history_area areas[MD_HISTORY_AREAS_MAX]; /* the first begins with the header */
};
extern struct md_history_file_state md_history_file_state;

/* For fork: see lock.h. */
struct md_lock *md_history_file_lock(void);

#endif
