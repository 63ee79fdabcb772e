/* SPDX-License-Identifier: MIT
 *
 * The report of growth: what a user reads of stacks that take more and more.
 */
#include "report/growth_text.h"

#include "tests/unit/report_fixture.h"

static union {
	struct md_snapshot snapshot;
	unsigned char memory[sizeof(struct md_snapshot) + 4 * sizeof(struct md_snapshot_row)];
} storage[3];

static const struct md_snapshot *snapshots[3];
static double seconds[3] = { 1.5, 2.0004, 3.5 };
static struct md_growth growths[2];
static struct md_growth_report report;
static struct md_stack_printer printer;

static void add_row(size_t i, md_stack_id stack, uint32_t blocks, uint64_t bytes)
{
	struct md_snapshot *snapshot = &storage[i].snapshot;

	snapshot->rows[snapshot->row_count++] = (struct md_snapshot_row){ stack.value, blocks, bytes };
	snapshot->blocks += blocks;
	snapshot->bytes += bytes;
}

/* One stack grows by a kilobyte each time, a second one by a few bytes; a third one shrinks. */
static void fill(void)
{
	fixture_init();
	printer = fixture_printer();
	md_stack_id name = stack_from(0x1000), drop = stack_from(0x2000), other = stack_from(0x3000);

	for (uint32_t i = 0; i < 3; i++) {
		storage[i].snapshot.id = i + 7;
		add_row(i, name, 10 + i, 1024 + 1024 * i);
		if (i)
			add_row(i, drop, i, 10 * i);
		add_row(i, other, 1, 100000 - 50000 * i);
		snapshots[i] = &storage[i].snapshot;
	}
	growths[0] = (struct md_growth){ name, 2048 };
	growths[1] = (struct md_growth){ drop, 20 };
	report = (struct md_growth_report){
		.pid = 4711,
		.program = "/home/user/app",
		.snapshots = snapshots,
		.seconds = seconds,
		.snapshot_count = 3,
		.growths = growths,
		.growth_count = 2,
		.total = { 2, 2068 },
	};
}

TestSuite(growth_text, .init = fill);

static struct md_text print(void)
{
	struct md_text text = fixture_text(false);

	md_growth_text_begin(&text, &report);
	for (size_t i = 0; i < report.growth_count; i++)
		md_growth_text_stack(&text, &report, i, &printer);
	md_growth_text_end(&text, &report);
	return text;
}

Test(growth_text, whole_report)
{
	struct md_text text = print();

	expect_text(&text,
		"=================================================================\n"
		"==4711==WARNING: malloc-debug: memory in use is growing\n"
		"Compared: snapshots 7 to 9, 1.500 s to 3.500 s after start, in /home/user/app.\n"
		"2 stacks have more bytes in use in each of them than in the one before, reachable or not.\n"
		"\n"
		"Growth of 2048 bytes, 1.0 KiB/s, allocated here:\n"
		"    #0 0x555500001000 in make_name app.c:10:9\n"
		"    #1 0x555500009000 in main app.c:90:2\n"
		"    #2 0x7f2200027249 in __libc_start_call_main (/lib/libc.so.6+0x27249) (BuildId: ab0102cd)\n"
		"  snapshot        time      blocks           bytes         rise\n"
		"         7     1.500 s          10            1024\n"
		"         8     2.000 s          11            2048     +1.0 KiB\n"
		"         9     3.500 s          12            3072     +1.0 KiB\n"
		"\n"
		"Growth of 20 bytes, 10 B/s, allocated here:\n"
		"    #0 0x555500002000 in drop_name app.c:20:9\n"
		"    #1 0x555500009000 in main app.c:90:2\n"
		"    #2 0x7f2200027249 in __libc_start_call_main (/lib/libc.so.6+0x27249) (BuildId: ab0102cd)\n"
		"  snapshot        time      blocks           bytes         rise\n"
		"         7     1.500 s           0               0\n"
		"         8     2.000 s           1              10        +10 B\n"
		"         9     3.500 s           2              20        +10 B\n"
		"\n"
		"All live blocks:\n"
		"  snapshot        time      blocks           bytes         rise\n"
		"         7     1.500 s          11          101024\n"
		"         8     2.000 s          13           52058    -47.8 KiB\n"
		"         9     3.500 s          15            3092    -47.8 KiB\n"
		"SUMMARY: malloc-debug: 2068 byte(s) of growth in 2 stacks, 1.0 KiB/s.\n");
}

Test(growth_text, two_snapshots_are_called_first_and_second)
{
	report.snapshots = snapshots + 1;
	report.seconds = seconds + 1;
	report.snapshot_count = 2;
	report.growth_count = 1;
	report.total = (struct md_growth_total){ 1, 1024 };
	struct md_text text = print();

	expect_part(&text, "Compared: snapshots 8 to 9, 2.000 s to 3.500 s after start");
	expect_part(&text, "1 stack has more bytes in use in the second than in the first, reachable or not.\n");
	expect_part(&text, "growth in 1 stack, ");
}

Test(growth_text, no_growth_is_said)
{
	report.growth_count = 0;
	report.total = (struct md_growth_total){ 0 };
	struct md_text text = print();

	expect_part(&text, "==4711==malloc-debug: no stack's memory grew steadily\n");
	expect_part(&text, "SUMMARY: malloc-debug: no growth.\n");
	expect_no_part(&text, "WARNING");
	expect_no_part(&text, "Growth of");
	expect_part(&text, "         9     3.500 s          15            3092"); /* the totals are of interest all the same */
}

Test(growth_text, says_what_is_not_shown)
{
	report.growth_count = 1;
	report.total = (struct md_growth_total){ 300, 5000 };
	storage[1].snapshot.stacks_lost = true;
	report.names_missing = "the helper did not answer";
	struct md_text text = print();

	expect_part(&text, "300 stacks have more");
	expect_part(&text, "Shown: 1, the largest; MALLOC_DEBUG_LEAK_MAX_SHOWN=0 shows all.\n");
	expect_part(&text, "SUMMARY: malloc-debug: 5000 byte(s) of growth in 300 stacks, ");
	expect_part(&text, "Note: there were more stacks than a snapshot has room for; some are missing above.\n");
	expect_part(&text, "Note: the helper did not answer\n");
}

/* Two snapshots right after each other: nothing is divided by next to nothing. */
Test(growth_text, no_rate_without_time)
{
	static const double at_once[3] = { 1.5, 1.5, 1.5004 };

	report.seconds = at_once;
	struct md_text text = print();

	expect_part(&text, "Growth of 2048 bytes, allocated here:\n");
	expect_part(&text, "growth in 2 stacks.\n");
}
