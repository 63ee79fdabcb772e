/* SPDX-License-Identifier: MIT
 *
 * Sink: where our text goes: the standard error the process was started with, or one file for each process.
 *
 * No descriptor is held between texts. Standard error is used only while it is still what it was at start, or a file or terminal that took its place: a
 * program may have put a socket there. A text that finds no such place goes to a file of its own in /tmp.
 * A full or closed pipe, a full disk, RLIMIT_FSIZE and SIGPIPE change nothing for the program; writing waits two seconds at most.
 *
 * Locking   the caller holds MD_LOCK_REPORT.
 */
#ifndef MD_SINK_H
#define MD_SINK_H

#include <stdbool.h>
#include <stddef.h>

/* Notes what descriptor 2 is. pattern: "stderr" or a path with %p, %e, %t. */
void md_sink_init(const char *pattern);

/* See runtime/restrict.h: notes what may not be asked later. */
void md_sink_before_restriction(void);

/* Whether colour may be used there, by the option and the terminal. */
bool md_sink_color(void);

/* Writes a whole text. */
void md_sink_write(const char *text, size_t bytes);

/* Writes to a descriptor of the caller's. Returns 0 or a negated errno value. */
int md_sink_write_fd(int fd, const char *text, size_t bytes);

/* The same for a file by pattern; appends. */
void md_sink_write_file(const char *pattern, const char *text, size_t bytes);

/* True if fd is a terminal. */
bool md_sink_is_terminal(int fd);

#endif
