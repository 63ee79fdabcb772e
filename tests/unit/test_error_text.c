/* SPDX-License-Identifier: MIT */
#include "report/error_text.h"

#include <stdlib.h>

#include "tests/unit/report_fixture.h"

#define BLOCK 0x7f0000001010ul
#define BAR "=================================================================\n"

static struct md_finding finding;
static struct md_report report;

/* A ten-byte block with sixteen bytes of red zone in front and from its slack on, live, made by make_name; freed ones by drop_name. */
static void make_report(enum md_error error, enum md_noticed noticed)
{
	finding = (struct md_finding){
		.error = error,
		.noticed = noticed,
		.addr = BLOCK,
		.block = { .valid = true,
			.user = BLOCK,
			.size = 10,
			.begin = BLOCK - 16,
			.end = BLOCK + 32,
			.redzone_rear = BLOCK + 16,
			.state = MD_BLOCK_LIVE,
			.alloc_api = MD_API_MALLOC,
			.free_api = MD_API_NONE,
			.alloc_stack = stack_from(0x1000),
			.alloc_thread = { 1 },
			.zone_begin = 0x7f0000000000,
			.zone_end = 0x7f0000010000 },
		.call = { .api = MD_API_FREE, .stack = stack_from(0x2000) },
		.thread = { 1 },
	};
	report = (struct md_report){
		.finding = &finding,
		.number = 1,
		.pid = 4711,
		.program = "/home/user/app",
		.seconds = 2,
		.alloc_seconds = 0.5,
		.free_seconds = 1.25,
		.threads = { { .id = { 1 }, .tid = 4711, .name = "app", .alive = true } },
		.thread_count = 1,
		.stacks = stacks,
		.modules = &modules,
		.names = names,
		.strip_path = "/home/user/",
		.config = "redzone=16 quarantine=16M",
	};
}

static void mark_freed(md_thread_id thread)
{
	finding.block.state = MD_BLOCK_QUARANTINED;
	finding.block.free_api = MD_API_FREE;
	finding.block.free_stack = stack_from(0x2000);
	finding.block.free_thread = thread;
}

/* Puts found bytes at addr, as if all around were as we left it: patterns in red zones, text in the block. */
static void put_damage(uintptr_t addr, const void *found, size_t bytes)
{
	const unsigned char *values = found;

	finding.addr = addr;
	finding.damaged_end = addr + bytes;
	finding.evidence_begin = BLOCK - 16;
	finding.evidence_bytes = 48;
	for (size_t i = 0; i < 48; i++) {
		uintptr_t at = finding.evidence_begin + i;
		bool freed = finding.block.state == MD_BLOCK_QUARANTINED;

		finding.evidence_mark[i] = at < BLOCK || at >= BLOCK + 16 ? MD_MARK_REDZONE
			: at >= BLOCK + 10                                ? MD_MARK_SLACK
			: freed                                           ? MD_MARK_FREED
									  : MD_MARK_USER;
		finding.expected[i] = finding.evidence_mark[i] == MD_MARK_FREED ? 0xdf : (unsigned char)(0x80 + i);
		finding.evidence[i] = finding.evidence_mark[i] == MD_MARK_USER ? (unsigned char)"hello worl"[at - BLOCK]
									       : finding.expected[i];
		if (at >= addr && at < addr + bytes && values[at - addr] != finding.expected[i]) {
			finding.evidence[i] = values[at - addr];
			finding.evidence_mark[i] |= MD_MARK_DAMAGED;
			finding.damaged_bytes++;
		}
	}
}

static struct md_text render(void)
{
	struct md_text text = fixture_text(false);

	md_error_text(&text, &report);
	cr_assert(!text.cut);
	return text;
}

TestSuite(error_text, .init = fixture_init);

#define FREED_HERE \
	"    #0 0x555500002000 in drop_name app.c:20:9\n" \
	"    #1 0x555500009000 in main app.c:90:2\n" \
	"    #2 0x7f2200027249 in __libc_start_call_main (/lib/libc.so.6+0x27249) (BuildId: ab0102cd)\n\n"
#define ALLOCATED_HERE \
	"    #0 0x555500001000 in make_name app.c:10:9\n" \
	"    #1 0x555500009000 in main app.c:90:2\n" \
	"    #2 0x7f2200027249 in __libc_start_call_main (/lib/libc.so.6+0x27249) (BuildId: ab0102cd)\n\n"
