/* SPDX-License-Identifier: MIT
 *
 * Reading suppressions. An entry, its lines and its NUL-terminated name lie one after the other in the caller's memory; nothing is ever
 * taken out again but an entry that turns out bad.
 */
#include "src/suppress.h"

#include <string.h>

#include "src/line.h"
#include "src/suppress_line.h"
#include "src/words.h"

#define COMPLAINTS_MAX 20 /* for one text: a file that is no list of suppressions has thousands of bad lines */

_Static_assert((int)MD_LEAK_KINDS + (int)MD_ERROR_COUNT <= 64, "kinds are bits of 64");

struct slice {
	const char *text;
	size_t length;
};

static bool slice_is(struct slice slice, const char *word)
{
	return slice.length == strlen(word) && memcmp(slice.text, word, slice.length) == 0;
}

static bool slice_starts(struct slice slice, const char *word)
{
	return slice.length >= strlen(word) && memcmp(slice.text, word, strlen(word)) == 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static struct slice trim(struct slice slice)
{
	while (slice.length && is_space(slice.text[0])) {
		slice.text++;
		slice.length--;
	}
	while (slice.length && is_space(slice.text[slice.length - 1]))
		slice.length--;
	return slice;
}

static struct slice skip(struct slice slice, size_t count)
{
	return trim((struct slice){ slice.text + count, slice.length - count });
}

/* Takes the next word off a list separated by commas. */
static bool next_word(struct slice *list, struct slice *word)
{
	const char *comma;

	if (!list->text)
		return false;
	comma = memchr(list->text, ',', list->length);
	*word = trim((struct slice){ list->text, comma ? (size_t)(comma - list->text) : list->length });
	*list = comma ? (struct slice){ comma + 1, list->length - (size_t)(comma - list->text) - 1 } : (struct slice){ NULL, 0 };
	return true;
}

/* --- memory -------------------------------------------------------------------- */

void md_suppressions_init(struct md_suppressions *suppressions, void *memory, size_t bytes)
{
	*suppressions = (struct md_suppressions){ .memory = memory, .capacity = bytes };
}

static void *take(struct md_suppressions *suppressions, size_t bytes, size_t alignment)
{
	uintptr_t at = (uintptr_t)suppressions->memory + suppressions->taken;
	size_t begin = suppressions->taken + (-at & (alignment - 1));

	if (begin > suppressions->capacity || bytes > suppressions->capacity - begin)
		return NULL;
	suppressions->taken = begin + bytes;
	return suppressions->memory + begin;
}

/* --- reading ------------------------------------------------------------------- */

struct reader {
	struct md_suppressions *suppressions;
	const char *at, *end;
	const char *file;
	unsigned line; /* number of the one read last */
	md_suppressions_complain *complain;
	void *context;
	unsigned complaints;
	size_t added;
	bool full;
};

static void send(struct reader *reader, unsigned number, const char *what, struct slice input, const char *then)
{
	struct md_line line;

	if (reader->complaints++ > COMPLAINTS_MAX || !reader->complain)
		return;
	md_line_init(&line);
	md_line_put(&line, reader->file);
	md_line_put(&line, ":");
	md_line_put_uint(&line, number);
	md_line_put(&line, ": ");
	if (reader->complaints > COMPLAINTS_MAX) {
		md_line_put(&line, "there are more lines like these; is this a file of suppressions?");
	} else {
		md_line_put(&line, what);
		md_line_put_input(&line, input.text, input.length);
		md_line_put(&line, then);
	}
	reader->complain(reader->context, line.text);
}

static void complain(struct reader *reader, const char *what)
{
	send(reader, reader->line, what, (struct slice){ "", 0 }, "");
}

/* The next line that says something. */
static bool read_line(struct reader *reader, struct slice *line)
{
	while (reader->at < reader->end) {
		const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
		const char *end = newline ? newline : reader->end;

		*line = trim((struct slice){ reader->at, (size_t)(end - reader->at) });
		reader->at = newline ? newline + 1 : reader->end;
		reader->line++;
		if (line->length && line->text[0] != '#')
			return true;
	}
	return false;
}

/* Decimal digits and nothing else. */
static bool read_number(struct slice digits, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < digits.length; i++) {
		if (digits.text[i] < '0' || digits.text[i] > '9' || *value > (UINT64_MAX - 9) / 10)
			return false;
		*value = *value * 10 + (uint64_t)(digits.text[i] - '0');
	}
	return digits.length != 0;
}

