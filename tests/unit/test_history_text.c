/* SPDX-License-Identifier: MIT */
#include "report/history_text.h"

#include "src/error.h"
#include "tests/unit/report_fixture.h"

static struct md_event events[3];
static const double seconds[3] = { 0.25, 1.250013, 61.5 };

static void fill(void)
{
	fixture_init();
	events[0] = md_event_make(MD_EVENT_ALLOC, MD_API_MALLOC, 0x7f0000001010, 24, stack_from(0x1000), (md_thread_id){ 1 }, 1);
	events[1] = md_event_make(MD_EVENT_FREE, MD_API_REALLOC_FREE, 0x7f0000001010, 1, stack_from(0x2000), (md_thread_id){ 12 }, 2);
	events[2] = md_event_make(MD_EVENT_FAILED, MD_API_CALLOC, 0, 1ull << 40, MD_STACK_NONE, (md_thread_id){ 0 }, 3);
	events[2].error = MD_ERROR_OUT_OF_MEMORY;
}

TestSuite(history_text, .init = fill);

Test(history_text, one_line_an_event)
{
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	md_history_text(&text, events, seconds, 3, 3, false, &printer);
	expect_text(&text,
		"History: 3 events\n"
		"    0.250000 s  T0    malloc              0x7f0000001010        24 bytes  app.c:10 in make_name\n"
		"    1.250013 s  T11   realloc (old block) 0x7f0000001010         1 byte   app.c:20 in drop_name\n"
		"   61.500000 s  T?    calloc              failed        1099511627776 bytes  no stack (out-of-memory)\n");
}

Test(history_text, says_when_there_are_more)
{
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	md_history_text(&text, events, seconds, 1, 400, false, &printer);
	expect_part(&text, "History: the last 1 of 400 events\n");
	text = fixture_text(false);
	md_history_text(&text, NULL, NULL, 0, 0, false, &printer);
	expect_text(&text, "History: 0 events\n");
}

Test(history_text, full_stacks_follow_their_lines)
{
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	md_history_text(&text, events, seconds, 3, 3, true, &printer);
	expect_part(&text, " in make_name\n    #0 0x555500001000 in make_name app.c:10:9\n    #1 0x555500009000 in main app.c:90:2\n");
	expect_part(&text, "(out-of-memory)\n    (no stack was taken)\n");
}

Test(history_text, an_unknown_stack_is_named_by_its_number)
{
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	events[0].stack = 1u << 31;
	md_history_event_text(&text, &events[0], -1, &printer);
	expect_text(&text, "             ?  T0    malloc              0x7f0000001010        24 bytes  stack 2147483648\n");
}
