/* SPDX-License-Identifier: MIT */
#include "src/options_value.h"

#include <string.h>

#include "src/words.h"

#define BOOL_WORDS "no,yes,off,on,false,true,0,1" /* odd ones are true */

static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A' + 10);
	return 16;
}

enum md_number_error md_number_parse(const char **text, const char *end, bool octal_too, uint64_t *value)
{
	const char *at = *text;
	unsigned base = 10;
	bool overflow = false, negative = at < end && *at == '-';

	if (negative)
		at++;
	if (end - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X') && digit_of(at[2]) < 16) {
		base = 16;
		at += 2;
	} else if (octal_too && end - at > 1 && at[0] == '0' && digit_of(at[1]) < 8) {
		base = 8;
	}
	if (at == end || digit_of(*at) >= base)
		return MD_NUMBER_NONE;
	*value = 0;
	for (; at < end && digit_of(*at) < base; at++) {
		overflow |= __builtin_mul_overflow(*value, base, value);
		overflow |= __builtin_add_overflow(*value, digit_of(*at), value);
	}
	*text = at;
	if (negative && (overflow || *value))
		return MD_NUMBER_NEGATIVE;
	return overflow ? MD_NUMBER_OVERFLOW : MD_NUMBER_OK;
}

void md_size_put(struct md_line *line, uint64_t bytes)
{
	static const char units[] = "kMG";
	int unit = -1;

	while (unit < 2 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	md_line_put_uint(line, bytes);
	if (unit >= 0)
		md_line_put_n(line, &units[unit], 1);
}

static void put_number(struct md_line *line, enum md_option_kind kind, uint64_t value)
{
	if (kind == MD_KIND_SIZE)
		md_size_put(line, value);
	else
		md_line_put_uint(line, value);
}

/* "continue, abort, exit or pause" */
static void put_choices(struct md_line *line, const char *choices, const char *before_last)
{
	size_t length;
	const char *word = md_word_next(&choices, &length);

	while (word) {
		md_line_put_n(line, word, length);
		word = md_word_next(&choices, &length);
		if (word)
			md_line_put(line, choices ? ", " : before_last);
	}
}

void md_option_value_expect(const struct md_option_info *info, struct md_line *line)
{
	switch (info->kind) {
	case MD_KIND_BOOL:
		md_line_put(line, "yes or no");
		break;
	case MD_KIND_UINT:
	case MD_KIND_SIZE:
		md_line_put(line, info->kind == MD_KIND_SIZE ? "a size from " : "a number from ");
		put_number(line, info->kind, info->min);
		md_line_put(line, " to ");
		put_number(line, info->kind, info->max);
		break;
	case MD_KIND_ENUM:
		put_choices(line, info->choices, " or ");
		break;
	case MD_KIND_LIST:
		md_line_put(line, "any of ");
		put_choices(line, info->choices, ", ");
		break;
	case MD_KIND_TEXT:
		md_line_put(line, "a text of at most ");
		md_line_put_uint(line, MD_OPTION_TEXT_MAX - 1);
		md_line_put(line, " bytes");
		break;
	}
}

static bool refuse(struct md_line *why, const char *reason, const struct md_option_info *info)
{
	md_line_put(why, reason);
	md_line_put(why, "; expected is ");
	md_option_value_expect(info, why);
	return false;
}

static bool refuse_trailing(struct md_line *why, const char *at, const char *end)
{
	md_line_put(why, "text after the number: \"");
	md_line_put_input(why, at, (size_t)(end - at));
	md_line_put(why, "\"");
	return false;
}

static bool check_bounds(
	enum md_number_error error, enum md_option_kind kind, uint64_t min, uint64_t max, uint64_t value, struct md_line *why)
{
	if (error == MD_NUMBER_OK && value >= min && value <= max)
		return true;
	if (error == MD_NUMBER_OVERFLOW || (error == MD_NUMBER_OK && value > max)) {
		md_line_put(why, "too large; the most is ");
		put_number(why, kind, max);
	} else {
		md_line_put(why, error == MD_NUMBER_NEGATIVE ? "negative; the least is " : "too small; the least is ");
		put_number(why, kind, min);
	}
	return false;
}

bool md_number_parse_within(
	const char *text, size_t length, bool octal_too, uint64_t min, uint64_t max, uint64_t *value, struct md_line *why)
{
	const struct md_option_info any = { .kind = MD_KIND_UINT, .min = min, .max = max };
	const char *at = text, *end = text + length;
	enum md_number_error error = md_number_parse(&at, end, octal_too, value);

	if (error == MD_NUMBER_NONE)
		return refuse(why, length ? "not a number" : "no value", &any);
	if (at < end)
		return refuse_trailing(why, at, end);
	return check_bounds(error, MD_KIND_UINT, min, max, *value, why);
}

static bool parse_size(const struct md_option_info *info, const char *text, size_t length, uint64_t *value, struct md_line *why)
{
	const char *at = text, *end = text + length;
	enum md_number_error error = md_number_parse(&at, end, false, value);
	unsigned shift = 0;

	if (error == MD_NUMBER_NONE)
		return refuse(why, length ? "not a number" : "no value", info);
	if (at < end) {
		switch (*at) {
		case 'k':
		case 'K':
			shift = 10;
			break;
		case 'm':
		case 'M':
			shift = 20;
			break;
		case 'g':
		case 'G':
			shift = 30;
			break;
		}
		at += shift != 0;
	}
	if (at < end) {
		refuse_trailing(why, at, end);
		md_line_put(why, "; a size may end in k, M or G");
		return false;
	}
	if (error == MD_NUMBER_OK && __builtin_mul_overflow(*value, 1ull << shift, value))
		error = MD_NUMBER_OVERFLOW;
	return check_bounds(error, MD_KIND_SIZE, info->min, info->max, *value, why);
}

/* Index of a word in choices. False: why names the nearest. */
static bool parse_choice(const char *choices, const char *typed, size_t length, uint64_t *index, struct md_line *why)
{
	const char *word = "";
	size_t word_length = 0;

	*index = md_word_nearest(choices, typed, length, &word, &word_length);
	if (md_word_equal(typed, length, word, word_length))
		return true;
	md_line_put(why, "\"");
	md_line_put_input(why, typed, length);
	md_line_put(why, "\" is not one of ");
	put_choices(why, choices, ", ");
	md_line_put(why, "; the nearest is ");
	md_line_put_n(why, word, word_length);
	return false;
}

static bool parse_list(const char *choices, const char *text, size_t length, uint64_t *bits, struct md_line *why)
{
	const char *at = text, *end = text + length;
	uint64_t index;

	*bits = 0;
	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		size_t word_length = (size_t)((comma ? comma : end) - at);

		if (!parse_choice(choices, at, word_length, &index, why))
			return false;
		*bits |= 1ull << index;
		at += word_length + (comma != NULL);
	}
	return true;
}

