/* SPDX-License-Identifier: MIT */
#include "tools/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/memory.h"

#define READ_BYTES (256u << 10)

int md_lines_open(struct md_lines *lines, const char *path, size_t line_max)
{
	struct stat status;

	*lines = (struct md_lines){ .line_max = line_max };
	lines->fd = !strcmp(path, "-") ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (lines->fd < 0)
		return errno;
	if (!fstat(lines->fd, &status) && S_ISDIR(status.st_mode)) {
		md_lines_close(lines);
		return EISDIR;
	}
	return 0;
}

/* Makes room and reads on. False at the end. */
static bool fill(struct md_lines *lines)
{
	ssize_t got;

	if (lines->begin > 0) {
		memmove(lines->buffer, lines->buffer + lines->begin, lines->filled - lines->begin);
		lines->filled -= lines->begin;
		lines->begin = 0;
	}
	if (lines->room - lines->filled < READ_BYTES) {
		lines->room = lines->room ? 2 * lines->room : 2 * READ_BYTES;
		lines->buffer = md_memory_resize(lines->buffer, lines->room, 1);
	}
	do
		got = read(lines->fd, lines->buffer + lines->filled, lines->room - lines->filled);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		lines->error = errno;
	if (got <= 0) {
		lines->ended = true;
		return false;
	}
	lines->filled += (size_t)got;
	return true;
}

const char *md_lines_next(struct md_lines *lines, size_t *bytes)
{
	size_t looked = 0; /* bytes from begin on without an end of line */
	bool too_long = false;

	lines->too_long = false;
	for (;;) {
		const char *from = lines->buffer ? lines->buffer + lines->begin : NULL;
		size_t left = lines->filled - lines->begin;
		const char *newline = left > looked ? memchr(from + looked, '\n', left - looked) : NULL;

		if (newline || (lines->ended && left > 0)) {
			*bytes = newline ? (size_t)(newline - from) : left;
			lines->begin += *bytes + (newline ? 1 : 0);
			lines->number++;
			lines->too_long = too_long || *bytes > lines->line_max;
			if (lines->too_long)
				*bytes = 0;
			return from;
		}
		looked = left;
		if (left > lines->line_max) { /* what was read of it is dropped; its end is looked for */
			lines->begin = lines->filled - 1;
			looked = 1;
			too_long = true;
		}
		if (lines->ended || (!fill(lines) && lines->begin == lines->filled))
			return NULL;
	}
}

void md_lines_close(struct md_lines *lines)
{
	if (lines->fd > STDIN_FILENO)
		close(lines->fd);
	free(lines->buffer);
	lines->buffer = NULL;
}
