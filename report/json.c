/* SPDX-License-Identifier: MIT */
#include "report/json.h"

#include <string.h>

void md_json_init(struct md_json *json, struct md_text *text, size_t reserve)
{
	json->text = text;
	json->reserve = reserve;
	json->depth = 0;
	json->lost = 0;
	json->cut = false;
	json->for_page = false;
}

/* Bytes that may still be written, with all brackets closed afterwards. */
static size_t room(const struct md_json *json)
{
	size_t used = json->text->length + json->depth + json->reserve;

	return used < json->text->capacity ? json->text->capacity - used : 0;
}

/* Writes the comma and the key of a member. Returns whether the container is still taking any. */
static bool begin_member(struct md_json *json, const char *key)
{
	struct md_json_level *level = json->depth ? &json->levels[json->depth - 1] : NULL;

	if (json->cut)
		return false;
	if (level && level->has_members)
		md_text_char(json->text, ',');
	if (key)
		md_textf(json->text, "\"%s\":", key);
	return true;
}

/* The member that began at length `begin` is complete, unless it went too far: then it is taken back. */
static void end_member(struct md_json *json, size_t begin, size_t room_before)
{
	if (json->text->cut || json->text->length - begin > room_before) {
		json->text->length = begin;
		json->text->cut = false;
		json->cut = true;
	} else if (json->depth) {
		json->levels[json->depth - 1].has_members = true;
	}
}

static void open(struct md_json *json, const char *key, bool is_object)
{
	size_t begin = json->text->length, before = room(json);
	bool had_members = json->depth && json->levels[json->depth - 1].has_members;

	if (json->depth == MD_JSON_DEPTH_MAX)
		json->cut = true;
	if (!begin_member(json, key)) {
		json->lost++;
		return;
	}
	md_text_char(json->text, is_object ? '{' : '[');
	end_member(json, begin, before ? before - 1 : 0); /* its bracket needs room, too */
	if (json->cut) {
		json->lost++;
		return;
	}
	json->levels[json->depth++] = (struct md_json_level){ .begin = begin, .is_object = is_object, .parent_had_members = had_members };
}

void md_json_object(struct md_json *json, const char *key)
{
	open(json, key, true);
}

void md_json_array(struct md_json *json, const char *key)
{
	open(json, key, false);
}

void md_json_end(struct md_json *json)
{
	if (json->lost) {
		json->lost--;
		return;
	}
	const struct md_json_level *level = &json->levels[--json->depth];

	if (json->cut && level->is_object && json->depth) {
		json->text->length = level->begin;
		json->levels[json->depth - 1].has_members = level->parent_had_members;
	} else {
		md_text_char(json->text, level->is_object ? '}' : ']');
	}
}

static void put_character(struct md_json *json, uint32_t code, const unsigned char *bytes, size_t length)
{
	static const char *const shorts[0x20] = { ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r" };
	struct md_text *text = json->text;

	if (code == '"' || code == '\\') {
		md_text_char(text, '\\');
		md_text_char(text, (char)code);
	} else if (code < 0x20 && shorts[code]) {
		md_text_put(text, shorts[code]);
	} else if (code < 0x20 || code == 0x7f || code == 0x2028 || code == 0x2029 || (code == '<' && json->for_page)) {
		md_text_put(text, "\\u");
		md_text_hex(text, code, 4);
	} else {
		md_text_put_n(text, (const char *)bytes, length);
	}
}

void md_json_string_n(struct md_json *json, const char *key, const char *string, size_t bytes)
{
	const unsigned char *at = (const unsigned char *)string, *end = at + bytes;
	size_t begin = json->text->length, before = room(json);

	if (!begin_member(json, key))
		return;
	md_text_char(json->text, '"');
	while (at < end && !json->text->cut) {
		uint32_t code = 0;
		size_t length = md_utf8_decode(at, (size_t)(end - at), &code);

		if (length)
			put_character(json, code, at, length);
		else
			md_text_put(json->text, "\xef\xbf\xbd"); /* U+FFFD */
		at += length ? length : 1;
	}
	md_text_char(json->text, '"');
	end_member(json, begin, before);
}

void md_json_string(struct md_json *json, const char *key, const char *string)
{
	if (string)
		md_json_string_n(json, key, string, strlen(string));
}

void md_json_uint(struct md_json *json, const char *key, uint64_t value)
{
	size_t begin = json->text->length, before = room(json);

	if (!begin_member(json, key))
		return;
	md_text_uint(json->text, value);
	end_member(json, begin, before);
}

void md_json_int(struct md_json *json, const char *key, int64_t value)
{
	size_t begin = json->text->length, before = room(json);

	if (!begin_member(json, key))
		return;
	md_text_int(json->text, value);
	end_member(json, begin, before);
}

void md_json_bool(struct md_json *json, const char *key, bool value)
{
	size_t begin = json->text->length, before = room(json);

	if (!begin_member(json, key))
		return;
	md_text_put(json->text, value ? "true" : "false");
	end_member(json, begin, before);
}

void md_json_seconds(struct md_json *json, const char *key, double seconds)
{
	size_t begin = json->text->length, before = room(json);

	if (!(seconds >= 0 && seconds < 1e12)) /* written so that a NaN ends here, too */
		return;
	uint64_t micros = (uint64_t)(seconds * 1e6 + 0.5);

	if (!begin_member(json, key))
		return;
	md_text_uint(json->text, micros / 1000000);
	md_text_char(json->text, '.');
	for (uint64_t rest = micros % 1000000, scale = 100000; scale; scale /= 10)
		md_text_char(json->text, (char)('0' + rest / scale % 10));
	end_member(json, begin, before);
}

void md_json_address(struct md_json *json, const char *key, uintptr_t addr)
{
	size_t begin = json->text->length, before = room(json);

	if (!begin_member(json, key))
		return;
	md_textf(json->text, "\"0x%lx\"", (uint64_t)addr);
	end_member(json, begin, before);
}

void md_json_hex(struct md_json *json, const char *key, const unsigned char *bytes, size_t count)
{
	size_t begin = json->text->length, before = room(json);

	if (!begin_member(json, key))
		return;
	md_text_char(json->text, '"');
	for (size_t i = 0; i < count && !json->text->cut; i++)
		md_text_hex(json->text, bytes[i], 2);
	md_text_char(json->text, '"');
	end_member(json, begin, before);
}

static bool is_plain_in_uri(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("/-._~+@=,", c));
}

void md_json_uri(struct md_json *json, const char *key, const char *path)
{
	size_t begin = json->text->length, before = room(json);

	if (!begin_member(json, key))
		return;
	md_text_put(json->text, path[0] == '/' ? "\"file://" : "\"");
	for (const unsigned char *at = (const unsigned char *)path; *at && !json->text->cut; at++) {
		if (is_plain_in_uri(*at)) {
			md_text_char(json->text, (char)*at);
		} else {
			md_text_char(json->text, '%');
			md_text_char(json->text, "0123456789ABCDEF"[*at >> 4]);
			md_text_char(json->text, "0123456789ABCDEF"[*at & 15]);
		}
	}
	md_text_char(json->text, '"');
	end_member(json, begin, before);
}

void md_json_use_reserve(struct md_json *json)
{
	json->reserve = 0;
	json->cut = false;
}