#define OTHER_HERE \
	"    #0 0x555500003000 in make_other app.c:30\n" \
	"    #1 0x555500009000 in main app.c:90:2\n" \
	"    #2 0x7f2200027249 in __libc_start_call_main (/lib/libc.so.6+0x27249) (BuildId: ab0102cd)\n\n"

Test(error_text, overflow_in_full)
{
	make_report(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_AT_FREE);
	put_damage(BLOCK + 13, "A", 1);
	struct md_text text = render();

	expect_text(&text,
		BAR
		"==4711==ERROR: malloc-debug: heap-buffer-overflow on address 0x7f000000101d (T0, app)\n"
		"0x7f000000101d is 3 bytes after the 10-byte block [0x7f0000001010,0x7f000000101a).\n"
		"1 byte was changed, at 0x7f000000101d: found 41, expected 9d.\n"
		"Found when the block was freed: the write itself happened earlier, between the block's allocation and now (1.500 s).\n"
		"\n"
		"freed by free in thread T0, 2.000 s after start, here:\n" FREED_HERE
		"allocated by malloc in thread T0, 0.500 s after start, here:\n" ALLOCATED_HERE "Bytes around the damage:\n"
		"  0x7f0000001000: 80 81 82 83 84 85 86 87 88 89 8a 8b 8c 8d 8e 8f  ................  red zone\n"
		"=>0x7f0000001010: 68 65 6c 6c 6f 20 77 6f 72 6c|9a 9b 9c[41]9e 9f  hello worl...A..  10 user, 6 slack\n"
		"        expected:                                        9d\n"
		"  0x7f0000001020: a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 aa ab ac ad ae af  ................  red zone\n"
		"Legend: | the kind of memory changes, [ ] bytes changed by somebody\n"
		"  user      bytes that the program asked for\n"
		"  slack     between the end of the block and its red zone; the program may not write there\n"
		"  red zone  around each block; the program may not write there\n"
		"\n"
		"Hint: A loop or copy ran past the end of the block: check its bound, and room for the terminating NUL.\n"
		"Try next:\n"
		"  MALLOC_DEBUG_CHECK_EVERY=100        checks the whole heap every 100 calls, so that the damage is found nearer to the write\n"
		"  MALLOC_DEBUG_GUARD=all              puts each block at a guard page, so that the access itself is seen, with its stack\n"
		"  MALLOC_DEBUG_ON_ERROR=pause         waits here for a debugger\n"
		"Process 4711 (/home/user/app), report 1, 2.000 s after start.\n"
		"Options: redzone=16 quarantine=16M\n"
		"SUMMARY: malloc-debug: heap-buffer-overflow app.c:10 in make_name (where the block was allocated)\n");
}

