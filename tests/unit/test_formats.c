/* SPDX-License-Identifier: MIT
 *
 * Reports as JSON, SARIF and in AddressSanitizer's shape: what stands where, in how little room, and what fingerprints are made of.
 */
#include <stdlib.h>

#include "report/asan_text.h"
#include "report/error_json.h"
#include "report/fingerprint.h"
#include "report/leak_json.h"
#include "report/sarif.h"
#include "tests/unit/json_check.h"
#include "tests/unit/report_fixture.h"

#define BLOCK 0x7f0000001010ul

static struct md_finding finding;
static struct md_report report;
static const struct md_origin origin = { .pid = 4711, .program = "/home/user/app", .host = "here", .started = 1700000000, .seconds = 2 };
static char *large;
#define LARGE_BYTES ((size_t)4 << 20)

static void fill(void)
{
	fixture_init();
	large = malloc(LARGE_BYTES);
	finding = (struct md_finding){
		.error = MD_ERROR_HEAP_USE_AFTER_FREE,
		.noticed = MD_NOTICED_AT_ACCESS,
		.addr = BLOCK + 4,
		.block = { .valid = true,
			.user = BLOCK,
			.size = 10,
			.begin = BLOCK - 16,
			.end = BLOCK + 32,
			.redzone_rear = BLOCK + 16,
			.state = MD_BLOCK_QUARANTINED,
			.alloc_api = MD_API_MALLOC,
			.free_api = MD_API_FREE,
			.alloc_stack = stack_from(0x1000),
			.free_stack = stack_from(0x2000),
			.alloc_thread = { 1 },
			.free_thread = { 2 } },
		.call = { .api = MD_API_NONE, .stack = stack_from(0x3000) },
		.thread = { 1 },
		.access = { .addr = BLOCK + 4, .bytes = 4, .pc = APP_BASE + 0x3000, .kind = MD_ACCESS_READ },
		.place = MD_PLACE_BLOCK,
		.evidence_begin = BLOCK - 16,
		.evidence_bytes = 3,
		.evidence = { 0x41, 0, 0xff },
		.expected = { 0x80, 0, 0xff },
		.evidence_mark = { MD_MARK_REDZONE | MD_MARK_DAMAGED, MD_MARK_FREED, MD_MARK_USER },
	};
	report = (struct md_report){
		.finding = &finding,
		.number = 7,
		.pid = 4711,
		.program = "/home/user/app",
		.seconds = 2,
		.alloc_seconds = 0.5,
		.free_seconds = 1.25,
		.threads = { { .id = { 1 }, .tid = 4711, .name = "app", .alive = true },
			{ .id = { 2 }, .tid = 4712, .name = "a \"b\"\n\xff", .creator = { 1 }, .created = stack_from(0x4000) } },
		.thread_count = 2,
		.stacks = stacks,
		.modules = &modules,
		.names = names,
		.strip_path = "/home/user/",
		.config = "redzone=16",
	};
}

static void empty(void)
{
	free(large);
}

TestSuite(formats, .init = fill, .fini = empty);

static struct md_text large_text(size_t capacity)
{
	struct md_text text;

	md_text_init(&text, large, capacity, false);
	return text;
}

static struct md_text json(void)
{
	struct md_text text = fixture_text(false);

	md_error_json(&text, &report, &origin);
	cr_assert(text.buffer[text.length - 1] == '\n' && json_is_valid(text.buffer, text.length - 1), "%s", text_string(&text));
	return text;
}

/* --- JSON ------------------------------------------------------------------------- */

