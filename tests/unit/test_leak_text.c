/* SPDX-License-Identifier: MIT
 *
 * The report of leaks: what a user reads, and what tools look for in it.
 */
#include "report/leak_text.h"

#include "tests/unit/report_fixture.h"

static struct md_leak_group group;
static struct md_leak_entry entry;
static struct md_leak_report report;
static struct md_stack_printer printer;

static void fill(void)
{
	fixture_init();
	printer = fixture_printer();
	group = (struct md_leak_group){
		.stack = stack_from(0x1000),
		.kind = MD_LEAK_DIRECT,
		.api = MD_API_MALLOC,
		.thread = { 1 },
		.count = { 1, 24 },
		.sample = 0x7f0000001010,
		.sample_size = 24,
	};
	entry = (struct md_leak_entry){
		.group = &group, .oldest_seconds = 0.012, .newest_seconds = 0.012, .thread_name = "", .sample_bytes = 24
	};
	memset(entry.sample, 'x', sizeof entry.sample);
	memcpy(entry.sample, "hello\0\xff", 8);
	report = (struct md_leak_report){
		.pid = 4711,
		.program = "/home/user/app",
		.when = "at exit",
		.seconds = 3.4006,
		.entries = &entry,
		.entry_count = 1,
		.groups_total = 1,
		.totals = { [MD_LEAK_DIRECT] = { 1, 24 }, [MD_LEAK_REACHABLE] = { 2, 1100 } },
	};
}

TestSuite(leak_text, .init = fill);

static struct md_text print(bool color)
{
	struct md_text text = fixture_text(color);

	md_leak_text(&text, &report, &printer);
	return text;
}

Test(leak_text, one_block)
{
	struct md_text text = print(false);

	expect_text(&text,
		"=================================================================\n"
		"==4711==ERROR: malloc-debug: detected memory leaks\n"
		"Checked at exit, 3.401 s after start, in /home/user/app.\n"
		"\n"
		"Direct leak of 24 bytes in 1 block allocated by malloc in T0 here:\n"
		"    #0 0x555500001000 in make_name app.c:10:9\n"
		"    #1 0x555500009000 in main app.c:90:2\n"
		"    #2 0x7f2200027249 in __libc_start_call_main (/lib/libc.so.6+0x27249) (BuildId: ab0102cd)\n"
		"  allocated 0.012 s after start, at 0x7f0000001010:\n"
		"  0x7f0000001010: 68 65 6c 6c 6f 00 ff 00 78 78 78 78 78 78 78 78  hello...xxxxxxxx  user\n"
		"  0x7f0000001020: 78 78 78 78 78 78 78 78                          xxxxxxxx          user\n"
		"\n"
		"Live blocks:                blocks           bytes\n"
		"  directly leaked                1              24  nothing points to them\n"
		"  indirectly leaked              0               0  only leaked blocks point to them\n"
		"  still reachable                2            1100\n"
		"SUMMARY: malloc-debug: 24 byte(s) leaked in 1 allocation(s).\n");
}

/* Many blocks of one stack may be many threads': only the sample's is named. LeakSanitizer's summary counts what is held, too. */
Test(leak_text, a_group_that_holds_more)
{
	group.count = (struct md_leak_count){ 3, 120 };
	group.held = (struct md_leak_count){ 41, 12288 };
	group.api = MD_API_NEW_ARRAY;
	group.thread = (md_thread_id){ 3 };
	group.sample_size = 64;
	entry.newest_seconds = 3.4;
	entry.thread_name = "worker";
	entry.sample_bytes = 16;
	report.totals[MD_LEAK_DIRECT] = group.count;
	report.totals[MD_LEAK_INDIRECT] = group.held;
	struct md_text text = print(false);

	expect_part(&text,
		"Direct leak of 120 bytes in 3 blocks (holding 41 more blocks, 12.0 KiB) allocated by operator new[] here:\n"
		"    #0 0x555500001000 in make_name app.c:10:9\n");
	expect_part(&text,
		"  allocated 0.012 s to 3.400 s after start; the largest: 64 bytes at 0x7f0000001010, by T2 (worker):\n"
		"  0x7f0000001010: 68 65 6c 6c 6f 00 ff 00 78 78 78 78 78 78 78 78  hello...xxxxxxxx  user\n"
		"\n");
	expect_part(&text,
		"  directly leaked                3             120  nothing points to them\n"
		"  indirectly leaked             41           12288  only leaked blocks point to them\n");
	expect_part(&text, "\nSUMMARY: malloc-debug: 12408 byte(s) leaked in 44 allocation(s).\n");
}

Test(leak_text, one_block_held)
{
	group.held = (struct md_leak_count){ 1, 7 };
	struct md_text text = print(false);

	expect_part(&text, "in 1 block (holding 1 more block, 7 B) allocated by malloc in T0 here:\n");
}