static const char kind_names[] = "leak"
#define MD_ERROR(name, slug, title, hint) "," slug
#include "src/error.def"
#undef MD_ERROR
	;

/* 0, after complaining, if there is no such kind. */
static uint64_t read_kind(struct reader *reader, struct slice word)
{
	const char *list = kind_names, *name;
	size_t length;

	for (int i = -1; (name = md_word_next(&list, &length)); i++)
		if (md_word_equal(word.text, word.length, name, length))
			return i < 0 ? MD_SUPPRESS_LEAKS : MD_SUPPRESS_ERROR(i);
	char nearest[64] = "'; the nearest is ";
	size_t used = strlen(nearest);

	md_word_nearest(kind_names, word.text, word.length, &name, &length);
	memcpy(nearest + used, name, length < sizeof nearest - used - 1 ? length : sizeof nearest - used - 1);
	send(reader, reader->line, "there is nothing to suppress by the name '", word, nearest);
	return 0;
}

/* Whoever adds an entry first asks for it, then for its lines, then finishes it; nothing else takes memory in between. */
static struct md_suppression *begin_entry(struct reader *reader)
{
	struct md_suppression *entry = take(reader->suppressions, sizeof *entry, _Alignof(struct md_suppression));

	if (entry)
		*entry = (struct md_suppression){ .file = reader->file, .line = reader->line, .max = MD_SUPPRESS_UNLIMITED };
	return entry;
}

static struct md_suppress_line *add_line(
	struct reader *reader, struct md_suppression *entry, enum md_suppress_line_kind kind, struct slice text)
{
	struct md_suppress_line *line = take(reader->suppressions, sizeof *line, _Alignof(struct md_suppress_line));

	if (!line)
		return NULL;
	*line = (struct md_suppress_line){ .text = text.text, .length = (uint32_t)text.length, .kind = kind };
	if (!entry->line_count++)
		entry->lines = line;
	return line;
}

static bool end_entry(struct reader *reader, struct md_suppression *entry, struct slice name)
{
	struct md_suppressions *suppressions = reader->suppressions;
	char *pattern = take(suppressions, name.length + 1, 1);

	if (!pattern)
		return false;
	memcpy(pattern, name.text, name.length);
	pattern[name.length] = '\0';
	entry->pattern = pattern;
	if (suppressions->last)
		suppressions->last->next = entry;
	else
		suppressions->first = entry;
	suppressions->last = entry;
	reader->added++;
	return true;
}

static void complain_full(struct reader *reader)
{
	complain(reader, "there is no room for more suppressions: those from here on are not used");
	reader->full = true;
}

/* --- LeakSanitizer's lines -------------------------------------------------------- */

/* Takes " max=N" off the end. False if it is there and no number. */
static bool read_max(struct slice *pattern, uint64_t *max)
{
	size_t at = pattern->length;

	while (at && !is_space(pattern->text[at - 1]))
		at--;
	struct slice word = { pattern->text + at, pattern->length - at };

	if (!at || !slice_starts(word, "max="))
		return true;
	if (!read_number(skip(word, 4), max))
		return false;
	pattern->length = at;
	*pattern = trim(*pattern);
	return true;
}