Test(error_text, double_free_in_full)
{
	make_report(MD_ERROR_DOUBLE_FREE, MD_NOTICED_AT_CALL);
	mark_freed((md_thread_id){ 2 });
	finding.call.stack = stack_from(0x3000);
	report.threads[1] = (struct md_thread_view){
		.id = { 2 }, .tid = 4712, .name = "worker", .creator = { 1 }, .created = stack_from(0x4000)
	};
	report.thread_count = 2;
	report.before = (struct md_block_view){ .valid = true,
		.user = BLOCK - 64,
		.size = 32,
		.state = MD_BLOCK_LIVE,
		.alloc_api = MD_API_CALLOC,
		.alloc_stack = stack_from(0x3000),
		.alloc_thread = { 1 } };
	report.earlier[0] = md_event_make(MD_EVENT_ALLOC, MD_API_MALLOC, BLOCK, 24, stack_from(0x3000), (md_thread_id){ 1 }, 1);
	report.earlier[1] = md_event_make(MD_EVENT_FREE, MD_API_FREE, BLOCK, 24, stack_from(0x2000), (md_thread_id){ 1 }, 1);
	report.earlier_seconds[0] = 0.1;
	report.earlier_seconds[1] = 0.2;
	report.earlier_count = 2;
	report.earlier_total = 12;
	report.names_missing = "the symbol helper took too long; some names are missing";
	struct md_text text = render();

	expect_text(&text,
		BAR
		"==4711==ERROR: malloc-debug: double-free on address 0x7f0000001010 (T0, app)\n"
		"0x7f0000001010 is the start of the 10-byte block [0x7f0000001010,0x7f000000101a) (freed, in quarantine).\n"
		"The block was already freed.\n"
		"\n"
		"freed again by free in thread T0, 2.000 s after start, here:\n" OTHER_HERE
		"first freed by free in thread T1 (worker), 1.250 s after start, here:\n" FREED_HERE
		"previously allocated by malloc in thread T0, 0.500 s after start, here:\n" ALLOCATED_HERE
		"Thread T1 (worker, tid 4712, ended) created by T0 here:\n"
		"    #0 0x555500004000 in start_worker app.c:40\n"
		"    #1 0x555500009000 in main app.c:90:2\n"
		"    #2 0x7f2200027249 in __libc_start_call_main (/lib/libc.so.6+0x27249) (BuildId: ab0102cd)\n"
		"\n"
		"Neighbouring blocks:\n"
		"  before, 32 bytes away: the 32-byte block [0x7f0000000fd0,0x7f0000000ff0) (live), allocated by calloc in T0: app.c:30 in make_other\n"
		"\n"
		"Earlier owners of this address (the last 2 of 12 events):\n"
		"    0.100000 s  T0    malloc              0x7f0000001010        24 bytes  app.c:30 in make_other\n"
		"    0.200000 s  T0    free                0x7f0000001010        24 bytes  app.c:20 in drop_name\n"
		"\n"
		"Hint: Two owners freed the same block: decide which one owns it, or clear the pointer after the first free.\n"
		"Try next:\n"
		"  MALLOC_DEBUG_ON_ERROR=pause         waits here for a debugger\n"
		"Note: the symbol helper took too long; some names are missing\n"
		"Process 4711 (/home/user/app), report 1, 2.000 s after start.\n"
		"Options: redzone=16 quarantine=16M\n"
		"SUMMARY: malloc-debug: double-free app.c:30 in make_other\n");
}

Test(error_text, underflow_at_exit_has_no_stack_of_a_call)
{
	make_report(MD_ERROR_HEAP_BUFFER_UNDERFLOW, MD_NOTICED_AT_EXIT);
	put_damage(BLOCK - 4, "\xff\xff\xff\xff", 4);
	struct md_text text = render();

	expect_part(&text,
		"==4711==ERROR: malloc-debug: heap-buffer-underflow on address 0x7f000000100c (T0, app)\n"
		"0x7f000000100c is 4 bytes before the 10-byte block [0x7f0000001010,0x7f000000101a).\n"
		"4 bytes were changed, [0x7f000000100c,0x7f0000001010): found ff ff ff ff, expected 8c 8d 8e 8f.\n"
		"Found when the process ended and the whole heap was checked: the write itself happened earlier, between the block's "
		"allocation and now (1.500 s).\n"
		"Each of the bytes is now 0xff, as after a memset.\n"
		"\n"
		"allocated by malloc in thread T0, 0.500 s after start, here:\n" ALLOCATED_HERE "Bytes around the damage:\n");
	expect_no_part(&text, "drop_name");
	expect_part(&text, "SUMMARY: malloc-debug: heap-buffer-underflow app.c:10 in make_name (where the block was allocated)\n");
}

Test(error_text, use_after_free_found_late)
{
	make_report(MD_ERROR_HEAP_USE_AFTER_FREE, MD_NOTICED_AT_REUSE);
	mark_freed((md_thread_id){ 1 });
	put_damage(BLOCK + 4, "\xde", 1);
	finding.call = (struct md_call){ .api = MD_API_MALLOC, .stack = stack_from(0x3000) };
	struct md_text text = render();

	expect_part(&text,
		"==4711==ERROR: malloc-debug: heap-use-after-free on address 0x7f0000001014 (T0, app)\n"
		"0x7f0000001014 is 4 bytes inside the 10-byte block [0x7f0000001010,0x7f000000101a) (freed, in quarantine).\n"
		"1 byte was changed, at 0x7f0000001014: found de, expected df.\n"
		"Found when the block left the quarantine: the write itself happened earlier, between the block's free and now (0.750 s).\n"
		"It is one less than it was, as if a counter (of references, say) had been decremented.\n"
		"\n"
		"noticed by malloc in thread T0, 2.000 s after start, here (the call that let the block go, not the mistake):\n" OTHER_HERE
		"freed by free in thread T0, 1.250 s after start, here:\n" FREED_HERE
		"previously allocated by malloc in thread T0, 0.500 s after start, here:\n" ALLOCATED_HERE);
	expect_part(&text, "  MALLOC_DEBUG_QUARANTINE=256M ");
	expect_part(&text, "SUMMARY: malloc-debug: heap-use-after-free app.c:20 in drop_name (where the block was freed)\n");
}

