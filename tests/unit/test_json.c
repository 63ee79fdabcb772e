/* SPDX-License-Identifier: MIT
 *
 * JSON: whatever is written, and however little room there is, what comes out is a JSON value.
 */
#include "report/json.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "report/parts_json.h"
#include "tests/unit/json_check.h"

static char buffer[65536];

static struct md_text text_of(size_t capacity)
{
	struct md_text text;

	memset(buffer, 0, sizeof buffer);
	md_text_init(&text, buffer, capacity, false);
	return text;
}

#define expect_json(text, wanted) \
	do { \
		buffer[(text)->length] = '\0'; /* what was taken back may still stand there */ \
		cr_expect(json_is_valid(buffer, (text)->length), "no JSON: %s", buffer); \
		cr_expect(strcmp(buffer, (wanted)) == 0, "got:\n%s\nwanted:\n%s", buffer, (wanted)); \
	} while (0)

Test(json, values)
{
	struct md_text text = text_of(sizeof buffer - 1);
	struct md_json json;

	md_json_init(&json, &text, 0);
	md_json_object(&json, NULL);
	md_json_uint(&json, "a", UINT64_MAX);
	md_json_int(&json, "b", INT64_MIN);
	md_json_bool(&json, "c", false);
	md_json_seconds(&json, "d", 1.0000004);
	md_json_seconds(&json, "unknown", -1);
	md_json_seconds(&json, "nan", 0.0 / 0.0);
	md_json_address(&json, "e", 0x7f00);
	md_json_hex(&json, "f", (const unsigned char *)"\x00\xff", 2);
	md_json_string(&json, "none", NULL);
	md_json_array(&json, "g");
	md_json_uint(&json, NULL, 1);
	md_json_object(&json, NULL);
	md_json_end(&json);
	md_json_end(&json);
	md_json_uri(&json, "h", "/home/a b/\xc3\xa4:%.c");
	md_json_uri(&json, "i", "src/a.c");
	md_json_end(&json);
	expect_json(&text,
		"{\"a\":18446744073709551615,\"b\":-9223372036854775808,\"c\":false,\"d\":1.000000,\"e\":\"0x7f00\",\"f\":\"00ff\",\"g\":[1,{}],"
		"\"h\":\"file:///home/a%20b/%C3%A4%3A%25.c\",\"i\":\"src/a.c\"}");
}

