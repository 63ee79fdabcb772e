/* SPDX-License-Identifier: MIT
 *
 * Sink: where our text goes: the standard error the process was started with, or one file for each process.
 *
 * No descriptor is held between texts. Standard error is used only while it is still what it was at start, or a file or terminal that took
 * its place: a program may have put a socket there. A text that finds no such place goes to a file of its own in /tmp. A full or closed
 * pipe, a full disk, RLIMIT_FSIZE and SIGPIPE change nothing for the program; writing waits two seconds at most.
 *
 * Locking   the caller holds MD_LOCK_REPORT.
 */
#ifndef MD_SINK_H
#define MD_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Notes what descriptor 2 is. pattern: "stderr" or a path with %p, %e, %t. */
void md_sink_init(const char *pattern);

/* See runtime/restrict.h: notes what may not be asked later. */
void md_sink_before_restriction(void);

/* Whether colour may be used there, by the option and the terminal. */
bool md_sink_color(void);

/* Writes a whole text that is no report in a format of its own (see output.h): notes, pictures, and reports in text. In a JSON log it
 * becomes a message; beside a SARIF log it goes to standard error. */
void md_sink_write(const char *text, size_t bytes);

/* Writes a whole text to the log as it is. whole: all of it or nothing, as far as that can be. */
void md_sink_write_log(const char *text, size_t bytes, bool whole);

/* Whether the log is standard error. */
bool md_sink_is_stderr(void);

/* Writes to a descriptor of the caller's. Returns 0 or a negated errno value. */
int md_sink_write_fd(int fd, const char *text, size_t bytes);

/* Writes parts (8 at most) one after the other at a place in a file. Returns 0 or a negated errno value. */
struct iovec;
int md_sink_write_parts(int fd, const struct iovec *parts, size_t count, int64_t at);

/* The same as md_sink_write for a file by pattern; appends. */
void md_sink_write_file(const char *pattern, const char *text, size_t bytes);

/* True if fd is a terminal. */
bool md_sink_is_terminal(int fd);

#endif
