/* SPDX-License-Identifier: MIT */
#include "tools/json_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES (256u << 10)

/* Chunks of memory, newest first. One that is filled stays as it is, so nodes never move. */
struct md_json_memory {
	struct md_json_memory *before;
	size_t used, room;
	_Alignas(16) char bytes[];
};

struct parser {
	struct md_json_reader *reader;
	const char *text;
	size_t at, end;
	unsigned depth;
	bool failed;
};

static void *fail(struct parser *parser, const char *problem)
{
	if (!parser->failed) {
		parser->failed = true;
		parser->reader->problem = problem;
		parser->reader->problem_at = parser->at;
	}
	return NULL;
}

/* Keeps the largest chunk for the next text: after a few lines all fit into one. */
static void forget(struct md_json_reader *reader)
{
	struct md_json_memory *keep = reader->memory;

	if (!keep)
		return;
	for (struct md_json_memory *chunk = keep->before, *before; chunk; chunk = before) {
		before = chunk->before;
		free(chunk);
	}
	keep->before = NULL;
	keep->used = 0;
}

static void *take(struct parser *parser, size_t bytes)
{
	struct md_json_memory *chunk = parser->reader->memory;

	bytes = (bytes + 15) & ~(size_t)15;
	if (!chunk || chunk->room - chunk->used < bytes) {
		size_t room = chunk ? 2 * chunk->room : CHUNK_BYTES;
		struct md_json_memory *fresh;

		while (room < bytes)
			room *= 2;
		fresh = malloc(sizeof *fresh + room);
		if (!fresh)
			return fail(parser, "not enough memory");
		*fresh = (struct md_json_memory){ .before = chunk, .room = room };
		parser->reader->memory = chunk = fresh;
	}
	chunk->used += bytes;
	return chunk->bytes + chunk->used - bytes;
}

static int peek(const struct parser *parser)
{
	return parser->at < parser->end ? (unsigned char)parser->text[parser->at] : -1;
}

static void skip_space(struct parser *parser)
{
	for (int c = peek(parser); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(parser))
		parser->at++;
}

/* --- strings ------------------------------------------------------------------- */

/* Bytes of the well-formed character of UTF-8 that begins at `at`, which is none of ASCII; 0 if there is none. */
static size_t measure_character(const unsigned char *at, size_t left)
{
	unsigned low = 0x80, high = 0xbf;
	size_t bytes = at[0] >= 0xc2 && at[0] <= 0xdf ? 2 : (at[0] & 0xf0) == 0xe0 ? 3 : at[0] >= 0xf0 && at[0] <= 0xf4 ? 4 : 0;

	if (bytes == 0 || bytes > left)
		return 0;
	switch (at[0]) { /* no longer forms than needed, no surrogates, nothing above U+10FFFF */
	case 0xe0:
		low = 0xa0;
		break;
	case 0xed:
		high = 0x9f;
		break;
	case 0xf0:
		low = 0x90;
		break;
	case 0xf4:
		high = 0x8f;
		break;
	}
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < bytes; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return bytes;
}

static size_t put_character(char *to, unsigned code)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (char)(0xe0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 0x3f));
		to[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | code >> 18);
	to[1] = (char)(0x80 | (code >> 12 & 0x3f));
	to[2] = (char)(0x80 | (code >> 6 & 0x3f));
	to[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* Four hexadecimal digits; -1 if there are none. */
static int read_unit(struct parser *parser)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		int c = peek(parser);
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

		if (digit < 0) {
			fail(parser, "an escape without its four digits");
			return -1;
		}
		value = value << 4 | digit;
		parser->at++;
	}
	return value;
}

/* Behind a backslash. Returns the bytes that it stands for; 0 if it is damaged. */
static size_t read_escape(struct parser *parser, char *to)
{
	static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	int c = peek(parser), unit;
	const char *letter = c > 0 ? strchr(letters, c) : NULL;

	if (letter) {
		parser->at++;
		*to = means[letter - letters];
		return 1;
	}
	if (c != 'u') {
		fail(parser, "an unknown escape in a string");
		return 0;
	}
	parser->at++;
	unit = read_unit(parser);
	if (unit < 0)
		return 0;
	if (unit >= 0xd800 && unit < 0xdc00 && parser->end - parser->at >= 6 && !memcmp(parser->text + parser->at, "\\u", 2)) {
		size_t back = parser->at;
		int low;

		parser->at += 2;
		low = read_unit(parser);
		if (low < 0)
			return 0;
		if (low >= 0xdc00 && low < 0xe000)
			return put_character(to, 0x10000u + ((unsigned)(unit - 0xd800) << 10) + (unsigned)(low - 0xdc00));
		parser->at = back;
	}
	return put_character(to, unit == 0 || (unit >= 0xd800 && unit < 0xe000) ? 0xfffd : (unsigned)unit);
}