Test(leak_text, a_ring_is_called_one)
{
	group.ring = true;
	group.held = (struct md_leak_count){ 1, 24 };
	struct md_text text = print(false);

	expect_part(&text,
		"\n  A ring holds this block: leaked blocks that point to each other, while nothing else points to them.\n"
		"  Reference counts never free a ring: make one of its pointers weak.\n"
		"  allocated 0.012 s after start, at ");
	group.count.blocks = 2;
	text = print(false);
	expect_part(&text, "\n  A ring holds some of these blocks: ");
	group.ring = false;
	text = print(false);
	expect_no_part(&text, "ring");
}

/* Unknown times, an empty block, memory that could not be read, a thread nobody knows. */
Test(leak_text, what_is_not_known_is_left_out)
{
	group.count.bytes = group.sample_size = 0;
	group.thread = MD_THREAD_NONE;
	entry.oldest_seconds = entry.newest_seconds = -1;
	entry.sample_bytes = 0;
	entry.thread_name = NULL;
	report.seconds = -1;
	report.program = "";
	struct md_text text = print(false);

	expect_part(&text, "memory leaks\nChecked at exit.\n\nDirect leak of 0 bytes in 1 block allocated by malloc in T? here:\n");
	expect_part(&text, "(BuildId: ab0102cd)\n  at 0x7f0000001010\n\nLive blocks:");
}

/* A thread that was never named has its program's name, cut by the kernel. */
Test(leak_text, the_programs_name_is_no_threads)
{
	report.program = "/usr/bin/a-program-of-long-name";
	entry.thread_name = "a-program-of-lo";
	struct md_text text = print(false);

	expect_part(&text, "allocated by malloc in T0 here:\n");
	entry.thread_name = "a-program-of-l";
	text = print(false);
	expect_part(&text, "allocated by malloc in T0 (a-program-of-l) here:\n");
}

/* A thread's name is the program's to choose. */
Test(leak_text, names_cannot_forge_a_report)
{
	entry.thread_name = "x\nSUMMARY: fine";
	struct md_text text = print(false);

	expect_part(&text, "in T0 (x?SUMMARY: fine) here:\n");
}

Test(leak_text, says_when_not_all_groups_are_shown)
{
	report.groups_total = 153;
	struct md_text text = print(false);

	expect_part(&text,
		"in /home/user/app.\n"
		"The largest 1 of 153 groups are shown; MALLOC_DEBUG_LEAK_MAX_SHOWN=0 shows all.\n"
		"\n"
		"Direct leak of ");
}

Test(leak_text, no_leaks)
{
	report.entry_count = report.groups_total = 0;
	report.totals[MD_LEAK_DIRECT] = (struct md_leak_count){ 0, 0 };
	report.when = "on request";
	struct md_text text = print(false);

	expect_text(&text,
		"=================================================================\n"
		"==4711==malloc-debug: no memory leaks\n"
		"Checked on request, 3.401 s after start, in /home/user/app.\n"
		"\n"
		"Live blocks:                blocks           bytes\n"
		"  directly leaked                0               0  nothing points to them\n"
		"  indirectly leaked              0               0  only leaked blocks point to them\n"
		"  still reachable                2            1100\n"
		"SUMMARY: malloc-debug: 0 byte(s) leaked in 0 allocation(s).\n");
}

/* Possible leaks are no error by themselves, and not part of LeakSanitizer's sum. */
Test(leak_text, possible_leaks_alone_are_a_warning)
{
	group.kind = MD_LEAK_POSSIBLE;
	report.totals[MD_LEAK_DIRECT] = (struct md_leak_count){ 0, 0 };
	report.totals[MD_LEAK_POSSIBLE] = group.count;
	struct md_text text = print(false);

	expect_part(&text, "==4711==WARNING: malloc-debug: detected possible memory leaks\n");
	expect_part(&text, "\nPossible leak of 24 bytes in 1 block allocated by malloc in T0 here:\n");
	expect_part(&text, "\n  possibly leaked                1              24  pointed to, but not at their start\n");
	expect_part(&text, "\nHint: a possible leak is none if the program computes the block's start");
	expect_part(&text, "\nSUMMARY: malloc-debug: 0 byte(s) leaked in 0 allocation(s).\n");
}

Test(leak_text, reachable_blocks_are_no_leaks)
{
	group.kind = MD_LEAK_REACHABLE;
	report.totals[MD_LEAK_DIRECT] = (struct md_leak_count){ 0, 0 };
	struct md_text text = print(false);

	expect_part(&text, "==4711==malloc-debug: no memory leaks\n");
	expect_part(&text, "\nStill reachable: 24 bytes in 1 block allocated by malloc in T0 here:\n");
}

