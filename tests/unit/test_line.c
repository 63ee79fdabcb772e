/* SPDX-License-Identifier: MIT
 *
 * Lines: text that does not fit is cut, never written past the end.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "src/line.h"

Test(line, is_cut_at_its_end)
{
	struct {
		struct md_line line;
		char after[8];
	} guarded = { .after = "guard" };
	char filler[MD_LINE_MAX + 100];

	memset(filler, 'x', sizeof filler);
	md_line_init(&guarded.line);
	md_line_put(&guarded.line, "ab");
	md_line_put_n(&guarded.line, filler, sizeof filler);
	cr_expect(eq(sz, guarded.line.length, MD_LINE_MAX - 1));
	cr_expect(eq(sz, strlen(guarded.line.text), MD_LINE_MAX - 1));
	md_line_put(&guarded.line, "more");
	md_line_put_uint(&guarded.line, 12345);
	cr_expect(eq(sz, strlen(guarded.line.text), MD_LINE_MAX - 1));
	cr_expect(eq(str, guarded.after, "guard"));
}

Test(line, numbers)
{
	struct md_line line;

	md_line_init(&line);
	md_line_put_uint(&line, 0);
	md_line_put(&line, " ");
	md_line_put_uint(&line, UINT64_MAX);
	cr_expect(eq(str, line.text, "0 18446744073709551615"));
}

Test(line, input_is_made_safe_and_short)
{
	struct md_line line;
	char input[MD_LINE_INPUT_MAX + 1];

	md_line_init(&line);
	md_line_put_input(&line, "a\x1b[2J\n\x7f\xc3\xa9", 9);
	cr_expect(eq(str, line.text, "a?[2J??\xc3\xa9"));

	memset(input, 'x', sizeof input);
	md_line_init(&line);
	md_line_put_input(&line, input, MD_LINE_INPUT_MAX);
	cr_expect(eq(sz, line.length, MD_LINE_INPUT_MAX));
	md_line_init(&line);
	md_line_put_input(&line, input, sizeof input);
	cr_expect(eq(sz, line.length, MD_LINE_INPUT_MAX + 3));
	cr_expect(eq(str, line.text + MD_LINE_INPUT_MAX, "..."));
}
