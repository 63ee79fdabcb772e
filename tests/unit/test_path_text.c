/* SPDX-License-Identifier: MIT
 *
 * The chain of pointers from a root to a block, as a user reads it.
 */
#include "report/path_text.h"

#include "tests/unit/report_fixture.h"

static struct md_leak_path path;
static struct md_path_view view;
static struct md_stack_printer printer;

static void fill(void)
{
	fixture_init();
	printer = fixture_printer();
	path = (struct md_leak_path){
		.end = MD_LEAK_PATH_ROOT,
		.root = { .address = APP_BASE + 0x4040, .kind = MD_ROOT_MEMORY, .word = 0x7f0000001010 },
		.links = {
			{ 0x7f0000001010, 48, stack_from(0x1000), MD_API_MALLOC, { 1 }, 0, 16 },
			{ 0x7f0000002010, 32, stack_from(0x3000), MD_API_CALLOC, { 3 }, 8, 0 },
		},
		.link_count = 2,
		.target = 0x7f0000002010,
		.block_words = 3,
	};
	view = (struct md_path_view){ .path = &path, .place = MD_PLACE_GLOBAL, .module = app };
}

TestSuite(path_text, .init = fill);

static struct md_text print(const char *certainty)
{
	struct md_text text = fixture_text(false);

	md_path_text(&text, &view, certainty, &printer);
	return text;
}

Test(path_text, from_a_global_through_a_block)
{
	struct md_text text = print(NULL);

	expect_text(&text,
		"Who points to the 32-byte block at 0x7f0000002010? 0 words outside of blocks and 3 words in blocks point to it.\n"
		"    0x555500004040  global variable (/home/user/app+0x4040)\n"
		"      points to the start of\n"
		"    0x7f0000001010  48-byte block by malloc in T0: app.c:10 in make_name\n"
		"      at offset 16 points 8 bytes into\n"
		"    0x7f0000002010  32-byte block by calloc in T2: app.c:30 in make_other\n");
}

Test(path_text, what_the_root_is)
{
	static const struct {
		enum md_root_kind kind;
		enum md_place place;
		bool thread_local_storage;
		uintptr_t address;
		const char *line;
	} roots[] = {
		{ MD_ROOT_MEMORY, MD_PLACE_STACK, false, 0x7ffd00001000, "    0x7ffd00001000  stack of thread T1\n" },
		{ MD_ROOT_MEMORY, MD_PLACE_STACK, true, 0x7ffd00001000, "    0x7ffd00001000  thread-local variable of thread T1\n" },
		{ MD_ROOT_MEMORY, MD_PLACE_MAPPING, true, 0x7ffd00001000, "    0x7ffd00001000  thread-local variable of thread T1\n" },
		{ MD_ROOT_MEMORY, MD_PLACE_MAPPING, false, 0x7ffd00001000, "    0x7ffd00001000  memory that the program or a library mapped\n" },
		{ MD_ROOT_REGISTERS, MD_PLACE_UNKNOWN, false, 0, "                    register of thread T1\n" },
		{ MD_ROOT_THREAD_LIST, MD_PLACE_UNKNOWN, false, 0x7ffd00001000,
			"    0x7ffd00001000  the C library's list of thread-local variables of thread T1\n" },
		{ MD_ROOT_STACK_BLOCK, MD_PLACE_UNKNOWN, false, 0, "                    the stack pointer of thread T1\n" },
		{ MD_ROOT_ARGUMENT, MD_PLACE_UNKNOWN, false, 0, "                    argument of a thread that is being created\n" },
		{ MD_ROOT_REGISTERED, MD_PLACE_UNKNOWN, false, 0x7ffd00001000,
			"    0x7ffd00001000  memory that the program registered as a root\n" },
	};

	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
		path.root.kind = roots[i].kind;
		path.root.address = roots[i].address;
		view.place = roots[i].place;
		view.thread_local_storage = roots[i].thread_local_storage;
		view.thread = (md_thread_id){ 2 };
		struct md_text text = print(NULL);

		expect_part(&text, roots[i].line);
	}
	path.root.kind = MD_ROOT_REGISTERS;
	view.thread = MD_THREAD_NONE;
	struct md_text text = print(NULL);

	expect_part(&text, "register of thread T?\n");
}

Test(path_text, words_are_counted)
{
	path.root_words = 1;
	struct md_text text = print(NULL);

	expect_part(&text, "? 1 word outside of blocks points to it.\n");
	path.root_words = 12;
	path.weak_words = 2;
	text = print(NULL);
	expect_part(&text, "? 10 words outside of blocks point to it, besides the stack and the registers of the thread that asks.\n");
	path.root_words = 0;
	path.weak_words = 0;
	path.block_words = 1;
	text = print(NULL);
	expect_part(&text, "? 0 words outside of blocks and 1 word in blocks points to it.\n");
}

Test(path_text, what_the_end_means)
{
	static const struct {
		enum md_leak_path_end end;
		const char *meaning;
	} ends[] = {
		{ MD_LEAK_PATH_NOTHING, "\nOnly blocks that are leaked themselves lead there: it is leaked.\n" },
		{ MD_LEAK_PATH_DEEP, "\nThe chain goes on: no root was found within 32 blocks.\n" },
		{ MD_LEAK_PATH_LATE, "\nThe search took too long and was given up: there may be a root all the same.\n" },
	};
	struct md_text text;

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		path.end = ends[i].end;
		text = print(NULL);
		expect_part(&text, ends[i].meaning);
		expect_part(&text, "point to it.\n    0x7f0000001010  48-byte block");
		expect_no_part(&text, "global variable");
	}
	path.end = MD_LEAK_PATH_CHANGED;
	text = print(NULL);
	expect_text(&text, "Who points to 0x7f0000002010? The program changed pointers meanwhile: ask again.\n");
}

Test(path_text, nothing_points_there)
{
	path.links[0] = path.links[1];
	path.links[0].entered = 0;
	path.link_count = 1;
	path.block_words = 0;
	path.end = MD_LEAK_PATH_NOTHING;
	struct md_text text = print("2 threads could not be stopped");

	expect_text(&text,
		"Who points to the 32-byte block at 0x7f0000002010? 0 words outside of blocks and 0 words in blocks point to it.\n"
		"    0x7f0000002010  32-byte block by calloc in T2: app.c:30 in make_other\n"
		"Nothing leads there: it is leaked.\n"
		"Note: 2 threads could not be stopped\n");
}

Test(path_text, who_asks_does_not_count)
{
	path.end = MD_LEAK_PATH_NOTHING;
	path.root_words = path.weak_words = 1;
	struct md_text text = print(NULL);

	expect_part(&text, "? 0 words outside of blocks and 3 words in blocks point to it, besides the stack and the registers of the thread that asks.\n");
	expect_part(&text, "\nOnly blocks that are leaked themselves lead there: once that thread has forgotten it, it is leaked.\n");
	path.links[0] = path.links[1];
	path.link_count = 1;
	text = print(NULL);
	expect_part(&text, "\nNothing leads there: once that thread has forgotten it, it is leaked.\n");
}