Test(json, strings)
{
	struct md_text text = text_of(sizeof buffer - 1);
	struct md_json json;

	md_json_init(&json, &text, 0);
	md_json_array(&json, NULL);
	md_json_string(&json, NULL, "a\"b\\c/\b\f\n\r\t\x01\x1f\x7f");
	md_json_string(&json, NULL, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"); /* whole characters stay */
	md_json_string(&json, NULL,
		"\xc3|\xe2\x82|\xff|\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80|"); /* cut, no lead, overlong, surrogate, too large */
	md_json_string(&json, NULL, "\xe2\x80\xa8\xe2\x80\xa9");
	md_json_string_n(&json, NULL, "a\0b\xc3", 4); /* a character cut by the end */
	md_json_end(&json);
	expect_json(&text,
		"[\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\",\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\","
		"\"\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|"
		"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|\",\"\\u2028\\u2029\",\"a\\u0000b\xef\xbf\xbd\"]");
}

/* Each byte, and each pair of bytes. */
Test(json, any_bytes)
{
	for (unsigned i = 0; i < 65536; i++) {
		char string[3] = { (char)(i >> 8), (char)i, 'x' };
		struct md_text text = text_of(64);
		struct md_json json;

		md_json_init(&json, &text, 0);
		md_json_array(&json, NULL);
		md_json_string_n(&json, NULL, string, 3);
		md_json_end(&json);
		cr_assert(json_is_valid(buffer, text.length), "%02x %02x: %s", i >> 8, i & 0xff, buffer);
	}
}

static void write_nested(struct md_json *json, unsigned depth)
{
	md_json_object(json, "nested");
	md_json_uint(json, "number", depth);
	md_json_array(json, "list");
	for (unsigned i = 0; i < 3; i++) {
		md_json_object(json, NULL);
		md_json_string(json, "text", "some \" text");
		md_json_address(json, "at", 0x1234);
		md_json_end(json);
	}
	md_json_end(json);
	if (depth)
		write_nested(json, depth - 1);
	md_json_end(json);
}

/* Objects inside are whole or not there; the reserve is kept for the end. */
Test(json, every_length)
{
	size_t whole = 0, cuts = 0;

	for (size_t capacity = 24; capacity < 2000 && !whole; capacity++) {
		struct md_text text = text_of(capacity);
		struct md_json json;

		md_json_init(&json, &text, 20);
		md_json_object(&json, NULL);
		write_nested(&json, 5);
		bool cut = json.cut;

		md_json_use_reserve(&json);
		if (cut)
			md_json_bool(&json, "cut", true);
		md_json_end(&json);
		cuts += cut;
		whole = cut ? 0 : capacity;
		cr_assert(text.length <= capacity && !text.cut);
		buffer[text.length] = '\0';
		cr_assert(json_is_valid(buffer, text.length), "%zu: %s", capacity, buffer);
		cr_assert(!cut || strstr(buffer, "\"cut\":true}"), "%zu: %s", capacity, buffer);
		for (const char *at = buffer; (at = strstr(at, "some")); at++)
			cr_assert(strncmp(at, "some \\\" text\",\"at\":\"0x1234\"}", 27) == 0, "%zu: %s", capacity, buffer);
	}
	cr_expect(whole > 100 && cuts > 100, "%zu %zu", whole, cuts);
}

Test(json, an_object_that_is_taken_back_leaves_no_comma)
{
	struct md_text text = text_of(40);
	struct md_json json;

	md_json_init(&json, &text, 20);
	md_json_object(&json, NULL);
	md_json_object(&json, "x");
	md_json_string(&json, "y", "far too long for what there is room for here");
	md_json_end(&json);
	md_json_use_reserve(&json);
	md_json_bool(&json, "cut", true);
	md_json_end(&json);
	expect_json(&text, "{\"cut\":true}");
}

Test(json, deep)
{
	struct md_text text = text_of(sizeof buffer - 1);
	struct md_json json;

	md_json_init(&json, &text, 0);
	for (unsigned i = 0; i < 2 * MD_JSON_DEPTH_MAX; i++)
		md_json_array(&json, NULL);
	for (unsigned i = 0; i < 2 * MD_JSON_DEPTH_MAX; i++)
		md_json_end(&json);
	cr_expect(json.cut && json_is_valid(buffer, text.length), "%s", buffer);
}

Test(json, message)
{
	struct md_origin origin = { .pid = 4711, .program = "app", .host = "", .started = 1.5, .seconds = -1 };
	struct md_text text = text_of(sizeof buffer - 1);

	md_json_message(&text, &origin, "one\ntwo\n", 8);
	cr_expect(buffer[text.length - 1] == '\n' && json_is_valid(buffer, text.length - 1), "%s", buffer);
	cr_expect(strstr(buffer, "\"process\":{\"pid\":4711,\"program\":\"app\",\"started\":1.500000},\"text\":\"one\\ntwo\"}"), "%s",
		buffer);

	/* There is no room for it all: the first part. */
	char *large = malloc(20000);

	memset(large, '\x01', 20000);
	text = text_of(2000);
	md_json_message(&text, &origin, large, 20000);
	cr_expect(json_is_valid(buffer, text.length - 1), "%s", buffer);
	cr_expect(strstr(buffer, "\"text\":\"\\u0001\\u0001") && strstr(buffer, "\"truncated\":true}"), "%s", buffer);
	free(large);
}