/* Ends of what can be copied as it is: a quote, a backslash, a control character, a byte that is not ASCII. */
static size_t span_plain(const char *text, size_t at, size_t end)
{
	while (at < end && (unsigned char)text[at] >= 0x20 && (unsigned char)text[at] < 0x80 && text[at] != '"' && text[at] != '\\')
		at++;
	return at;
}

static const char *read_string(struct parser *parser)
{
	size_t begin = ++parser->at, length = 0;
	size_t close = begin;
	char *string;

	/* An escape is never shorter than what it stands for, so the text up to the closing quote is room enough. */
	while (close < parser->end && parser->text[close] != '"')
		close += parser->text[close] == '\\' ? 2 : 1;
	if (close >= parser->end) {
		parser->at = parser->end;
		return fail(parser, "a string without end");
	}
	string = take(parser, close - begin + 1);
	while (string && parser->at < close) {
		size_t to = span_plain(parser->text, parser->at, close);

		memcpy(string + length, parser->text + parser->at, to - parser->at);
		length += to - parser->at;
		parser->at = to;
		if (to == close)
			break;
		if (parser->text[to] == '\\') {
			size_t bytes;

			parser->at++;
			bytes = read_escape(parser, string + length);
			if (!bytes)
				return NULL;
			length += bytes;
			continue;
		}
		if ((unsigned char)parser->text[to] < 0x20)
			return fail(parser, "a control character in a string");

		size_t bytes = measure_character((const unsigned char *)parser->text + to, close - to);

		if (!bytes)
			return fail(parser, "a string that is no UTF-8");
		memcpy(string + length, parser->text + to, bytes);
		length += bytes;
		parser->at += bytes;
	}
	if (!string)
		return NULL;
	string[length] = '\0';
	parser->at++;
	return string;
}

/* --- values --------------------------------------------------------------------- */

static bool read_digits(struct parser *parser)
{
	size_t begin = parser->at;

	while (peek(parser) >= '0' && peek(parser) <= '9')
		parser->at++;
	return parser->at > begin;
}

static bool read_number(struct parser *parser)
{
	bool good;

	if (peek(parser) == '-')
		parser->at++;
	if (peek(parser) == '0') {
		parser->at++;
		good = true;
	} else {
		good = read_digits(parser);
	}
	if (good && peek(parser) == '.') {
		parser->at++;
		good = read_digits(parser);
	}
	if (good && (peek(parser) == 'e' || peek(parser) == 'E')) {
		parser->at++;
		if (peek(parser) == '+' || peek(parser) == '-')
			parser->at++;
		good = read_digits(parser);
	}
	if (!good)
		fail(parser, "a number that is none");
	return good;
}

static bool read_word(struct parser *parser, const char *word)
{
	size_t length = strlen(word);

	if (parser->end - parser->at < length || memcmp(parser->text + parser->at, word, length)) {
		fail(parser, "a value that is none");
		return false;
	}
	parser->at += length;
	return true;
}

static struct md_value *read_value(struct parser *parser);

/* Elements or members, up to the closing bracket. */
static bool read_container(struct parser *parser, struct md_value *container, char close)
{
	const struct md_value **link = &container->first;

	if (++parser->depth > MD_JSON_READ_DEPTH_MAX) {
		fail(parser, "too many brackets in one another");
		return false;
	}
	parser->at++;
	skip_space(parser);
	if (peek(parser) == close) {
		parser->at++;
		parser->depth--;
		return true;
	}
	for (;;) {
		const char *name = NULL;
		struct md_value *value;

		skip_space(parser);
		if (container->kind == MD_VALUE_OBJECT) {
			if (peek(parser) != '"') {
				fail(parser, "a member without a name");
				return false;
			}
			name = read_string(parser);
			if (!name)
				return false;
			skip_space(parser);
			if (peek(parser) != ':') {
				fail(parser, "a member without a value");
				return false;
			}
			parser->at++;
		}
		value = read_value(parser);
		if (!value)
			return false;
		value->name = name;
		*link = value;
		link = &value->next;
		container->count++;
		skip_space(parser);
		if (peek(parser) == close) {
			parser->at++;
			parser->depth--;
			return true;
		}
		if (peek(parser) != ',') {
			fail(parser, parser->at == parser->end ? "it is cut off" : "something between two values");
			return false;
		}
		parser->at++;
	}
}

