/* SPDX-License-Identifier: MIT
 *
 * Whether a text is one JSON value (RFC 8259) in valid UTF-8, and nothing else: for tests of what writes JSON.
 */
#ifndef JSON_CHECK_H
#define JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct json_check {
	const unsigned char *at, *end;
};

static inline bool json_take(struct json_check *json, char c)
{
	if (json->at == json->end || *json->at != (unsigned char)c)
		return false;
	json->at++;
	return true;
}

static inline bool json_digits(struct json_check *json)
{
	const unsigned char *begin = json->at;

	while (json->at < json->end && *json->at >= '0' && *json->at <= '9')
		json->at++;
	return json->at > begin && (*begin != '0' || json->at == begin + 1);
}

static inline bool json_character(struct json_check *json)
{
	unsigned char first = *json->at++;
	size_t more = first < 0x80                  ? 0
		: first >> 5 == 6 && first >= 0xc2  ? 1
		: first >> 4 == 14                  ? 2
		: first >> 3 == 30 && first <= 0xf4 ? 3
						    : 9;

	if (first < 0x20 || more == 9 || (size_t)(json->end - json->at) < more)
		return false;
	if (more &&
		((first == 0xe0 && *json->at < 0xa0) || (first == 0xed && *json->at >= 0xa0) || (first == 0xf0 && *json->at < 0x90) ||
			(first == 0xf4 && *json->at >= 0x90)))
		return false;
	while (more--)
		if ((*json->at++ & 0xc0) != 0x80)
			return false;
	return true;
}

static inline bool json_escape(struct json_check *json)
{
	if (json->at == json->end || !*json->at || !strchr("\"\\/bfnrtu", *json->at))
		return false;
	if (*json->at++ != 'u')
		return true;
	for (int i = 0; i < 4; i++, json->at++)
		if (json->at == json->end || !*json->at || !strchr("0123456789abcdefABCDEF", *json->at))
			return false;
	return true;
}

static inline bool json_string(struct json_check *json)
{
	if (!json_take(json, '"'))
		return false;
	while (json->at < json->end && *json->at != '"')
		if (json_take(json, '\\') ? !json_escape(json) : !json_character(json))
			return false;
	return json_take(json, '"');
}

static inline bool json_value(struct json_check *json);

static inline bool json_container(struct json_check *json, bool object)
{
	char close = object ? '}' : ']';

	if (json_take(json, close))
		return true;
	do {
		if (object && !(json_string(json) && json_take(json, ':')))
			return false;
		if (!json_value(json))
			return false;
	} while (json_take(json, ','));
	return json_take(json, close);
}

static inline bool json_word(struct json_check *json, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(json->end - json->at) < length || memcmp(json->at, word, length) != 0)
		return false;
	json->at += length;
	return true;
}

/* As our writers do it: no white space. */
static inline bool json_value(struct json_check *json)
{
	if (json_take(json, '{'))
		return json_container(json, true);
	if (json_take(json, '['))
		return json_container(json, false);
	if (json->at < json->end && *json->at == '"')
		return json_string(json);
	if (json_word(json, "true") || json_word(json, "false") || json_word(json, "null"))
		return true;
	json_take(json, '-');
	return json_digits(json) &&
		(!json_take(json, '.') ||
			(json->at < json->end && strspn((const char *)json->at, "0123456789") &&
				(json->at += strspn((const char *)json->at, "0123456789"))));
}

/* text[bytes] has to be a NUL, or anything that is no digit. */
static inline bool json_is_valid(const char *text, size_t bytes)
{
	struct json_check json = { (const unsigned char *)text, (const unsigned char *)text + bytes };

	return json_value(&json) && json.at == json.end;
}

#endif
