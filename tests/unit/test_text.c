/* SPDX-License-Identifier: MIT */
#include "report/text.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "report/phrases.h"

static char buffer[512];
static struct md_text text;

static void reset(void)
{
	md_text_init(&text, buffer, sizeof buffer - 1, false);
}

static void expect_only(const char *wanted)
{
	buffer[text.length] = '\0';
	cr_expect(strcmp(buffer, wanted) == 0, "got \"%s\", wanted \"%s\"", buffer, wanted);
	reset();
}

TestSuite(text, .init = reset);

Test(text, numbers_at_their_limits)
{
	md_text_uint(&text, 0);
	expect_only("0");
	md_text_uint(&text, UINT64_MAX);
	expect_only("18446744073709551615");
	md_text_int(&text, INT64_MIN);
	expect_only("-9223372036854775808");
	md_text_int(&text, -1);
	expect_only("-1");
	md_text_hex(&text, 0, 1);
	expect_only("0");
	md_text_hex(&text, 0xa, 2);
	expect_only("0a");
	md_text_hex(&text, UINT64_MAX, 20);
	expect_only("ffffffffffffffff");
	md_text_addr(&text, 0x1d);
	expect_only("0x00000000001d");
	md_text_addr(&text, 0xdfdfdfdfdfdfdfdf);
	expect_only("0xdfdfdfdfdfdfdfdf");
}

Test(text, one_byte_is_singular)
{
	md_text_bytes(&text, 1);
	expect_only("1 byte");
	md_text_bytes(&text, 0);
	expect_only("0 bytes");
}

Test(text, sizes_round_and_carry)
{
	md_text_size(&text, 1023);
	expect_only("1023 B");
	md_text_size(&text, 1024);
	expect_only("1.0 KiB");
	md_text_size(&text, 1280);
	expect_only("1.3 KiB");
	md_text_size(&text, 1048575);
	expect_only("1.0 MiB");
	md_text_size(&text, 3ull << 30);
	expect_only("3.0 GiB");
	md_text_size(&text, UINT64_MAX);
	expect_only("16.0 EiB");
}

Test(text, what_does_not_fit_is_cut_and_nothing_follows)
{
	md_text_init(&text, buffer, 4, false);
	md_text_put(&text, "abcdef");
	cr_expect(text.cut);
	cr_expect(text.length == 4);
	md_text_put(&text, "");
	md_text_char(&text, 'x');
	cr_expect(text.length == 4 && memcmp(buffer, "abcd", 4) == 0);
	md_text_init(&text, buffer, 4, false);
	md_text_put(&text, "abcd");
	cr_expect(!text.cut);
}

Test(text, nothing_follows_a_cut_even_if_it_would_fit)
{
	md_text_init(&text, buffer, 4, true);
	md_text_put(&text, "ab");
	md_text_color(&text, MD_RED); /* longer than the room: left out whole */
	cr_expect(text.cut && text.length == 2);
	md_text_char(&text, 'c');
	cr_expect(text.length == 2);
}

Test(text, a_buffer_of_no_bytes_is_allowed)
{
	md_text_init(&text, NULL, 0, true);
	md_textf(&text, "%s%u", "a", 1u);
	md_text_repeat(&text, ' ', SIZE_MAX);
	cr_expect(text.cut && text.length == 0);
}

Test(text, padding_counts_what_is_seen)
{
	text.color = true;
	md_text_color(&text, MD_GREEN);
	md_text_put(&text, "\xc3\xa4z");
	md_text_color(&text, MD_PLAIN);
	md_text_pad(&text, 0, 4);
	md_text_char(&text, '|');
	expect_only("\033[32m\xc3\xa4z\033[0m  |");
	md_text_put(&text, "long");
	md_text_pad(&text, 0, 2);
	expect_only("long");
}

Test(text, colour_is_off_unless_asked_for)
{
	md_text_color(&text, MD_RED);
	expect_only("");
}