Test(error_text, headings_tell_whether_the_call_is_the_mistake)
{
	static const struct {
		enum md_noticed noticed;
		enum md_api api;
		const char *found, *heading;
	} rows[] = {
		{ MD_NOTICED_AT_FREE, MD_API_REALLOC_FREE, "Found when the block was resized: the write",
			"resized by realloc in thread T0" },
		{ MD_NOTICED_ON_REQUEST, MD_API_CHECK, "Found by a check that the program asked for: the write",
			"check requested in thread T0" },
		{ MD_NOTICED_PERIODICALLY, MD_API_CALLOC, "Found by the periodic check (CHECK_EVERY): the write",
			"noticed by calloc in thread T0, 2.000 s after start, here (the call on which the check fell, not the mistake):\n" },
		{ MD_NOTICED_AT_ACCESS, MD_API_NONE, "Seen in the act: the first stack is that of the access.\n",
			"\naccessed in thread T0, 2.000 s after start, here:\n" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		make_report(MD_ERROR_HEAP_BUFFER_OVERFLOW, rows[i].noticed);
		put_damage(BLOCK + 10, "abcd", 4);
		finding.call.api = rows[i].api;
		struct md_text text = render();

		expect_part(&text, rows[i].found);
		expect_part(&text, rows[i].heading);
		expect_part(&text,
			rows[i].noticed == MD_NOTICED_AT_ACCESS
				? "heap-buffer-overflow app.c:20 in drop_name\n"
				: "heap-buffer-overflow app.c:10 in make_name (where the block was allocated)\n");
	}
}

Test(error_text, unknown_times_are_left_out)
{
	make_report(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_AT_FREE);
	put_damage(BLOCK + 10, "\0", 1);
	report.seconds = report.alloc_seconds = report.free_seconds = -1;
	struct md_text text = render();

	expect_part(&text, "between the block's allocation and now.\n");
	expect_part(&text, "allocated by malloc in thread T0, here:\n");
	expect_no_part(&text, "after start");
}

Test(error_text, double_free_by_realloc_and_by_two_threads_at_once)
{
	make_report(MD_ERROR_DOUBLE_FREE, MD_NOTICED_AT_CALL);
	mark_freed((md_thread_id){ 1 });
	finding.call.api = MD_API_REALLOC;
	struct md_text text = render();

	expect_part(&text,
		"The block was already freed when realloc was asked to resize it.\n\nresized after its free by realloc in thread T0");
	make_report(MD_ERROR_DOUBLE_FREE, MD_NOTICED_AT_CALL);
	finding.block.state = MD_BLOCK_FREEING;
	text = render();
	expect_part(&text, "Another free of this block is going on at this moment: two threads free it at the same time.\n");
	expect_no_part(&text, "first freed");
}

Test(error_text, bad_free_says_what_the_pointer_is)
{
	static const struct {
		enum md_place place;
		uintptr_t addr;
		const char *wanted;
	} rows[] = {
		{ MD_PLACE_BLOCK, BLOCK + 4,
			"0x7f0000001014 is 4 bytes inside the 10-byte block [0x7f0000001010,0x7f000000101a) (live).\n"
			"free takes only the start of a block, here 0x7f0000001010.\n" },
		{ MD_PLACE_REDZONE, BLOCK - 16,
			"0x7f0000001000 is 16 bytes before the 10-byte block [0x7f0000001010,0x7f000000101a) (live), in its red zone.\n"
			"free takes only the start of a block, here 0x7f0000001010.\n" },
		{ MD_PLACE_STACK, 0x7ff000001000,
			"0x7ff000001000 is on the stack of thread T1.\nIt is a local variable or array of thread T1 (worker).\n" },
		{ MD_PLACE_GLOBAL, APP_BASE + 0x4010,
			"0x555500004010 is a global variable, constant or function of a module: (/home/user/app+0x4010).\n" },
		{ MD_PLACE_MAPPING, 0x1000000, "is in memory that the program or a library mapped" },
		{ MD_PLACE_UNMAPPED, 0x1000000, "is in no mapped memory.\n" },
		{ MD_PLACE_NULL_PAGE, 8, "is 8 bytes above address 0" },
		{ MD_PLACE_NONCANONICAL, 0xbebebebebebebebe, "Each of its bytes is 0xbe" },
		{ MD_PLACE_FREE_SLOT, BLOCK, "where there is no block now.\n" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		make_report(MD_ERROR_BAD_FREE, MD_NOTICED_AT_CALL);
		finding.addr = rows[i].addr;
		finding.place = rows[i].place;
		finding.block.valid = i < 2;
		finding.place_thread = (md_thread_id){ 2 };
		finding.place_module = app;
		report.threads[1] = (struct md_thread_view){ .id = { 2 }, .name = "worker", .alive = true };
		report.thread_count = 2;
		struct md_text text = render();

		expect_part(&text, rows[i].wanted);
		expect_part(&text, "==4711==ERROR: malloc-debug: bad-free on address 0x");
		expect_part(&text, "passed to free in thread T0, 2.000 s after start, here:\n" FREED_HERE);
		expect_part(&text, "SUMMARY: malloc-debug: bad-free app.c:20 in drop_name\n");
		cr_expect((strstr(text_string(&text), "allocated by malloc in thread T0") != NULL) == (i < 2));
	}
}

Test(error_text, mismatch_names_both_sides)
{
	make_report(MD_ERROR_ALLOC_DEALLOC_MISMATCH, MD_NOTICED_AT_CALL);
	mark_freed((md_thread_id){ 1 }); /* by this very call: no stack of an earlier free */
	finding.call.api = MD_API_DELETE_ARRAY;
	struct md_text text = render();

	expect_part(&text,
		"==4711==ERROR: malloc-debug: alloc-dealloc-mismatch (malloc vs operator delete[]) on address 0x7f0000001010 (T0, app)\n");
	expect_part(&text, "It was allocated by malloc and freed by operator delete[]: constructors and destructors do not run in pairs,");
	expect_part(&text,
		"\n\nfreed by operator delete[] in thread T0, 2.000 s after start, here:\n" FREED_HERE
		"allocated by malloc in thread T0, 0.500 s after start, here:\n" ALLOCATED_HERE "Hint: ");
	expect_part(&text, "  MALLOC_DEBUG_MISMATCH=0 ");
	expect_part(&text, "SUMMARY: malloc-debug: alloc-dealloc-mismatch app.c:20 in drop_name\n");
}

Test(error_text, wrong_type_and_wrong_size_give_both_sizes)
{
	make_report(MD_ERROR_NEW_DELETE_TYPE_MISMATCH, MD_NOTICED_AT_CALL);
	finding.block.alloc_api = MD_API_NEW_ALIGNED;
	finding.call = (struct md_call){ .api = MD_API_DELETE_SIZED, .stack = stack_from(0x2000), .size = 24 };
	struct md_text text = render();

	expect_part(&text,
		"object passed to delete has wrong type:\n"
		"  size of the allocated type:        10 bytes\n"
		"  size of the deallocated type:      24 bytes\n"
		"  alignment of the allocated type:   stricter than the default\n"
		"  alignment of the deallocated type: the default\n");
	expect_part(&text, "freed by operator delete (sized) in thread T0");
	expect_part(&text, "SUMMARY: malloc-debug: new-delete-type-mismatch app.c:20 in drop_name\n");

	make_report(MD_ERROR_FREE_SIZE_MISMATCH, MD_NOTICED_AT_CALL);
	finding.call = (struct md_call){ .api = MD_API_FREE_ALIGNED_SIZED, .stack = stack_from(0x2000), .size = 12, .alignment = 64 };
	text = render();
	expect_part(&text, "free_aligned_sized was told 12 bytes with an alignment of 64; malloc was asked for 10 bytes.\n");
	expect_part(&text, "SUMMARY: malloc-debug: free-size-mismatch app.c:20 in drop_name\n");
}

Test(error_text, usable_size_of_a_freed_block)
{
	make_report(MD_ERROR_BAD_USABLE_SIZE, MD_NOTICED_AT_CALL);
	mark_freed((md_thread_id){ 1 });
	finding.place = MD_PLACE_BLOCK;
	finding.call = (struct md_call){ .api = MD_API_USABLE_SIZE, .stack = stack_from(0x3000) };
	struct md_text text = render();

	expect_part(&text,
		"==4711==ERROR: malloc-debug: bad-malloc_usable_size on address 0x7f0000001010 (T0, app)\n"
		"0x7f0000001010 is the start of the 10-byte block [0x7f0000001010,0x7f000000101a) (freed, in quarantine).\n");
	expect_part(&text,
		"passed to malloc_usable_size in thread T0, 2.000 s after start, here:\n" OTHER_HERE
		"freed by free in thread T0, 1.250 s after start, here:\n" FREED_HERE "previously allocated");
	expect_part(&text, "SUMMARY: malloc-debug: bad-malloc_usable_size app.c:30 in make_other\n");
}

Test(error_text, failed_requests)
{
	static const struct {
		enum md_error error;
		enum md_api api;
		size_t size, alignment;
		const char *wanted;
	} rows[] = {
		{ MD_ERROR_INVALID_ALIGNMENT, MD_API_POSIX_MEMALIGN, 100, 3,
			"posix_memalign was asked for an alignment of 3 and 100 bytes.\n" },
		{ MD_ERROR_INVALID_ALIGNMENT, MD_API_ALIGNED_ALLOC, 0, 7, "aligned_alloc was asked for an alignment of 7.\n" },
		{ MD_ERROR_CALLOC_OVERFLOW, MD_API_CALLOC, 0, 0,
			"calloc was asked for count times size bytes, and the product does not fit size_t.\n" },
		{ MD_ERROR_REALLOCARRAY_OVERFLOW, MD_API_REALLOCARRAY, 0, 0, "reallocarray was asked for count times size bytes" },
		{ MD_ERROR_PVALLOC_OVERFLOW, MD_API_PVALLOC, SIZE_MAX, 0,
			"pvalloc was asked for 18446744073709551615 bytes, which rounded up to a page does not fit size_t.\n" },
		{ MD_ERROR_ALLOCATION_SIZE_TOO_BIG, MD_API_MALLOC, (size_t)-5, 0,
			"malloc was asked for 18446744073709551611 bytes (0xfffffffffffffffb), which is -5 as a signed number.\n" },
		{ MD_ERROR_OUT_OF_MEMORY, MD_API_NEW, 1 << 20, 0,
			"operator new was asked for 1048576 bytes (0x100000).\nThe request failed as operator new specifies" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char header[200], summary[200];
		const char *slug = md_error_info(rows[i].error)->slug;
		struct md_text line;

		make_report(rows[i].error, MD_NOTICED_AT_CALL);
		finding.addr = 0;
		finding.block.valid = false;
		finding.call = (struct md_call){
			.api = rows[i].api, .stack = stack_from(0x3000), .size = rows[i].size, .alignment = rows[i].alignment
		};
		struct md_text text = render();

		expect_part(&text, rows[i].wanted);
		md_text_init(&line, header, sizeof header, false);
		md_textf(&line, "==4711==ERROR: malloc-debug: %s (T0, app)\n%c", slug, 0);
		expect_part(&text, header);
		md_text_init(&line, header, sizeof header, false);
		md_textf(&line, "\nrequested by %s in thread T0, 2.000 s after start, here:\n    #0 0x555500003000%c",
			md_api_name(rows[i].api), 0);
		expect_part(&text, header);
		md_text_init(&line, summary, sizeof summary, false);
		md_textf(&line, "SUMMARY: malloc-debug: %s app.c:30 in make_other\n%c", slug, 0);
		expect_part(&text, summary);
		expect_no_part(&text, "on address");
	}
}

/* Each row is a way to change bytes, and what a reader should be told about who did it. */
Test(error_text, what_the_bytes_look_like)
{
	static const struct {
		size_t offset;
		const char *bytes;
		size_t count;
		const char *wanted;
	} rows[] = {
		{ 10, "", 1, "It is a single 0 right behind the block: most often the NUL of a string for which no byte was allocated.\n" },
		{ 12, "", 1, "It is a single 0, such as the NUL at the end of a string.\n" },
		{ 10, "d and more", 11,
			"The bytes look like text: \"d and more\", which goes on from \"hello worl\" at the end of the block.\n" },
		{ 11, "tail", 5, "The bytes look like text: \"tail\".\n" },
		{ 10, "\0\0\0\0\0\0", 6,
			"Each of the bytes is now 0x0, as after a memset, or of a member or array element set to zero.\n" },
		{ 16, "\x0b\0\0\0", 4, "The bytes look like the 4-byte number 11.\n" },
		{ 16, "\xfe\xff\xff\xff\xff\xff\xff\xff", 8, "The bytes look like the 8-byte number -2.\n" },
		{ 16, "\x20\x10\0\0\0\x7f\0\0", 8, "The bytes look like a pointer into the heap: 0x7f0000001020.\n" },
		{ 16, "\x40\x10\0\0\x55\x55\0\0", 8,
			"The bytes look like a pointer to a function or global: 0x555500001040 (/home/user/app+0x1040).\n" },
		{ 16, "\x40\x10\x30\0\xfc\x7f\0\0", 8, "The bytes look like a pointer: 0x7ffc00301040.\n" },
		{ 12, "\x1c", 1, "Only one bit differs (0x80 was cleared): a flag in a member, or faulty memory.\n" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		make_report(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_AT_FREE);
		put_damage(BLOCK + rows[i].offset, rows[i].bytes, rows[i].count);
		struct md_text text = render();

		expect_part(&text, rows[i].wanted);
	}
	/* And where nothing can be said, nothing is. */
	make_report(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_AT_FREE);
	put_damage(BLOCK + 11, "\x01\xf3\x44", 3);
	struct md_text text = render();

	expect_no_part(&text, "look like");
	expect_no_part(&text, "Each of the bytes");
}

Test(error_text, damage_larger_than_what_was_copied)
{
	make_report(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_AT_FREE);
	put_damage(BLOCK + 10, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16", 22);
	finding.damaged_bytes = 5000;
	finding.damaged_end = BLOCK + 6000;
	struct md_text text = render();

	expect_part(&text,
		"5000 bytes were changed among the 5990 in [0x7f000000101a,0x7f0000002780): found 01 02 03 04 05 06 07 08 ..., "
		"expected 9a 9b 9c 9d 9e 9f a0 a1 ...\n");
	expect_part(&text, "  MALLOC_DEBUG_REDZONE=256 ");
}

Test(error_text, without_a_copy_there_is_no_hexdump)
{
	make_report(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_AT_FREE);
	put_damage(BLOCK + 10, "\x01\x02", 2);
	finding.evidence_bytes = 0;
	struct md_text text = render();

	expect_part(&text, "2 bytes were changed, [0x7f000000101a,0x7f000000101c).\n");
	expect_no_part(&text, "Legend");
}

Test(error_text, a_suspect_is_named_with_its_stack)
{
	make_report(MD_ERROR_HEAP_BUFFER_UNDERFLOW, MD_NOTICED_AT_FREE);
	put_damage(BLOCK - 8, "\x01\x02\x03\x04", 4);
	report.before = (struct md_block_view){ .valid = true,
		.user = BLOCK - 48,
		.size = 32,
		.state = MD_BLOCK_LIVE,
		.alloc_api = MD_API_CALLOC,
		.alloc_stack = stack_from(0x3000),
		.alloc_thread = { 1 } };
	report.after = report.before;
	report.after.user = BLOCK + 64;
	finding.suspect = report.before.user;
	struct md_text text = render();

	expect_part(&text,
		"The neighbour may be the culprit instead: 0x7f0000001008 is also 8 bytes after the 32-byte block "
		"[0x7f0000000fe0,0x7f0000001000) (live),\n"
		"allocated by calloc in thread T0, here:\n" OTHER_HERE "Neighbouring blocks:\n  before, 16 bytes away: ");
	expect_part(&text, "  after, 54 bytes away: the 32-byte block [0x7f0000001050,0x7f0000001070) (live), allocated by calloc in T0: ");
}

Test(error_text, missing_stacks_are_said_and_can_be_had)
{
	make_report(MD_ERROR_HEAP_BUFFER_OVERFLOW, MD_NOTICED_AT_FREE);
	put_damage(BLOCK + 10, "\0", 1);
	finding.call.stack = finding.block.alloc_stack = MD_STACK_NONE;
	report.program = report.config = "";
	struct md_text text = render();

	expect_part(&text, "allocated by malloc in thread T0 (app), 0.500 s after start, here:\n    (no stack was taken)\n");
	expect_part(&text, "  MALLOC_DEBUG_BACKTRACE=32 ");
	expect_part(&text, "SUMMARY: malloc-debug: heap-buffer-overflow no stack\n");
	expect_part(&text, "(T0 app)\n");
	expect_no_part(&text, "Options:");
}

Test(error_text, stacks_asked_for_are_those_printed)
{
	md_stack_id ids[MD_REPORT_STACKS_MAX];
	size_t count;

	make_report(MD_ERROR_DOUBLE_FREE, MD_NOTICED_AT_CALL);
	mark_freed((md_thread_id){ 2 });
	finding.call.stack = stack_from(0x3000);
	report.threads[1] = (struct md_thread_view){ .id = { 2 }, .creator = { 1 }, .created = stack_from(0x4000), .alive = true };
	report.thread_count = 2;
	report.before = (struct md_block_view){ .valid = true, .alloc_api = MD_API_MALLOC, .alloc_stack = stack_from(0x5000) };
	report.after = (struct md_block_view){ .valid = true, .alloc_api = MD_API_MALLOC, .alloc_stack = stack_from(0x6000) };
	report.earlier[0] = md_event_make(MD_EVENT_ALLOC, MD_API_MALLOC, BLOCK, 24, stack_from(0x7000), (md_thread_id){ 1 }, 1);
	report.earlier[1] = md_event_make(MD_EVENT_ALLOC, MD_API_MALLOC, BLOCK, 24, stack_from(0x1000), (md_thread_id){ 1 }, 1);
	report.earlier_count = 2;
	count = md_report_stacks(&report, ids, MD_REPORT_STACKS_MAX);
	cr_assert(count == 7, "%zu", count);
	cr_expect(ids[0].value == finding.call.stack.value); /* the most important one first */
	cr_expect(md_report_stacks(&report, ids, 3) == 3);
	count = md_report_stacks(&report, ids, MD_REPORT_STACKS_MAX);

	/* Each of them shows in the text with its innermost frame, and the text shows no other but main. */
	report.names = NULL;
	struct md_text text = render();
	bool shown[MD_REPORT_STACKS_MAX] = { false };

	for (const char *at = text_string(&text); (at = strstr(at, "(/home/user/app+")) != NULL; at++) {
		uintptr_t offset = strtoul(strchr(at, '+') + 1, NULL, 16);
		bool known = offset == 0x9000;

		for (size_t i = 0; i < count; i++) {
			struct md_frame frame;

			md_stack_store_frames(stacks, ids[i], &frame, 1);
			if (frame.pc - 1 == APP_BASE + offset)
				known = shown[i] = true;
		}
		cr_expect(known, "printed, but not in the list: 0x%lx", offset);
	}
	for (size_t i = 0; i < count; i++)
		cr_expect(shown[i], "in the list, but not printed: number %zu", i);
}

Test(error_text, a_short_buffer_is_cut_and_says_so)
{
	char small[100];
	struct md_text text;

	make_report(MD_ERROR_DOUBLE_FREE, MD_NOTICED_AT_CALL);
	md_text_init(&text, small, sizeof small, false);
	md_error_text(&text, &report);
	cr_expect(text.cut && text.length == sizeof small);
}

/* A damaged record must not take us down with it. */
Test(error_text, unknown_numbers_are_survived)
{
	make_report((enum md_error)200, (enum md_noticed)77);
	finding.block.state = (enum md_block_state)99;
	finding.block.alloc_api = (enum md_api)250;
	finding.place = (enum md_place)55;
	report.earlier_count = report.thread_count = 1000;
	struct md_text text = render();

	expect_part(&text, "unknown-error");
}