Test(formats, json_of_an_error)
{
	struct md_text text = json();

	expect_part(&text, "{\"version\":1,\"type\":\"error\",\"tool\":\"malloc-debug ");
	expect_part(&text,
		"\"process\":{\"pid\":4711,\"program\":\"/home/user/app\",\"host\":\"here\",\"started\":1700000000.000000,\"seconds\":2.000000}");
	expect_part(&text, "\"error\":\"heap-use-after-free\"");
	expect_part(&text,
		"\"role\":\"call\",\"site\":\"app.c:30 in make_other\",\"noticed\":\"access\",\"address\":\"0x7f0000001014\",\"place\":\"block\"");
	expect_part(&text, "\"access\":{\"kind\":\"read\",\"address\":\"0x7f0000001014\",\"bytes\":4,\"pc\":\"0x555500003000\"}");
	expect_part(&text,
		"\"call\":{\"thread\":0,\"is_mistake\":true,\"stack\":[{\"pc\":\"0x555500003000\",\"module\":\"/home/user/app\",\"offset\":\"0x3000\","
		"\"function\":\"make_other\",\"file\":\"app.c\",\"line\":30}");
	expect_part(&text,
		"{\"pc\":\"0x7f2200027249\",\"module\":\"/lib/libc.so.6\",\"offset\":\"0x27249\",\"build_id\":\"ab0102cd\","
		"\"function\":\"__libc_start_call_main\"}");
	expect_part(&text,
		"\"block\":{\"address\":\"0x7f0000001010\",\"bytes\":10,\"offset\":4,\"state\":\"quarantined\",\"redzone_begin\":\"0x7f0000001000\"");
	expect_part(&text, "\"allocated\":{\"function\":\"malloc\",\"thread\":0,\"seconds\":0.500000,\"stack\":[");
	expect_part(&text, "\"freed\":{\"function\":\"free\",\"thread\":1,\"seconds\":1.250000,\"stack\":[");
	expect_part(&text, "{\"id\":1,\"tid\":4712,\"name\":\"a \\\"b\\\"\\n\xef\xbf\xbd\",\"alive\":false,\"creator\":0,\"created\":[");
	expect_part(&text, "\"memory\":{\"begin\":\"0x7f0000001000\",\"data\":\"4100ff\",\"expected\":\"8000ff\",\"marks\":\"Rfu\"}");
	expect_part(&text, "\"options\":\"redzone=16\"}\n");
	expect_no_part(&text, "truncated");
}

Test(formats, inlined_functions_are_frames)
{
	name_frame(frame_at(app, 0x5000), "inner", "/home/user/inner.h", 3, 1, true);
	name_frame(frame_at(app, 0x5000), "outer", "/home/user/app.c", 50, 1, false);
	finding.call.stack = stack_from(0x5000);
	struct md_text text = json();

	expect_part(&text, "\"function\":\"inner\",\"file\":\"inner.h\",\"line\":3,\"column\":1,\"inlined\":true},{");
	expect_part(&text, "\"function\":\"outer\",\"file\":\"app.c\",\"line\":50,\"column\":1},{");
}

/* All kinds, seen at all moments: nothing that the writers trip over. */
Test(formats, every_kind_and_moment)
{
	static const char *const register_names[] = { "rax", "rbp" };
	struct md_crash crash = { .signal = 11,
		.signal_name = "SIGSEGV",
		.cause = MD_CRASH_NULL,
		.known = true,
		.pc = APP_BASE + 0x3000,
		.sp = 0x7ffc00001000,
		.register_count = 2,
		.register_names = register_names,
		.registers = { 1, 0x7ffc00002000 } };

	for (unsigned error = 0; error < MD_ERROR_COUNT; error++) {
		for (unsigned noticed = 0; noticed <= MD_NOTICED_AT_ACCESS; noticed++) {
			struct md_text text = large_text(LARGE_BYTES);

			finding.error = (enum md_error)error;
			finding.noticed = (enum md_noticed)noticed;
			finding.crash = error >= MD_ERROR_SEGV && error <= MD_ERROR_ABRT ? &crash : NULL;
			finding.block.valid = (error + noticed) % 2;
			json();
			md_sarif_error(&text, &report, &origin);
			cr_expect(json_is_valid(large, text.length), "%u %u: %.*s", error, noticed, (int)text.length, large);
			text = large_text(LARGE_BYTES);
			md_asan_error_text(&text, &report);
			large[text.length] = '\0';
			cr_expect(strstr(large, "==4711==ERROR: AddressSanitizer: ") && strstr(large, "\nSUMMARY: AddressSanitizer: "),
				"%s", large);
		}
	}
}

