/* SPDX-License-Identifier: MIT
 *
 * What reports say of accesses that were seen in the act, and of crashes.
 */
#include "report/access_text.h"

#include "report/crash_text.h"
#include "report/error_text.h"
#include "tests/unit/report_fixture.h"

#define BLOCK 0x7f0000001fd0ul /* 40 bytes that end 8 bytes before a page */

static const char *const register_names[] = { "rax", "rbx", "rcx", "rdx", "rip" };
static struct md_finding finding;
static struct md_crash crash;
static struct md_report report;

static void begin(void)
{
	fixture_init();
	finding = (struct md_finding){
		.error = MD_ERROR_HEAP_BUFFER_OVERFLOW,
		.noticed = MD_NOTICED_AT_ACCESS,
		.addr = BLOCK + 40,
		.access = { .addr = BLOCK + 40, .bytes = 4, .pc = APP_BASE + 0x2000, .kind = MD_ACCESS_WRITE },
		.block = { .valid = true,
			.user = BLOCK,
			.size = 40,
			.begin = 0x7f0000001000,
			.end = 0x7f0000002000,
			.redzone_rear = 0x7f0000002000,
			.state = MD_BLOCK_LIVE,
			.alloc_api = MD_API_MALLOC,
			.free_api = MD_API_NONE,
			.alloc_stack = stack_from(0x1000),
			.alloc_thread = { 1 },
			.guard_before = true,
			.guard_after = true,
			.flush = MD_FLUSH_END },
		.call = { .api = MD_API_NONE, .stack = stack_from(0x2000) },
		.thread = { 2 },
	};
	crash = (struct md_crash){ .signal = 11,
		.signal_name = "SIGSEGV",
		.known = true,
		.pc = APP_BASE + 0x2000,
		.sp = 0x7fff00001000,
		.register_count = 5,
		.register_names = register_names,
		.registers = { 1, 2, BLOCK + 8, 4, APP_BASE + 0x2000 } };
	report = (struct md_report){ .finding = &finding,
		.pid = 4711,
		.program = "/home/user/app",
		.seconds = 2,
		.alloc_seconds = 1,
		.free_seconds = -1,
		.stacks = stacks,
		.modules = &modules,
		.names = names,
		.strip_path = "/home/user/",
		.config = "" };
}

static struct md_text whole(void)
{
	struct md_text text = fixture_text(false);

	md_error_text(&text, &report);
	return text;
}

Test(access_text, says_what_was_done_and_where, .init = begin)
{
	struct md_text text = fixture_text(false);

	md_access_text(&text, &report);
	expect_text(&text,
		"WRITE of size 4 at 0x7f0000001ff8 thread T1\n"
		"0x7f0000001ff8 is directly after the 40-byte block [0x7f0000001fd0,0x7f0000001ff8).\n"
		"The block ends at a guard page, but for the 8 bytes that its alignment leaves.\n");
	text = whole();
	expect_part(&text, "==4711==ERROR: malloc-debug: heap-buffer-overflow on address 0x7f0000001ff8 at pc 0x555500002000 (T1, app)\n");
	expect_part(&text, "\nwritten in thread T1, 2.000 s after start, here:\n    #0 0x555500002000 in drop_name app.c:20:9\n");
	expect_part(&text, "SUMMARY: malloc-debug: heap-buffer-overflow app.c:20 in drop_name\n");
}

Test(access_text, tells_good_bytes_from_bad_ones, .init = begin)
{
	struct md_text text = fixture_text(false);

	finding.access.addr = BLOCK + 32;
	finding.access.bytes = 32;
	finding.access.kind = MD_ACCESS_READ;
	finding.access.function = "memcpy";
	finding.access.pc = 0;
	finding.block.flush = MD_FLUSH_BEGIN;
	md_access_text(&text, &report);
	expect_text(&text,
		"READ of size 32 at 0x7f0000001ff0 thread T1 in memcpy\n"
		"The first 8 bytes of them may be used; 0x7f0000001ff8 is directly after the 40-byte block [0x7f0000001fd0,0x7f0000001ff8).\n"
		"The block begins at a guard page.\n");
	text = whole();
	expect_part(&text, "heap-buffer-overflow on address 0x7f0000001ff8 (T1, app)\n");
}

