/* SPDX-License-Identifier: MIT
 *
 * Renders files of JSON lines as the command does, for tests of the page itself: render html|svg RESULT FILE... svg takes the
 * first map of the last file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/html.h"
#include "tools/svg.h"

static struct md_html_data read_file(const char *name)
{
	struct md_html_data data = { 0 };
	size_t room = 0, got;
	char *text = NULL;
	FILE *file = fopen(name, "rb");

	if (!file) {
		perror(name);
		exit(2);
	}
	do {
		room = room * 2 + 65536;
		text = realloc(text, room);
		if (!text)
			exit(2);
		got = fread(text + data.bytes, 1, room - data.bytes, file);
		data.bytes += got;
	} while (data.bytes == room);
	fclose(file);
	data.text = text;
	return data;
}

static int write_svg(FILE *to, const struct md_html_data *data)
{
	const char *end = data->text + data->bytes;
	int result = -2;

	for (const char *line = data->text; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *line_end = newline ? newline : end;

		result = md_svg_map_write(to, line, (size_t)(line_end - line));
		if (result == 0)
			return 0;
		line = line_end + 1;
	}
	return result;
}

int main(int argc, char **argv)
{
	struct md_html_data data[64];
	size_t count = 0;
	int result;
	FILE *to;

	if (argc < 4 || argc - 3 > 64)
		return 2;
	to = fopen(argv[2], "wb");
	if (!to) {
		perror(argv[2]);
		return 2;
	}
	for (int i = 3; i < argc; i++)
		data[count++] = read_file(argv[i]);
	result = strcmp(argv[1], "svg") == 0 ? write_svg(to, &data[count - 1]) : md_html_write(to, "Test <&> page", data, count);
	result |= fclose(to);
	if (result)
		fprintf(stderr, "render: %d\n", result);
	for (size_t i = 0; i < count; i++)
		free((void *)data[i].text);
	return result ? 1 : 0;
}