/* In no room at all, in some, and in enough. */
Test(formats, every_room)
{
	struct md_text whole = large_text(LARGE_BYTES);

	md_sarif_error(&whole, &report, &origin);
	for (size_t capacity = 1500; capacity < whole.length + 10; capacity += 7) {
		struct md_text text = large_text(capacity);

		md_sarif_error(&text, &report, &origin);
		cr_assert(text.length <= capacity && json_is_valid(large, text.length), "%zu: %.*s", capacity, (int)text.length, large);
		text = large_text(capacity);
		md_error_json(&text, &report, &origin);
		cr_assert(text.length <= capacity && json_is_valid(large, text.length - 1) && large[text.length - 1] == '\n', "%zu: %.*s",
			capacity, (int)text.length, large);
	}
}

/* --- fingerprints --------------------------------------------------------------------- */

Test(formats, fingerprints_know_no_addresses)
{
	uint64_t first = md_fingerprint_error(&report);

	finding.addr++;
	finding.block.user += 0x1000;
	finding.thread = (md_thread_id){ 3 };
	finding.access.kind = MD_ACCESS_WRITE;
	report.pid++;
	cr_expect(md_fingerprint_error(&report) == first);
	finding.error = MD_ERROR_HEAP_BUFFER_OVERFLOW;
	cr_expect(md_fingerprint_error(&report) != first, "the kind counts");
	finding.error = MD_ERROR_HEAP_USE_AFTER_FREE;
	finding.call.stack = stack_from(0x4000);
	cr_expect(md_fingerprint_error(&report) != first, "where it was used counts");
	finding.call.stack = stack_from(0x3000);
	finding.block.alloc_stack = stack_from(0x4000);
	cr_expect(md_fingerprint_error(&report) != first, "who allocated it counts");
}

/* Loaded elsewhere, with names and without. */
Test(formats, fingerprints_know_no_base)
{
	struct md_frame here[] = { frame_at(plugin, 0x100), frame_at(libc, 0x27249) };
	uint16_t moved = md_modules_put(&modules, &arena, PLUGIN_BASE + 0x10000000, PLUGIN_BASE + 0x10100000, PLUGIN_BASE + 0x10000000,
		"/other/plugin.so", NULL, 0);
	struct md_frame there[] = { { .pc = PLUGIN_BASE + 0x10000000 + 0x101, .module = moved }, frame_at(libc, 0x1111) };
	struct md_frame next[] = { { .pc = PLUGIN_BASE + 0x10000000 + 0x102, .module = moved }, frame_at(libc, 0x1111) };
	struct md_stack_printer printer = fixture_printer();
	uint64_t first = md_fingerprint_stack("direct-leak", &printer, md_stack_store_put(stacks, here, 2));

	cr_expect(md_fingerprint_stack("direct-leak", &printer, md_stack_store_put(stacks, there, 2)) == first);
	cr_expect(md_fingerprint_stack("direct-leak", &printer, md_stack_store_put(stacks, next, 2)) != first);
	cr_expect(md_fingerprint_stack("possible-leak", &printer, md_stack_store_put(stacks, here, 2)) != first);
	cr_expect(md_fingerprint_stack("direct-leak", &printer, MD_STACK_NONE) != first);
}

/* What was found late is told by the block: which call happened to find it does not count. */
Test(formats, fingerprints_of_what_is_found_late)
{
	finding.error = MD_ERROR_HEAP_BUFFER_OVERFLOW;
	finding.noticed = MD_NOTICED_AT_FREE;
	uint64_t first = md_fingerprint_error(&report);

	finding.noticed = MD_NOTICED_AT_EXIT;
	finding.call.stack = MD_STACK_NONE;
	cr_expect(md_fingerprint_error(&report) == first);
}

