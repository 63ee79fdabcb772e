/* SPDX-License-Identifier: MIT
 *
 * Reports in text logs, read back: each becomes the JSON line that the library would have written, as far as text tells it. Bytes around
 * the block, registers, neighbours and the name of the machine are not taken over; where a source file is given, text does not say which
 * module it belongs to. Fingerprints are computed from the frames, so the same bug has the same one in both forms, unless a frame with a
 * source file is in a system module and does not look so (md_view_is_system).
 *
 * A log may have anything between the reports, colours in them, and reports of several processes, one after the other. Nothing in it is
 * trusted.
 *
 * Single-threaded. Without memory the process ends with a message.
 */
#ifndef MD_LOG_TEXT_H
#define MD_LOG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct md_log_text;

/* started: seconds since 1970, which stand for the unknown start of its processes. */
struct md_log_text *md_log_text_open(double started);

enum md_log_found {
	MD_LOG_NOTHING,
	MD_LOG_REPORT, /* its last line */
	MD_LOG_CUT,    /* the first line of a report, while the one before had no end */
	MD_LOG_OTHER   /* the first line of a report of growth, of which text tells too little */
};

/* Takes the next line, without its end. *report is set with MD_LOG_REPORT alone: a JSON line of *report_bytes without its end, which lives
 * until the next call. */
enum md_log_found md_log_text_add(struct md_log_text *log, const char *line, size_t bytes, const char **report, size_t *report_bytes);

/* True while the end of a report is waited for. */
bool md_log_text_is_inside(const struct md_log_text *log);

void md_log_text_close(struct md_log_text *log);

#endif
