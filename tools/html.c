/* SPDX-License-Identifier: MIT */
#include "tools/html.h"

#include <stdint.h>
#include <string.h>

#include "tools/html_parts.h"

#define DATA_MARK "{{data}}"
#define DATA_BEGIN "<script type=\"application/x-ndjson\" class=\"data\">\n"
#define DATA_END "</script>\n"

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

/* Writes text that is to mean the same in the page; less is what stands for '<', quote for '"'. */
static void put_escaped(FILE *to, const char *text, size_t bytes, const char *less, const char *ampersand, const char *quote)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + bytes, *plain = at;

	while (at < end) {
		size_t length = character_bytes(at, end);
		const char *instead = !length || *at == 0 ? "\xef\xbf\xbd" : *at == '<' ? less : *at == '&' ? ampersand : *at == '"' ? quote : NULL;

		if (instead) {
			fwrite(plain, 1, (size_t)(at - plain), to);
			fputs(instead, to);
			plain = at + (length ? length : 1);
		}
		at += length ? length : 1;
	}
	fwrite(plain, 1, (size_t)(at - plain), to);
}

static void put_title(FILE *to, const char *title)
{
	title = title ? title : "malloc-debug";
	put_escaped(to, title, strlen(title), "&lt;", "&amp;", "&quot;");
}

static const struct md_html_part *find_part(const char *name, size_t bytes)
{
	for (size_t i = 0; i < md_html_part_count; i++)
		if (strlen(md_html_parts[i].name) == bytes && memcmp(md_html_parts[i].name, name, bytes) == 0)
			return &md_html_parts[i];
	return NULL;
}

/* The page from `at` to `end`, with what its marks stand for. */
static void put_page(FILE *to, const char *at, const char *end, const char *title)
{
	while (at < end) {
		const char *mark = memmem(at, (size_t)(end - at), "{{", 2);
		const char *mark_end = mark ? memmem(mark, (size_t)(end - mark), "}}", 2) : NULL;

		if (!mark_end) {
			fwrite(at, 1, (size_t)(end - at), to);
			return;
		}
		const struct md_html_part *part = find_part(mark + 2, (size_t)(mark_end - mark - 2));

		fwrite(at, 1, (size_t)(mark - at), to);
		if (part)
			fwrite(part->text, 1, (size_t)(part->end - part->text), to);
		else
			put_title(to, title);
		at = mark_end + 2;
	}
}

static const char *data_mark(void)
{
	const char *mark = memmem(md_html_page.text, (size_t)(md_html_page.end - md_html_page.text), DATA_MARK, strlen(DATA_MARK));

	return mark ? mark : md_html_page.end;
}

int md_html_begin(FILE *to, const char *title)
{
	put_page(to, md_html_page.text, data_mark(), title);
	return result_of(to);
}

int md_html_add(FILE *to, const struct md_html_data *data)
{
	const char *at = data->text, *end = at + data->bytes;

	/* A script element for each text: browsers keep the content of one as one string, which has a limit. */
	fputs(DATA_BEGIN, to);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *line_end = newline ? newline : end;
		const char *first = at;

		while (first < line_end && (*first == ' ' || *first == '\t'))
			first++;
		if (first < line_end && *first == '{') {
			put_escaped(to, first, (size_t)(line_end - first), "\\u003c", "&", "\"");
			fputc('\n', to);
		}
		at = newline ? newline + 1 : end;
	}
	fputs(DATA_END, to);
	return result_of(to);
}

int md_html_end(FILE *to)
{
	const char *mark = data_mark();

	put_page(to, mark + (mark < md_html_page.end ? strlen(DATA_MARK) : 0), md_html_page.end, NULL);
	return fflush(to) ? -1 : result_of(to);
}

int md_html_write(FILE *to, const char *title, const struct md_html_data *data, size_t data_count)
{
	int result = md_html_begin(to, title);

	for (size_t i = 0; i < data_count && result == 0; i++)
		result = md_html_add(to, &data[i]);
	return result == 0 ? md_html_end(to) : result;
}
