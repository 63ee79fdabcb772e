/* SPDX-License-Identifier: MIT
 *
 * A line of text, built in place: what was wrong with an input, or a value as it would be typed. What does not fit is cut off at the end.
 * No allocation, no stdio, no locale.
 */
#ifndef MD_LINE_H
#define MD_LINE_H

#include <stddef.h>
#include <stdint.h>

#define MD_LINE_MAX 512
#define MD_LINE_INPUT_MAX 80 /* bytes shown of one input */

struct md_line {
	char text[MD_LINE_MAX]; /* always NUL-terminated */
	size_t length;
};

void md_line_init(struct md_line *line);
void md_line_put(struct md_line *line, const char *string);
void md_line_put_n(struct md_line *line, const char *bytes, size_t count);
void md_line_put_uint(struct md_line *line, uint64_t value);

/* Text from outside: long ones are cut and end in "...", control characters become '?'. */
void md_line_put_input(struct md_line *line, const char *bytes, size_t count);

#endif