Test(access_text, says_that_a_freed_block_was_closed, .init = begin)
{
	struct md_text text = fixture_text(false);

	finding.error = MD_ERROR_HEAP_USE_AFTER_FREE;
	finding.addr = finding.access.addr = BLOCK + 8;
	finding.access.bytes = 0;
	finding.block.state = MD_BLOCK_QUARANTINED;
	finding.block.closed = true;
	md_access_text(&text, &report);
	expect_text(&text,
		"WRITE at 0x7f0000001fd8 thread T1\n"
		"0x7f0000001fd8 is 8 bytes inside the 40-byte block [0x7f0000001fd0,0x7f0000001ff8) (freed, in quarantine).\n"
		"All pages of the block were made inaccessible when it was freed.\n");
}

/* A copy of `bytes` onto itself, from `from` to `to` bytes into the block. */
static void expect_overlap(uintptr_t to, uintptr_t from, size_t bytes, const char *line)
{
	struct md_text text = fixture_text(false);

	finding.error = MD_ERROR_MEMCPY_PARAM_OVERLAP;
	finding.addr = BLOCK + to;
	finding.access = (struct md_access){ .addr = BLOCK + to,
		.bytes = bytes,
		.function = "memcpy",
		.kind = MD_ACCESS_WRITE,
		.source = BLOCK + from,
		.source_bytes = bytes };
	md_access_text(&text, &report);
	expect_part(&text, line);
}

Test(access_text, says_which_ranges_overlap_and_by_how_much, .init = begin)
{
	expect_overlap(0, 4, 12,
		"WRITE of size 12 at 0x7f0000001fd0 thread T1 in memcpy\n"
		"The source [0x7f0000001fd4,0x7f0000001fe0) begins 4 bytes after the destination [0x7f0000001fd0,0x7f0000001fdc): "
		"8 bytes are in both.\n"
		"0x7f0000001fd0 is the start of the 40-byte block");
	expect_overlap(15, 0, 16,
		"The source [0x7f0000001fd0,0x7f0000001fe0) begins 15 bytes before the destination [0x7f0000001fdf,0x7f0000001fef): "
		"1 byte is in both.\n");
}

/* As strncpy has them: all of the source lies within what is written. */
Test(access_text, tells_ranges_of_different_size_apart, .init = begin)
{
	struct md_text text;

	expect_overlap(0, 3, 32, "29 bytes are in both.\n");
	finding.error = MD_ERROR_STRCPY_PARAM_OVERLAP;
	finding.access.source_bytes = 6;
	text = whole();
	expect_part(&text,
		"The source [0x7f0000001fd3,0x7f0000001fd9) begins 3 bytes after the destination [0x7f0000001fd0,0x7f0000001ff0): "
		"6 bytes are in both.\n");
}

Test(access_text, shows_a_negative_size_as_what_it_is, .init = begin)
{
	struct md_text text;

	finding.error = MD_ERROR_NEGATIVE_SIZE_PARAM;
	finding.addr = BLOCK + 4;
	finding.access = (struct md_access){ .addr = BLOCK + 4, .bytes = (size_t)-3, .function = "memset", .kind = MD_ACCESS_UNKNOWN };
	text = whole();
	expect_part(&text,
		"ACCESS of size 18446744073709551613 at 0x7f0000001fd4 thread T1 in memset\n"
		"The size that was passed to memset is -3 as a signed number (0xfffffffffffffffd).\n"
		"0x7f0000001fd4 is 4 bytes inside the 40-byte block");
	expect_no_part(&text, "in both");
}

static void make_crash(enum md_crash_cause cause, uintptr_t addr, enum md_access_kind kind)
{
	finding.error = MD_ERROR_SEGV;
	finding.block.valid = false;
	finding.crash = &crash;
	finding.addr = finding.access.addr = addr;
	finding.access.kind = kind;
	crash.cause = cause;
}