/* The number is written down in logs and stores: it may not change while its name stays the same. */
Test(formats, fingerprints_stay)
{
	char digits[17];

	md_fingerprint_text(md_fingerprint_error(&report), digits);
	cr_expect(strcmp(digits, "6b7f1238ad5d2e3e") == 0, "%s", digits);
}

/* --- SARIF ------------------------------------------------------------------------------ */

Test(formats, sarif_document)
{
	struct md_text text = large_text(LARGE_BYTES);

	md_sarif_head(&text);
	cr_expect(text.length < MD_SARIF_HEAD_BYTES, "%zu", text.length);
	md_sarif_error(&text, &report, &origin);
	md_text_put(&text, md_sarif_separator);
	md_sarif_error(&text, &report, &origin);
	md_text_put(&text, md_sarif_tail);
	/* Newlines stand between results alone; the checker knows none. */
	size_t bytes = 0;

	for (size_t i = 0; i < text.length; i++)
		if (large[i] != '\n')
			large[bytes++] = large[i];
	large[bytes] = '\0';
	cr_expect(json_is_valid(large, bytes), "%s", large);
	cr_expect(strstr(large, "{\"id\":\"double-free\",\"shortDescription\":{\"text\":\"double free\"}"), "%s", large);
	cr_expect(
		strstr(large,
			"{\"ruleId\":\"heap-use-after-free\",\"ruleIndex\":2,\"level\":\"error\",\"message\":{\"text\":\"use after free: READ of 4 bytes, "
			"4 bytes inside a 10-byte block allocated by malloc. A pointer"),
		"%s", large);
	cr_expect(strstr(large,
			  "\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"app.c\",\"uriBaseId\":\"%SRCROOT%\"},"
			  "\"region\":{\"startLine\":30}"),
		"%s", large);
	const char *allocated = strstr(large, "\"text\":\"allocated by malloc in thread T0\"}"),
		   *freed = strstr(large, "\"text\":\"freed by free in thread T1\"}");
	const char *used = strstr(large, "\"text\":\"read in thread T0\"}");

	cr_expect(allocated && freed && used && allocated < freed && freed < used, "the code flow goes with the time: %s", large);
}