static void read_pattern_line(struct reader *reader, struct slice line)
{
	const char *colon = memchr(line.text, ':', line.length);
	size_t before = reader->suppressions->taken;
	uint64_t max = MD_SUPPRESS_UNLIMITED;

	if (!colon) {
		send(reader, reader->line, "not understood: '", line,
			"'; a suppression is KIND:PATTERN, such as leak:function, or an entry in braces");
		return;
	}
	size_t kind_length = (size_t)(colon - line.text);
	uint64_t kinds = read_kind(reader, trim((struct slice){ line.text, kind_length }));
	struct slice pattern = skip(line, kind_length + 1);

	if (!kinds)
		return;
	if (!read_max(&pattern, &max)) {
		complain(reader, "max= takes a number of blocks");
		return;
	}
	if (!pattern.length) {
		complain(reader, "the pattern is missing; * stands for everything");
		return;
	}
	struct md_suppression *entry = begin_entry(reader);

	if (entry && add_line(reader, entry, MD_SUPPRESS_PART, pattern) && end_entry(reader, entry, line)) {
		entry->kinds = kinds;
		entry->max = max;
		return;
	}
	reader->suppressions->taken = before;
	complain_full(reader);
}

/* --- Valgrind's entries -------------------------------------------------------------- */

/* "Memcheck,Addrcheck:Leak": 0 for what is another tool's, or none of our business, or, after complaining, bad. */
static uint64_t read_tool(struct reader *reader, struct slice line)
{
	const char *colon = memchr(line.text, ':', line.length);

	if (!colon) {
		send(reader, reader->line, "not understood: '", line, "'; the second line of an entry is TOOL:KIND, such as Memcheck:Leak");
		return 0;
	}
	struct slice tools = { line.text, (size_t)(colon - line.text) }, kind = skip(line, tools.length + 1), tool;

	while (next_word(&tools, &tool)) {
		if (slice_is(tool, "malloc-debug"))
			return read_kind(reader, kind);
		if (slice_is(tool, "Memcheck") && slice_is(kind, "Leak"))
			return MD_SUPPRESS_LEAKS;
		if (slice_is(tool, "Memcheck") && slice_is(kind, "Free"))
			return MD_SUPPRESS_ERROR(MD_ERROR_BAD_FREE) | MD_SUPPRESS_ERROR(MD_ERROR_DOUBLE_FREE) |
				MD_SUPPRESS_ERROR(MD_ERROR_ALLOC_DEALLOC_MISMATCH);
	}
	return 0;
}

static bool read_leak_kinds(struct reader *reader, struct slice list, uint64_t *kinds)
{
	static const struct {
		const char *name;
		uint64_t kinds;
	} names[] = {
		{ "definite", MD_SUPPRESS_LEAK(MD_LEAK_DIRECT) },
		{ "indirect", MD_SUPPRESS_LEAK(MD_LEAK_INDIRECT) },
		{ "possible", MD_SUPPRESS_LEAK(MD_LEAK_POSSIBLE) },
		{ "reachable", MD_SUPPRESS_LEAK(MD_LEAK_REACHABLE) },
		{ "all", MD_SUPPRESS_LEAKS },
		{ "none", 0 },
	};
	struct slice word;

	*kinds = 0;
	while (next_word(&list, &word)) {
		size_t i = 0;

		while (i < sizeof names / sizeof *names && !slice_is(word, names[i].name))
			i++;
		if (i == sizeof names / sizeof *names) {
			send(reader, reader->line, "not understood: '", word,
				"'; kinds of leaks are definite, indirect, possible, reachable, all and none");
			return false;
		}
		*kinds |= names[i].kinds;
	}
	return true;
}

/* "file.c:17": the line number, if it has one, is told apart. */
static void split_source(struct md_suppress_line *line)
{
	size_t colon = line->length;
	uint64_t number;

	while (colon && line->text[colon - 1] != ':')
		colon--;
	if (!colon || !read_number((struct slice){ line->text + colon, line->length - colon }, &number) || number > UINT32_MAX)
		return;
	line->length = (uint32_t)colon - 1;
	line->source_line = (uint32_t)number;
}