bool md_option_value_parse(const struct md_option_info *info, const char *text, size_t length, uint64_t *number, struct md_line *why)
{
	if (length >= MD_OPTION_TEXT_MAX) { /* whatever the kind: the list's reader keeps no more */
		md_line_put(why, "too long; the most is ");
		md_line_put_uint(why, MD_OPTION_TEXT_MAX - 1);
		md_line_put(why, " bytes");
		return false;
	}
	switch (info->kind) {
	case MD_KIND_BOOL:
		if (!length)
			return refuse(why, "no value", info);
		if (!parse_choice(BOOL_WORDS, text, length, number, why))
			return false;
		*number &= 1;
		return true;
	case MD_KIND_UINT:
		return md_number_parse_within(text, length, false, info->min, info->max, number, why);
	case MD_KIND_SIZE:
		return parse_size(info, text, length, number, why);
	case MD_KIND_ENUM:
		return length ? parse_choice(info->choices, text, length, number, why) : refuse(why, "no value", info);
	case MD_KIND_LIST:
		return parse_list(info->choices, text, length, number, why);
	case MD_KIND_TEXT:
		return true;
	}
	return false;
}

static bool shown_in_hex(const struct md_option_info *info)
{
	static const char suffix[] = "_byte"; /* fill bytes are looked for in hexdumps */
	size_t length = strlen(info->name);

	return length >= sizeof suffix && !strcmp(info->name + length - (sizeof suffix - 1), suffix);
}

static void put_value(struct md_line *out, const struct md_option_info *info, uint64_t value)
{
	const char *choices = info->choices, *word;
	size_t length;
	bool first = true;

	switch (info->kind) {
	case MD_KIND_BOOL:
		md_line_put(out, value ? "yes" : "no");
		break;
	case MD_KIND_UINT:
		if (shown_in_hex(info)) {
			char digits[] = { '0', 'x', "0123456789abcdef"[value >> 4 & 15], "0123456789abcdef"[value & 15] };

			md_line_put_n(out, digits, sizeof digits);
		} else {
			md_line_put_uint(out, value);
		}
		break;
	case MD_KIND_SIZE:
		md_size_put(out, value);
		break;
	case MD_KIND_ENUM:
	case MD_KIND_LIST:
		for (uint64_t i = 0; (word = md_word_next(&choices, &length)); i++) {
			if (info->kind == MD_KIND_ENUM ? value != i : !(value >> i & 1))
				continue;
			if (!first)
				md_line_put(out, ",");
			md_line_put_n(out, word, length);
			first = false;
		}
		break;
	case MD_KIND_TEXT:
		break;
	}
}

size_t md_options_value_text(const struct md_options *options, const struct md_option_info *info, char *buffer, size_t bytes)
{
	const void *field = (const char *)options + info->offset;
	struct md_line value;
	const char *text = field;
	uint64_t number;
	size_t length;

	if (info->kind != MD_KIND_TEXT) {
		memcpy(&number, field, sizeof number);
		md_line_init(&value);
		put_value(&value, info, number);
		text = value.text;
	}
	length = strlen(text);
	if (bytes) {
		size_t kept = length < bytes ? length : bytes - 1;

		memcpy(buffer, text, kept);
		buffer[kept] = '\0';
	}
	return length;
}
