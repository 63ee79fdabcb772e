/* SPDX-License-Identifier: MIT
 *
 * Lines of a file, pipe or standard input, of any length up to a limit.
 *
 * Files are read, not mapped: one that its writer shortens meanwhile must not end us. A last line without an end is a line, too.
 */
#ifndef MD_LINES_H
#define MD_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct md_lines {
	int fd;
	char *buffer;
	size_t room, begin, filled; /* what is not handed out yet: from begin, up to filled */
	size_t line_max;
	uint64_t number; /* of the line handed out last, from 1 */
	bool ended, too_long;
	int error; /* errno value of a read that failed; 0: none */
};

/* "-" is standard input. Returns 0 or an errno value (EISDIR for a folder). */
int md_lines_open(struct md_lines *lines, const char *path, size_t line_max);
/* The next line without its end, valid until the next call; NULL after the last or when reading fails (lines->error). A line above the
 * limit comes as one of no bytes with lines->too_long set. */
const char *md_lines_next(struct md_lines *lines, size_t *bytes);
void md_lines_close(struct md_lines *lines);

#endif