/* One frame of an entry. False, after complaining, if it is none. */
static bool read_frame(struct reader *reader, struct md_suppression *entry, struct slice line)
{
	static const struct {
		const char *word;
		enum md_suppress_line_kind kind;
	} words[] = { { "fun:", MD_SUPPRESS_FUNCTION }, { "obj:", MD_SUPPRESS_MODULE }, { "src:", MD_SUPPRESS_SOURCE } };
	struct md_suppress_line *added = NULL;

	if (slice_is(line, "...")) {
		added = add_line(reader, entry, MD_SUPPRESS_FRAMES, line);
	} else {
		size_t i = 0;

		while (i < sizeof words / sizeof *words && !slice_starts(line, words[i].word))
			i++;
		if (i == sizeof words / sizeof *words) {
			send(reader, reader->line, "not understood: '", line, "'; a frame is fun:FUNCTION, obj:MODULE, src:FILE or ...");
			return false;
		}
		added = add_line(reader, entry, words[i].kind, skip(line, strlen(words[i].word)));
		if (added && added->kind == MD_SUPPRESS_SOURCE)
			split_source(added);
	}
	if (!added)
		complain_full(reader);
	return added != NULL;
}

static bool names_a_frame(const struct md_suppression *entry)
{
	for (size_t i = 0; i < entry->line_count; i++)
		if (entry->lines[i].kind != MD_SUPPRESS_FRAMES)
			return true;
	return false;
}

/* A line inside an entry, which must end before the next one begins. False at its end; *closed says whether that is a closing brace. */
static bool read_entry_line(struct reader *reader, struct slice *line, bool *closed)
{
	const char *at = reader->at;
	unsigned number = reader->line;

	*closed = false;
	if (!read_line(reader, line))
		return false;
	if (slice_is(*line, "{")) { /* the brace was forgotten: that line is still to be read */
		reader->at = at;
		reader->line = number;
		return false;
	}
	*closed = slice_is(*line, "}");
	return !*closed;
}

/* What stands between the second line of an entry and its closing brace. False if the entry is of no use. */
static bool read_frames(struct reader *reader, struct md_suppression *entry, bool *closed)
{
	bool good = true;
	struct slice line;

	while (read_entry_line(reader, &line, closed)) {
		uint64_t kinds;

		if (!good)
			continue; /* one complaint is enough for an entry */
		if (!slice_starts(line, "match-leak-kinds:"))
			good = read_frame(reader, entry, line);
		else if ((good = read_leak_kinds(reader, skip(line, strlen("match-leak-kinds:")), &kinds)))
			entry->kinds &= kinds | ~MD_SUPPRESS_LEAKS;
	}
	if (good && *closed && !names_a_frame(entry)) {
		complain(reader, "the entry names no frame: it would suppress everything");
		good = false;
	}
	return good;
}

static void read_braces(struct reader *reader)
{
	unsigned begin = reader->line;
	size_t before = reader->suppressions->taken;
	struct md_suppression *entry = begin_entry(reader);
	struct slice name, line;
	bool closed, good = false;

	if (!entry) {
		complain_full(reader);
		return;
	}
	if (read_entry_line(reader, &name, &closed) && read_entry_line(reader, &line, &closed)) {
		entry->kinds = read_tool(reader, line);
		if (entry->kinds)
			good = read_frames(reader, entry, &closed);
		else
			while (read_entry_line(reader, &line, &closed))
				; /* another tool's, or bad */
	} else if (closed) {
		complain(reader, "the entry ends before its second line: a name, and TOOL:KIND, such as Memcheck:Leak");
	}
	if (!closed)
		send(reader, begin, "the entry that begins here has no closing brace", (struct slice){ "", 0 }, "");
	if (closed && good && entry->kinds) {
		if (end_entry(reader, entry, name))
			return;
		complain_full(reader);
	}
	reader->suppressions->taken = before;
}

size_t md_suppressions_parse(struct md_suppressions *suppressions, const char *text, size_t length, const char *file,
	md_suppressions_complain *complain_to, void *context)
{
	struct reader reader = {
		.suppressions = suppressions,
		.at = text,
		.end = text + length,
		.file = file,
		.complain = complain_to,
		.context = context,
	};
	struct slice line;

	if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* some editors begin a file with that */
		reader.at += 3;
	while (!reader.full && read_line(&reader, &line)) {
		if (slice_is(line, "{"))
			read_braces(&reader);
		else if (slice_is(line, "}"))
			complain(&reader, "a closing brace without an entry");
		else
			read_pattern_line(&reader, line);
	}
	return reader.added;
}