Test(formats, sarif_without_stacks)
{
	struct md_text text = large_text(LARGE_BYTES);

	finding.call.stack = finding.block.alloc_stack = finding.block.free_stack = MD_STACK_NONE;
	md_sarif_error(&text, &report, &origin);
	large[text.length] = '\0';
	cr_expect(json_is_valid(large, text.length), "%s", large);
	cr_expect(strstr(large, "\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"file:///home/user/app\"}}}]"), "%s",
		large);
	cr_expect(!strstr(large, "codeFlows") && strstr(large, "\"stacks\":[]"), "%s", large);
}

/* A prefix with its slash or without leaves a path that is relative to the sources. */
Test(formats, prefixes_of_paths)
{
	report.strip_path = "/home/user";
	struct md_text text = json();

	expect_part(&text, "\"file\":\"app.c\"");
	report.strip_path = "/home/us";
	text = json();
	expect_part(&text, "\"file\":\"er/app.c\"");
}

/* --- leaks -------------------------------------------------------------------------------- */

static struct md_leak_entry *make_leaks(struct md_leak_report *leaks, size_t count)
{
	struct md_leak_group *groups = calloc(count, sizeof *groups);
	struct md_leak_entry *entries = calloc(count, sizeof *entries);

	for (size_t i = 0; i < count; i++) {
		groups[i] = (struct md_leak_group){ .stack = stack_from(0x1000),
			.kind = i % 3 ? MD_LEAK_DIRECT : MD_LEAK_POSSIBLE,
			.api = MD_API_CALLOC,
			.thread = { 1 },
			.count = { i, 10 * i },
			.held = { 1, 5 },
			.sample = BLOCK,
			.sample_size = 10 };
		entries[i] = (struct md_leak_entry){
			.group = &groups[i], .thread_name = "app", .oldest_seconds = 1, .newest_seconds = 2, .sample_bytes = 3
		};
	}
	*leaks = (struct md_leak_report){ .pid = 4711,
		.program = "/home/user/app",
		.when = "at exit",
		.seconds = 3,
		.entries = entries,
		.entry_count = count,
		.groups_total = count,
		.totals = { [MD_LEAK_DIRECT] = { count, 10 * count }, [MD_LEAK_INDIRECT] = { count, 5 * count } } };
	return entries;
}

static void drop_leaks(struct md_leak_entry *entries)
{
	free((void *)entries[0].group);
	free(entries);
}

/* Far more than fits: the largest are there, totals are right, and it is said. */
Test(formats, leaks_without_end)
{
	struct md_stack_printer printer = fixture_printer();
	struct md_leak_report leaks;
	struct md_leak_entry *entries = make_leaks(&leaks, 50000);
	struct md_text text = large_text((size_t)1 << 20);

	md_leak_json(&text, &leaks, &printer, &origin);
	cr_expect(json_is_valid(large, text.length - 1));
	large[text.length] = '\0';
	cr_expect(strstr(large, "\"direct\":{\"blocks\":50000,\"bytes\":500000}") && strstr(large, ",\"truncated\":true}\n"), "%.2000s",
		large);
	cr_expect(text.length > 900000);
	text = large_text((size_t)1 << 20);
	large[text.length] = '[';
	text.length++;
	md_sarif_leaks(&text, &leaks, &printer, &origin);
	large[text.length] = ']';
	size_t bytes = 0, length = text.length + 1;

	for (size_t i = 0; i < length; i++)
		if (large[i] != '\n')
			large[bytes++] = large[i];
	cr_expect(json_is_valid(large, bytes) && bytes > 900000);
	text = large_text(65536);
	md_asan_leak_text(&text, &leaks, &printer);
	large[text.length] = '\0';
	cr_expect(!text.cut && strstr(large, "\nSUMMARY: AddressSanitizer: 750000 byte(s) leaked in 100000 allocation(s).\n"), "%s",
		large + 60000);
	drop_leaks(entries);
}

Test(formats, leaks_of_asan)
{
	struct md_stack_printer printer = fixture_printer();
	struct md_leak_report leaks;
	struct md_leak_entry *entries = make_leaks(&leaks, 3);
	struct md_text text = fixture_text(false);

	md_asan_leak_text(&text, &leaks, &printer);
	expect_part(&text,
		"\n=================================================================\n"
		"==4711==ERROR: LeakSanitizer: detected memory leaks\n"
		"\n"
		"Direct leak of 10 byte(s) in 1 object(s) allocated from:\n"
		"    #0 0x555500001000 in make_name app.c:10:9\n");
	leaks.totals[MD_LEAK_DIRECT] = leaks.totals[MD_LEAK_INDIRECT] = (struct md_leak_count){ 0, 0 };
	text = fixture_text(false);
	md_asan_leak_text(&text, &leaks, &printer);
	expect_text(&text, "");
	drop_leaks(entries);
}

/* --- AddressSanitizer's shape ------------------------------------------------------------------ */

Test(formats, asan_of_an_access)
{
	struct md_text text = fixture_text(false);

	md_asan_error_text(&text, &report);
	expect_text(&text,
		"=================================================================\n"
		"==4711==ERROR: AddressSanitizer: heap-use-after-free on address 0x7f0000001014 at pc 0x555500003000 bp 0x000000000000 sp 0x000000000000\n"
		"READ of size 4 at 0x7f0000001014 thread T0\n"
		"    #0 0x555500003000 in make_other app.c:30\n"
		"    #1 0x555500009000 in main app.c:90:2\n"
		"    #2 0x7f2200027249 in __libc_start_call_main (/lib/libc.so.6+0x27249) (BuildId: ab0102cd)\n"
		"\n"
		"0x7f0000001014 is located 4 bytes inside of 10-byte region [0x7f0000001010,0x7f000000101a)\n"
		"freed by thread T1 (a \"b\"?"
		"?) here:\n"
		"    #0 0x555500002000 in drop_name app.c:20:9\n"
		"    #1 0x555500009000 in main app.c:90:2\n"
		"    #2 0x7f2200027249 in __libc_start_call_main (/lib/libc.so.6+0x27249) (BuildId: ab0102cd)\n"
		"\n"
		"previously allocated by thread T0 here:\n"
		"    #0 0x555500001000 in make_name app.c:10:9\n"
		"    #1 0x555500009000 in main app.c:90:2\n"
		"    #2 0x7f2200027249 in __libc_start_call_main (/lib/libc.so.6+0x27249) (BuildId: ab0102cd)\n"
		"\n"
		"Thread T1 (a \"b\"?"
		"?) created by T0 here:\n"
		"    #0 0x555500004000 in start_worker app.c:40\n"
		"    #1 0x555500009000 in main app.c:90:2\n"
		"    #2 0x7f2200027249 in __libc_start_call_main (/lib/libc.so.6+0x27249) (BuildId: ab0102cd)\n"
		"\n"
		"SUMMARY: AddressSanitizer: heap-use-after-free app.c:30 in make_other\n");
}

Test(formats, asan_first_lines)
{
	static const char *const register_names[] = { "rbp" };
	struct md_crash crash = { .signal = 11,
		.signal_name = "SIGSEGV",
		.cause = MD_CRASH_NULL,
		.known = true,
		.pc = APP_BASE + 0x3000,
		.sp = 0x7ffc00001000,
		.register_count = 1,
		.register_names = register_names,
		.registers = { 0x7ffc00002000 } };
	struct md_text text = fixture_text(false);

	finding.noticed = MD_NOTICED_AT_CALL;
	finding.error = MD_ERROR_ALLOC_DEALLOC_MISMATCH;
	finding.addr = BLOCK;
	finding.block.alloc_api = MD_API_NEW_ARRAY_ALIGNED;
	finding.call.api = MD_API_DELETE_SIZED;
	md_asan_error_text(&text, &report);
	expect_part(&text,
		"==4711==ERROR: AddressSanitizer: alloc-dealloc-mismatch (operator new [] vs operator delete) on 0x7f0000001010\n    #0 0x");
	finding.error = MD_ERROR_DOUBLE_FREE;
	text = fixture_text(false);
	md_asan_error_text(&text, &report);
	expect_part(&text, "==4711==ERROR: AddressSanitizer: attempting double-free on 0x7f0000001010 in thread T0:\n    #0 0x");
	expect_part(&text, "0x7f0000001010 is located 0 bytes inside of 10-byte region [");
	finding.error = MD_ERROR_SEGV;
	finding.noticed = MD_NOTICED_AT_ACCESS;
	finding.block.valid = false;
	finding.crash = &crash;
	finding.addr = 8;
	finding.place = MD_PLACE_NULL_PAGE;
	text = fixture_text(false);
	md_asan_error_text(&text, &report);
	expect_part(&text,
		"AddressSanitizer:DEADLYSIGNAL\n"
		"=================================================================\n"
		"==4711==ERROR: AddressSanitizer: SEGV on unknown address 0x000000000008 (pc 0x555500003000 bp 0x7ffc00002000 sp 0x7ffc00001000 T0)\n"
		"==4711==The signal is caused by a READ memory access.\n"
		"==4711==Hint: address points to the zero page.\n"
		"    #0 0x555500003000 in make_other app.c:30\n");
	expect_part(&text, "\nAddressSanitizer can not provide additional info.\nSUMMARY: AddressSanitizer: SEGV app.c:30 in make_other\n");
}