Test(text, safe_keeps_utf8_and_replaces_what_steers_a_terminal)
{
	md_text_safe(&text, "a\x1b[31mb\nc\x7f");
	expect_only("a?[31mb?c?");
	md_text_safe(&text, "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
	expect_only("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
	md_text_safe(&text, "\xc2\x9b!"); /* C1 control: CSI in one character */
	expect_only("?!");
	md_text_safe(&text, "\xe2\x80\xae!"); /* right-to-left override */
	expect_only("?!");
	md_text_safe(&text, "\xc0\xaf"); /* overlong */
	expect_only("??");
	md_text_safe(&text, "\xed\xa0\x80"); /* surrogate */
	expect_only("???");
	md_text_safe(&text, "\xf4\x90\x80\x80"); /* above U+10FFFF */
	expect_only("????");
	md_text_safe(&text, "x\xe2\x82"); /* ends in the middle */
	expect_only("x??");
	md_text_safe(&text, NULL);
	expect_only("(null)");
}

Test(text, safe_does_not_cut_a_character_in_two)
{
	md_text_init(&text, buffer, 2, false);
	md_text_safe(&text, "a\xc3\xa4");
	cr_expect(text.cut && text.length == 1);
}

Test(text, format_knows_each_of_its_letters)
{
	md_textf(&text, "%s %S %c %u %lu %d %ld %x %lx %p %B %%", "s", "\n", 'c', 1u, (uint64_t)1 << 40, -2, (int64_t)-3, 0xfu,
		(uint64_t)0xff, (uintptr_t)0x10, (uint64_t)1);
	expect_only("s ? c 1 1099511627776 -2 -3 f ff 0x000000000010 1 byte %");
	md_textf(&text, "a%qb%lqc%s", "d");
	expect_only("a%qb%lqcd");
	md_textf(&text, "100%");
	expect_only("100%");
	md_textf(&text, "%s", (const char *)NULL);
	expect_only("(null)");
}

Test(text, phrase_seconds)
{
	md_phrase_seconds(&text, 1.25, 3);
	expect_only("1.250 s");
	md_phrase_seconds(&text, 0.0009996, 3);
	expect_only("0.001 s");
	md_phrase_seconds(&text, 59.9999, 3);
	expect_only("60.000 s");
	md_phrase_seconds(&text, 1.000013, 6);
	expect_only("1.000013 s");
	md_phrase_seconds(&text, -1, 3);
	expect_only("?");
	md_phrase_seconds(&text, __builtin_nan(""), 3);
	expect_only("?");
}

Test(text, phrase_where)
{
	struct md_block_view block = { .valid = true, .user = 0x1010, .size = 10 };
	static const struct {
		uintptr_t addr;
		const char *wanted;
	} rows[] = {
		{ 0x1000, "16 bytes before the 10-byte block [0x000000001010,0x00000000101a)" },
		{ 0x100f, "1 byte before the 10-byte block [0x000000001010,0x00000000101a)" },
		{ 0x1010, "the start of the 10-byte block [0x000000001010,0x00000000101a)" },
		{ 0x1019, "9 bytes inside the 10-byte block [0x000000001010,0x00000000101a)" },
		{ 0x101a, "directly after the 10-byte block [0x000000001010,0x00000000101a)" },
		{ 0x101b, "1 byte after the 10-byte block [0x000000001010,0x00000000101a)" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		md_phrase_where(&text, rows[i].addr, &block);
		expect_only(rows[i].wanted);
	}
}

Test(text, phrase_percent)
{
	cr_expect(md_phrase_percent(1, 0) == 0);
	cr_expect(md_phrase_percent(1, 3) == 33);
	cr_expect(md_phrase_percent(UINT64_MAX, UINT64_MAX) == 100);
	cr_expect(md_phrase_fragmentation(5, 10) == 50);
	cr_expect(md_phrase_fragmentation(10, 10) == 0);
	cr_expect(md_phrase_fragmentation(0, 0) == 0);
}