/* How to see possible leaks is only said where that is what keeps them from being shown. */
Test(leak_text, possible_leaks_not_listed)
{
	report.totals[MD_LEAK_POSSIBLE] = (struct md_leak_count){ 5, 80 };
	struct md_text text = print(false);

	expect_part(&text, "\nHint: MALLOC_DEBUG_LEAK_KINDS=direct,possible lists the possible leaks, too.\n");
	report.groups_total = 2;
	text = print(false);
	expect_no_part(&text, "LEAK_KINDS");
}

Test(leak_text, suppressions_and_totals)
{
	const struct md_leak_suppressed used[] = {
		{ .pattern = "leak:^make_name$", .file = "a.supp", .line = 3, .groups = 2, .count = { 1234567, 98765432100 } },
		{ .pattern = "leak:never", .file = "a.supp", .line = 4 },
		{ .pattern = "glib types", .groups = 1, .count = { 1, 0 } },
		{ .pattern = "leak:neither" },
	};

	report.used = used;
	report.used_count = 4;
	report.suppressed = (struct md_leak_count){ 1234568, 98765432100 };
	report.totals[MD_LEAK_IGNORED] = (struct md_leak_count){ 9, 90 };
	struct md_text text = print(false);

	expect_part(&text,
		"\n\nSuppressions used:\n"
		"    groups      blocks           bytes  pattern\n"
		"         2     1234567     98765432100  leak:^make_name$\n"
		"         1           1               0  glib types\n"
		"\n"
		"Suppressions that matched nothing:\n"
		"  leak:never  (a.supp:4)\n"
		"  leak:neither\n"
		"\n"
		"Live blocks: ");
	expect_part(&text,
		"  suppressed               1234568     98765432100\n"
		"  ignored                        9              90  the program asked for it\n"
		"SUMMARY: ");
}

Test(leak_text, certainty)
{
	report.threads_silent = 1;
	report.certainty = "the program restricts its system calls";
	report.names_missing = "no helper";
	struct md_text text = print(false);

	expect_part(&text,
		"1100\n"
		"Note: 1 thread could not be stopped: the whole stack counted as in use and the registers are unknown.\n"
		"      A leak may be missed, and a block that such a thread was moving at that moment may be listed wrongly.\n"
		"Note: the program restricts its system calls\n"
		"Note: no helper\n"
		"SUMMARY: ");
}

/* Whatever the room, the end is there: what was found in all is the last thing that may be missing. */
Test(leak_text, too_many_groups_for_the_buffer)
{
	struct md_leak_entry entries[100];
	struct md_text text;
	char memory[9000];
	const char *at;
	size_t shown = 0;

	for (size_t i = 0; i < 100; i++)
		entries[i] = entry;
	report.entries = entries;
	report.entry_count = report.groups_total = 100;
	md_text_init(&text, memory, sizeof memory - 1, false);
	md_leak_text(&text, &report, &printer);
	memory[text.length] = '\0';
	for (at = memory; (at = strstr(at, "Direct leak of")); at++)
		shown++;
	cr_expect(shown > 3 && shown < 30, "%zu", shown);
	at = strstr(memory, " more groups are left out: there is no room here.\n\nLive blocks:");
	cr_assert(at, "%s", memory);
	cr_expect((size_t)(at[-2] - '0') * 10 + (size_t)(at[-1] - '0') == 100 - shown, "%.8s and %zu", at - 2, shown);
	cr_expect(strcmp(memory + text.length - 15, "allocation(s).\n") == 0);
	cr_expect(!text.cut);
}

/* A buffer too small even for the ends is filled, and no more. */
Test(leak_text, any_buffer_will_do)
{
	for (size_t size = 0; size < 2000; size++) {
		char memory[2001];
		struct md_text text;

		memset(memory, '#', sizeof memory);
		md_text_init(&text, memory, size, true);
		md_leak_text(&text, &report, &printer);
		cr_assert(text.length <= size && memory[size] == '#' && text.capacity == size, "%zu", size);
	}
}

/* The parts one by one are the whole. */
Test(leak_text, parts)
{
	static char whole[4096];
	struct md_text text = print(false);

	strcpy(whole, text_string(&text));
	text = fixture_text(false);
	md_leak_text_begin(&text, &report);
	md_leak_text_group(&text, &report, &entry, &printer);
	md_leak_text_end(&text, &report);
	expect_text(&text, whole);
}

Test(leak_text, color_repeats_what_the_words_say)
{
	struct md_text text = print(true);

	expect_part(&text, "==4711==\033[1;31mERROR: malloc-debug: detected memory leaks\033[0m\n");
	expect_part(&text, "\033[1;31mDirect leak of 24 bytes in 1 block allocated by malloc in T0 here:\n\033[0m");
	expect_part(&text, "\033[1mSUMMARY: malloc-debug: 24 byte(s) leaked in 1 allocation(s).\033[0m\n");
}
