/* SPDX-License-Identifier: MIT */
#include "report/hexdump.h"

#include "tests/unit/report_fixture.h"

static unsigned char data[64], marks[64], expected[64];

static void fill(void)
{
	for (size_t i = 0; i < sizeof data; i++) {
		data[i] = (unsigned char)(0x80 + i);
		expected[i] = data[i];
		marks[i] = i < 16 ? MD_MARK_REDZONE : i < 26 ? MD_MARK_USER : i < 32 ? MD_MARK_SLACK : MD_MARK_REDZONE;
	}
	memcpy(data + 16, "hello worl", 10);
}

static void damage(size_t i, unsigned char value)
{
	data[i] = value;
	marks[i] |= MD_MARK_DAMAGED;
}

static struct md_hexdump dump_of(uintptr_t begin, size_t bytes)
{
	return (struct md_hexdump){ .begin = begin, .bytes = bytes, .data = data, .marks = marks, .expected = expected };
}

TestSuite(hexdump, .init = fill);

Test(hexdump, boundaries_damage_and_expected_bytes_show_without_colour)
{
	struct md_hexdump dump = dump_of(0x7f0000001000, 48);
	struct md_text text = fixture_text(false);

	damage(29, 'A');
	dump.focus = 0x7f000000101d;
	unsigned seen = md_hexdump_text(&text, &dump);

	expect_text(&text,
		"  0x7f0000001000: 80 81 82 83 84 85 86 87 88 89 8a 8b 8c 8d 8e 8f  ................  red zone\n"
		"=>0x7f0000001010: 68 65 6c 6c 6f 20 77 6f 72 6c|9a 9b 9c[41]9e 9f  hello worl...A..  10 user, 6 slack\n"
		"        expected:                                        9d\n"
		"  0x7f0000001020: a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 aa ab ac ad ae af  ................  red zone\n");
	cr_expect(seen == (1u << MD_MARK_REDZONE | 1u << MD_MARK_USER | 1u << MD_MARK_SLACK | MD_HEXDUMP_SEEN_DAMAGE));
	text = fixture_text(false);
	md_hexdump_legend(&text, seen);
	expect_text(&text,
		"Legend: | the kind of memory changes, [ ] bytes changed by somebody\n"
		"  user      bytes that the program asked for\n"
		"  slack     between the end of the block and its red zone; the program may not write there\n"
		"  red zone  around each block; the program may not write there\n");
}

Test(hexdump, brackets_close_at_the_end_of_a_row_and_open_again)
{
	struct md_hexdump dump = dump_of(0x1000, 48);
	struct md_text text = fixture_text(false);

	for (size_t i = 30; i < 34; i++)
		damage(i, 0);
	md_hexdump_text(&text, &dump);
	expect_part(&text,
		"  0x000000001010: 68 65 6c 6c 6f 20 77 6f 72 6c|9a 9b 9c 9d[00 00] hello worl......  10 user, 6 slack\n"
		"        expected:                                           9e 9f\n"
		"  0x000000001020:[00 00]a2 a3");
	expect_part(&text, "        expected: a0 a1\n");
	expect_no_part(&text, "=>");
}

Test(hexdump, a_dump_may_begin_and_end_inside_a_row)
{
	struct md_hexdump dump = dump_of(0x100d, 5);
	struct md_text text = fixture_text(false);

	dump.marks = NULL;
	cr_expect(md_hexdump_rows(&dump) == 2);
	md_hexdump_text(&text, &dump);
	expect_text(&text,
		"  0x000000001000:                                        80 81 82               ...  other\n"
		"  0x000000001010: 83 84                                            ..                other\n");
}

Test(hexdump, what_cannot_be_read_has_no_value)
{
	struct md_hexdump dump = dump_of(0x1000, 16);
	struct md_text text = fixture_text(false);

	for (size_t i = 8; i < 16; i++)
		marks[i] = MD_MARK_GUARD | MD_MARK_DAMAGED; /* nothing can be known to be damaged there */
	unsigned seen = md_hexdump_text(&text, &dump);

	expect_text(&text, "  0x000000001000: 80 81 82 83 84 85 86 87|-- -- -- -- -- -- -- --  ........          8 red zone, 8 guard\n");
	cr_expect(!(seen & MD_HEXDUMP_SEEN_DAMAGE));
}

Test(hexdump, nothing_to_show)
{
	struct md_hexdump dump = dump_of(0x1000, 0);
	struct md_text text = fixture_text(false);

	cr_expect(md_hexdump_rows(&dump) == 0);
	cr_expect(md_hexdump_text(&text, &dump) == 0);
	expect_text(&text, "");
}

Test(hexdump, rows_are_classified_apart_from_painting)
{
	struct md_hexdump dump = dump_of(0x1000, 32);
	struct md_hexdump_row row;

	damage(26, 0);
	md_hexdump_row(&dump, 1, &row);
	cr_expect(row.addr == 0x1010 && row.damaged && !row.focus);
	cr_expect(row.cells[9].mark == MD_MARK_USER && row.cells[9].value == 'l' && !row.cells[9].damaged);
	cr_expect(row.cells[10].damaged && row.cells[10].mark == MD_MARK_SLACK && row.cells[10].expected == 0x9a);
	cr_expect(row.cells[10].before == '[' && row.cells[11].before == ']' && row.after == ' ');
}

/* Colour must add to the text and change nothing else in it. */
Test(hexdump, colour_only_repeats)
{
	static char plain[4096], colored[8192], stripped[8192];
	struct md_hexdump dump = dump_of(0x1000, 64);
	struct md_text text;
	size_t length = 0;

	damage(29, 'A');
	damage(32, 0);
	md_text_init(&text, plain, sizeof plain, false);
	md_hexdump_legend(&text, md_hexdump_text(&text, &dump));
	size_t plain_length = text.length;

	md_text_init(&text, colored, sizeof colored, true);
	md_hexdump_legend(&text, md_hexdump_text(&text, &dump));
	cr_expect(memmem(colored, text.length, "\033[1;31m", 7) != NULL);
	for (size_t i = 0; i < text.length; i++) {
		if (colored[i] != '\033')
			stripped[length++] = colored[i];
		else
			while (colored[i] != 'm')
				i++;
	}
	cr_expect(length == plain_length && memcmp(stripped, plain, length) == 0, "got:\n%.*s", (int)length, stripped);
	cr_expect(memcmp(colored + text.length - 1, "\n", 1) == 0); /* no colour is left on */
}

/* Memory is dumped from a copy of its size: rows must not read beyond it (under AddressSanitizer this test shows it). */
Test(hexdump, reads_only_what_it_was_given)
{
	unsigned char *copy = malloc(5);
	struct md_hexdump dump = { .begin = 0x1003, .bytes = 5, .data = copy };
	struct md_text text = fixture_text(false);

	memset(copy, 'z', 5);
	md_hexdump_text(&text, &dump);
	expect_part(&text, "zzzzz");
	free(copy);
}

Test(hexdump, legend_explains_everything_when_asked)
{
	struct md_text text = fixture_text(false);

	md_hexdump_legend(&text, MD_HEXDUMP_SEEN_ALL);
	for (unsigned mark = MD_MARK_OTHER; mark <= MD_MARK_GUARD; mark++)
		expect_part(&text, md_mark_name(mark));
}