Test(crash_text, names_each_cause, .init = begin)
{
	static const struct {
		enum md_crash_cause cause;
		uintptr_t addr, pointer;
		enum md_access_kind kind;
		enum md_place place;
		const char *part;
	} rows[] = {
		{ MD_CRASH_NULL, 0, 0, MD_ACCESS_READ, MD_PLACE_NULL_PAGE,
			"A null pointer was used.\n0x000000000000 is the null pointer.\n" },
		{ MD_CRASH_NULL, 24, 0, MD_ACCESS_WRITE, MD_PLACE_NULL_PAGE, "is 24 bytes above address 0: a null pointer plus an offset" },
		{ MD_CRASH_NULL, 0, 0, MD_ACCESS_EXECUTE, MD_PLACE_NULL_PAGE,
			"EXECUTE of size 4 at 0x000000000000 thread T1\nA null pointer was called.\n" },
		{ MD_CRASH_NONCANONICAL, 0x4141414141414141, 0, MD_ACCESS_READ, MD_PLACE_NONCANONICAL,
			"0x4141414141414141 is no address that the processor can use" },
		{ MD_CRASH_FREED_FILL, 0xdfdfdfdfdfdfdfe7, 0xdfdfdfdfdfdfdfdf, MD_ACCESS_READ, MD_PLACE_NONCANONICAL,
			"The address consists of the byte 0xdf, which freed memory is filled with: a pointer was read from freed memory (0xdfdfdfdfdfdfdfdf and "
			"8 bytes more).\n" },
		{ MD_CRASH_FREED_FILL, 0xdfdfdfd7, 0xdfdfdfdf, MD_ACCESS_READ, MD_PLACE_UNMAPPED, "(0x0000dfdfdfdf and 8 bytes less).\n" },
		{ MD_CRASH_ALLOC_FILL, 0xbebebebebebebebe, 0xbebebebebebebebe, MD_ACCESS_READ, MD_PLACE_NONCANONICAL,
			"which new memory is filled with: a pointer was read before it was set.\n" },
		{ MD_CRASH_REDZONE, 0x8c9db1a280818285, 0, MD_ACCESS_READ, MD_PLACE_NONCANONICAL,
			"a pointer was read from outside of a block.\n" },
		{ MD_CRASH_STACK_OVERFLOW, 0x7fff00000ff8, 0x7fff00001000, MD_ACCESS_WRITE, MD_PLACE_UNMAPPED,
			"The stack of thread T1 is used up: its pointer is 0x7fff00001000, and its low end 0x7fff00001000.\n" },
		{ MD_CRASH_UNMAPPED, 0x1234567000, 0, MD_ACCESS_READ, MD_PLACE_UNMAPPED, "0x001234567000 is in no mapped memory.\n" },
		{ MD_CRASH_PROTECTED, APP_BASE + 8, 0, MD_ACCESS_WRITE, MD_PLACE_MAPPING, "That memory may not be written.\n" },
		{ MD_CRASH_PROTECTED, BLOCK, 0, MD_ACCESS_EXECUTE, MD_PLACE_MAPPING, "That memory has no code that may be executed.\n" },
		{ MD_CRASH_MISALIGNED, BLOCK + 1, 0, MD_ACCESS_READ, MD_PLACE_MAPPING, "The instruction wants an address that is aligned" },
		{ MD_CRASH_PAST_FILE, 0x7f0000000000, 0, MD_ACCESS_READ, MD_PLACE_MAPPING, "there is no such part of the file behind it" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct md_text text = fixture_text(false);

		make_crash(rows[i].cause, rows[i].addr, rows[i].kind);
		crash.pointer = rows[i].pointer;
		finding.place = rows[i].place;
		md_crash_text(&text, &report);
		expect_part(&text, rows[i].part);
		expect_part(&text, "The process ends by SIGSEGV, as it does without this report.\n");
	}
}

Test(crash_text, shows_registers_and_what_they_point_to, .init = begin)
{
	struct md_text text;

	crash.points[0].block = finding.block;
	crash.points[0].number = 2;
	crash.point_count = 1;
	make_crash(MD_CRASH_UNKNOWN, 0, MD_ACCESS_NONE);
	crash.known = false;
	text = whole();
	expect_part(&text, "ERROR: malloc-debug: SEGV at pc 0x555500002000 (T1, app)\n");
	expect_part(&text, "\ncrashed in thread T1, 2.000 s after start, here:\n");
	expect_part(&text,
		"Registers:\n"
		"  rax 0x0000000000000001  rbx 0x0000000000000002  rcx 0x00007f0000001fd8  rdx 0x0000000000000004\n"
		"  rip 0x0000555500002000\n"
		"\n"
		"rcx points to a block: 0x7f0000001fd8 is 8 bytes inside the 40-byte block [0x7f0000001fd0,0x7f0000001ff8) (live).\n"
		"allocated by malloc in thread T0 here:\n"
		"    #0 0x555500001000 in make_name app.c:10:9\n");
	expect_no_part(&text, "on address");
}

Test(crash_text, asks_for_the_names_of_all_stacks, .init = begin)
{
	md_stack_id ids[MD_REPORT_STACKS_MAX], alloc = finding.block.alloc_stack;
	size_t count;
	bool found = false;

	crash.points[0].block = finding.block;
	crash.point_count = 1;
	make_crash(MD_CRASH_UNKNOWN, 0, MD_ACCESS_NONE);
	count = md_report_stacks(&report, ids, MD_REPORT_STACKS_MAX);
	for (size_t i = 0; i < count; i++)
		found |= ids[i].value == alloc.value;
	cr_expect(found);
}
