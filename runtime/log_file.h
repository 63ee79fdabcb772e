/* SPDX-License-Identifier: MIT
 *
 * Log files: what is added to the files that options name, by several processes at once.
 *
 * A file is opened for each text and closed after it. A lock on the file (of the open description: threads and forked children exclude each
 * other, and who dies lets go) keeps writers apart where more than one write is needed; it is waited for two seconds at most. Texts that
 * are appended go out in one write. log_max puts a file aside before it gets too large; who waited for it meanwhile opens the new one.
 *
 * A document (SARIF) is added to in place: its tail is written over by more content and the tail, in one write. What an earlier failure
 * left damaged is put aside; a file that is something else is left alone.
 *
 * Locking   the caller holds MD_LOCK_REPORT.
 */
#ifndef MD_LOG_FILE_H
#define MD_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>

#define MD_LOG_PATH_BYTES 1024

/* The path that a pattern means; cut if it is too long. Takes no lock. */
void md_log_file_path(const char *pattern, char path[MD_LOG_PATH_BYTES]);

/* Opens a file, with mode 0600 if flags make it, at no descriptor of the standard three. Returns a descriptor or a negated errno value. */
long md_log_file_open(const char *path, int flags);

/* pattern: a path with %p (process), %e (program), %t (time of the start). All return 0 or a negated errno value. */

/* Appends a text. whole: takes back what could not be written completely. */
int md_log_file_append(const char *pattern, const char *text, size_t bytes, bool whole);

struct md_log_document {
	const char *head, *separator, *body, *tail; /* separator goes between bodies */
	size_t head_bytes, separator_bytes, body_bytes, tail_bytes;
};

/* Adds a body; makes a new document where there is none. An empty body only makes sure that there is a document. -EINVAL: the file is
 * something else. */
int md_log_file_add(const char *pattern, const struct md_log_document *document);

#endif