static const char *copy_text(struct parser *parser, size_t begin)
{
	size_t bytes = parser->at - begin;
	char *copy = take(parser, bytes + 1);

	if (!copy)
		return NULL;
	memcpy(copy, parser->text + begin, bytes);
	copy[bytes] = '\0';
	return copy;
}

static struct md_value *read_value(struct parser *parser)
{
	struct md_value *value = take(parser, sizeof *value);
	bool good;

	if (!value)
		return NULL;
	skip_space(parser);
	*value = (struct md_value){ .begin = parser->at };
	switch (peek(parser)) {
	case '{':
		value->kind = MD_VALUE_OBJECT;
		good = read_container(parser, value, '}');
		break;
	case '[':
		value->kind = MD_VALUE_ARRAY;
		good = read_container(parser, value, ']');
		break;
	case '"':
		value->kind = MD_VALUE_STRING;
		value->text = read_string(parser);
		good = value->text;
		break;
	case 't':
		value->kind = MD_VALUE_BOOL;
		value->truth = true;
		good = read_word(parser, "true");
		break;
	case 'f':
		value->kind = MD_VALUE_BOOL;
		good = read_word(parser, "false");
		break;
	case 'n':
		good = read_word(parser, "null");
		break;
	case -1:
		good = fail(parser, "it is cut off");
		break;
	default:
		value->kind = MD_VALUE_NUMBER;
		good = read_number(parser);
		value->text = good ? copy_text(parser, value->begin) : NULL;
		good = value->text;
	}
	value->end = parser->at;
	return good ? value : NULL;
}

const struct md_value *md_json_read(struct md_json_reader *reader, const char *text, size_t bytes)
{
	struct parser parser = { .reader = reader, .text = text, .end = bytes };
	struct md_value *value;

	forget(reader);
	reader->problem = NULL;
	value = read_value(&parser);
	if (!value)
		return NULL;
	skip_space(&parser);
	return parser.at == bytes ? value : fail(&parser, "something behind the end");
}

void md_json_reader_destroy(struct md_json_reader *reader)
{
	forget(reader);
	free(reader->memory);
	reader->memory = NULL;
}

/* --- members ----------------------------------------------------------------------- */

const struct md_value *md_value_get(const struct md_value *object, const char *name)
{
	if (!object || object->kind != MD_VALUE_OBJECT)
		return NULL;
	for (const struct md_value *member = object->first; member; member = member->next)
		if (!strcmp(member->name, name))
			return member;
	return NULL;
}

static const char *get_text(const struct md_value *object, const char *name, enum md_value_kind kind)
{
	const struct md_value *value = md_value_get(object, name);

	return value && value->kind == kind ? value->text : NULL;
}

const char *md_value_string(const struct md_value *object, const char *name)
{
	return get_text(object, name, MD_VALUE_STRING);
}

bool md_value_uint(const struct md_value *object, const char *name, uint64_t *value)
{
	const char *text = get_text(object, name, MD_VALUE_NUMBER);
	uint64_t sum = 0;

	if (!text)
		return false;
	for (; *text; text++)
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, (uint64_t)(*text - '0'), &sum))
			return false;
	*value = sum;
	return true;
}

uint64_t md_value_uint_or(const struct md_value *object, const char *name, uint64_t otherwise)
{
	uint64_t value;

	return md_value_uint(object, name, &value) ? value : otherwise;
}

bool md_value_double(const struct md_value *object, const char *name, double *value)
{
	const char *text = get_text(object, name, MD_VALUE_NUMBER);

	if (!text)
		return false;
	*value = strtod(text, NULL);
	return isfinite(*value);
}

bool md_value_address(const struct md_value *object, const char *name, uint64_t *value)
{
	const char *text = md_value_string(object, name);
	uint64_t sum = 0;
	size_t digits = 0;

	if (!text || text[0] != '0' || text[1] != 'x')
		return false;
	for (text += 2; *text; text++, digits++) {
		int digit = *text >= '0' && *text <= '9' ? *text - '0' : *text >= 'a' && *text <= 'f' ? *text - 'a' + 10 : -1;

		if (digit < 0 || digits == 16)
			return false;
		sum = sum << 4 | (unsigned)digit;
	}
	*value = sum;
	return digits > 0;
}

bool md_value_true(const struct md_value *object, const char *name)
{
	const struct md_value *value = md_value_get(object, name);

	return value && value->kind == MD_VALUE_BOOL && value->truth;
}

const struct md_value *md_value_elements(const struct md_value *object, const char *name)
{
	const struct md_value *value = md_value_get(object, name);

	return value && value->kind == MD_VALUE_ARRAY ? value->first : NULL;
}
