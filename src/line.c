/* SPDX-License-Identifier: MIT */
#include "src/line.h"

#include <string.h>

void md_line_init(struct md_line *line)
{
	line->length = 0;
	line->text[0] = '\0';
}

void md_line_put_n(struct md_line *line, const char *bytes, size_t count)
{
	size_t room = sizeof line->text - 1 - line->length;

	if (count > room)
		count = room;
	memcpy(line->text + line->length, bytes, count);
	line->length += count;
	line->text[line->length] = '\0';
}

void md_line_put(struct md_line *line, const char *string)
{
	md_line_put_n(line, string, strlen(string));
}

void md_line_put_uint(struct md_line *line, uint64_t value)
{
	char digits[20];
	size_t i = sizeof digits;

	do
		digits[--i] = (char)('0' + value % 10);
	while (value /= 10);
	md_line_put_n(line, digits + i, sizeof digits - i);
}

void md_line_put_input(struct md_line *line, const char *bytes, size_t count)
{
	size_t shown = count > MD_LINE_INPUT_MAX ? MD_LINE_INPUT_MAX : count;

	for (size_t i = 0; i < shown; i++) {
		unsigned char c = (unsigned char)bytes[i];
		char safe = c < 0x20 || c == 0x7f ? '?' : (char)c; /* bytes from 0x80 stay: they may be UTF-8 */

		md_line_put_n(line, &safe, 1);
	}
	if (shown < count)
		md_line_put(line, "...");
}
