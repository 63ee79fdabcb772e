/* SPDX-License-Identifier: MIT */
#include "tools/html.h"

#include <stdint.h>
#include <string.h>

#include "report/page_html.h"

static int result_of(FILE *to)
{
	return ferror(to) ? -1 : 0;
}

/* Length of the valid UTF-8 character at `at`, or 0. */
static size_t character_bytes(const unsigned char *at, const unsigned char *end)
{
	size_t length = *at < 0x80 ? 1 : *at >= 0xc2 && *at < 0xe0 ? 2 : *at >> 4 == 14 ? 3 : *at >= 0xf0 && *at < 0xf5 ? 4 : 0;

	if (!length || (size_t)(end - at) < length)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
		(at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return length;
}

/* Writes text that is to mean the same in the page. less: what stands for '<'; ampersand: for '&'. */
static void put_escaped(FILE *to, const char *text, size_t bytes, const char *less, const char *ampersand)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + bytes, *plain = at;

	while (at < end) {
		size_t length = character_bytes(at, end);
		const char *instead = !length || *at == 0 ? "\xef\xbf\xbd" : *at == '<' ? less : *at == '&' ? ampersand : NULL;

		if (instead) {
			fwrite(plain, 1, (size_t)(at - plain), to);
			fputs(instead, to);
			plain = at + (length ? length : 1);
		}
		at += length ? length : 1;
	}
	fwrite(plain, 1, (size_t)(at - plain), to);
}

int md_html_begin(FILE *to, const char *title)
{
	title = title ? title : MD_PAGE_HTML_TITLE;
	fputs(md_page_html_head, to);
	put_escaped(to, title, strlen(title), "&lt;", "&amp;");
	fputs(md_page_html_body, to);
	return result_of(to);
}

int md_html_add(FILE *to, const struct md_html_data *data)
{
	const char *at = data->text, *end = at + data->bytes;

	/* A script element for each text: browsers keep the content of one as one string, which has a limit. */
	fputs(md_page_html_data, to);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *line_end = newline ? newline : end;
		const char *first = at;

		while (first < line_end && (*first == ' ' || *first == '\t'))
			first++;
		if (first < line_end && *first == '{') {
			put_escaped(to, first, (size_t)(line_end - first), "\\u003c", "&");
			fputc('\n', to);
		}
		at = newline ? newline + 1 : end;
	}
	fputs(md_page_html_data_end, to);
	return result_of(to);
}

int md_html_end(FILE *to)
{
	fputs(md_page_html_tail, to);
	return fflush(to) ? -1 : result_of(to);
}

int md_html_write(FILE *to, const char *title, const struct md_html_data *data, size_t data_count)
{
	int result = md_html_begin(to, title);

	for (size_t i = 0; i < data_count && result == 0; i++)
		result = md_html_add(to, &data[i]);
	return result == 0 ? md_html_end(to) : result;
}
