/* SPDX-License-Identifier: MIT */
#include "report/stack_text.h"

#include "report/block_text.h"
#include "tests/unit/report_fixture.h"

TestSuite(stack_text, .init = fixture_init);

Test(stack_text, prints_the_call_and_not_the_return_address)
{
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	md_stack_text(&text, &printer, stack_from(0x1000));
	expect_text(&text,
		"    #0 0x555500001000 in make_name app.c:10:9\n"
		"    #1 0x555500009000 in main app.c:90:2\n"
		"    #2 0x7f2200027249 in __libc_start_call_main (/lib/libc.so.6+0x27249) (BuildId: ab0102cd)\n");
}

Test(stack_text, without_names_there_are_module_and_offset)
{
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	printer.names = NULL;
	md_stack_text(&text, &printer, stack_from(0x1000));
	expect_text(&text,
		"    #0 0x555500001000 (/home/user/app+0x1000)\n"
		"    #1 0x555500009000 (/home/user/app+0x9000)\n"
		"    #2 0x7f2200027249 (/lib/libc.so.6+0x27249) (BuildId: ab0102cd)\n");
}

Test(stack_text, offsets_count_from_the_bias_not_from_the_mapping)
{
	uint16_t fixed = md_modules_put(&modules, &arena, 0x400000, 0x500000, 0, "/home/user/fixed", NULL, 0);
	struct md_frame frame = { .pc = 0x401235, .module = fixed };
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	md_stack_text(&text, &printer, md_stack_store_put(stacks, &frame, 1));
	expect_text(&text, "    #0 0x000000401234 (/home/user/fixed+0x401234)\n");
}

Test(stack_text, inlined_functions_share_the_numbers)
{
	struct md_frame frames[] = { frame_at(app, 0x5000), frame_at(app, 0x9000) };
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	name_frame(frames[0], "std::vector<int>::push_back(int)", "/usr/include/c++/12/bits/stl_vector.h", 1285, 0, true);
	name_frame(frames[0], "grow", "/home/user/list.h", 7, 0, true);
	name_frame(frames[0], "append", "/home/user/list.c", 70, 0, false);
	md_stack_id stack = md_stack_store_put(stacks, frames, 2);

	md_stack_text(&text, &printer, stack);
	expect_text(&text,
		"    #0 0x555500005000 in std::vector<int>::push_back(int) /usr/include/c++/12/bits/stl_vector.h:1285\n"
		"    #1 0x555500005000 in grow list.h:7\n"
		"    #2 0x555500005000 in append list.c:70\n"
		"    #3 0x555500009000 in main app.c:90:2\n");
	text = fixture_text(false);
	md_stack_site_text(&text, &printer, stack);
	expect_text(&text, "list.h:7 in grow"); /* not the library's header */
}

Test(stack_text, unloaded_and_unknown_modules_say_so)
{
	struct md_frame frames[] = { frame_at(plugin, 0x700), frame_at(plugin, 0x800), { .pc = 0x1235, .module = MD_MODULE_NONE } };
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	name_frame(frames[1], "plugin_run", "/home/user/plugin.c", 8, 0, false);
	md_modules_mark_unloaded(&modules, PLUGIN_BASE);
	md_stack_text(&text, &printer, md_stack_store_put(stacks, frames, 3));
	expect_text(&text,
		"    #0 0x7f1100000700 (/home/user/plugin.so+0x700) (BuildId: ab01) [unloaded]\n"
		"    #1 0x7f1100000800 in plugin_run plugin.c:8 (/home/user/plugin.so) [unloaded]\n"
		"    #2 0x000000001234 (<unknown module>)\n");
}

Test(stack_text, no_stack_is_said)
{
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	md_stack_text(&text, &printer, MD_STACK_NONE);
	expect_text(&text, "    (no stack was taken)\n");
	text = fixture_text(false);
	md_stack_site_text(&text, &printer, MD_STACK_NONE);
	expect_text(&text, "no stack");
	text = fixture_text(false);
	md_stack_site_text(&text, &printer, (md_stack_id){ 1u << 30 });
	expect_text(&text, "stack 1073741824");
}

Test(stack_text, strip_path_is_a_prefix_only)
{
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	printer.strip_path = "user/";
	md_stack_site_text(&text, &printer, stack_from(0x1000));
	expect_text(&text, "/home/user/app.c:10 in make_name");
}

Test(stack_text, site_passes_over_the_library)
{
	struct md_frame frames[] = { frame_at(libc, 0x100), frame_at(app, 0x1000) };
	struct md_frame unnamed[] = { frame_at(libc, 0x100), frame_at(plugin, 0x900), frame_at(libc, 0x27249) };
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	name_frame(frames[0], "strdup", "./string/strdup.c", 42, 0, false);
	md_stack_site_text(&text, &printer, md_stack_store_put(stacks, frames, 2));
	expect_text(&text, "app.c:10 in make_name");
	text = fixture_text(false);
	md_stack_site_text(&text, &printer, md_stack_store_put(stacks, unnamed, 3));
	expect_text(&text, "(/home/user/plugin.so+0x900)");
	text = fixture_text(false);
	md_stack_site_text(&text, &printer, md_stack_store_put(stacks, frames, 1)); /* better than nothing */
	expect_text(&text, "./string/strdup.c:42 in strdup");
}

Test(stack_text, names_cannot_steer_the_terminal)
{
	struct md_frame frame = frame_at(app, 0x6000);
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	name_frame(frame, "a\033]0;b\n", "c\r.c", 1, 0, false);
	md_stack_text(&text, &printer, md_stack_store_put(stacks, &frame, 1));
	expect_text(&text, "    #0 0x555500006000 in a?]0;b? c?.c:1\n");
}

Test(stack_text, the_deepest_stack_is_printed_whole)
{
	struct md_frame frames[MD_STACK_FRAMES_MAX];
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	for (size_t i = 0; i < MD_STACK_FRAMES_MAX; i++)
		frames[i] = frame_at(plugin, 0x1000 + i);
	md_stack_text(&text, &printer, md_stack_store_put(stacks, frames, MD_STACK_FRAMES_MAX));
	expect_part(&text, "    #127 0x7f110000107f (/home/user/plugin.so+0x107f) (BuildId: ab01)\n");
	expect_no_part(&text, "#128");
}

TestSuite(block_text, .init = fixture_init);

Test(block_text, a_live_block)
{
	struct md_block_view block = { .valid = true,
		.user = 0x7f0000001010,
		.size = 10,
		.state = MD_BLOCK_LIVE,
		.alloc_api = MD_API_MALLOC,
		.free_api = MD_API_NONE,
		.alloc_stack = stack_from(0x1000),
		.alloc_thread = { 1 } };
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	md_block_text(&text, 0x7f0000001014, &block, MD_PLACE_BLOCK, &printer);
	expect_text(&text,
		"0x7f0000001014 is 4 bytes inside the 10-byte block [0x7f0000001010,0x7f000000101a) (live).\n"
		"allocated by malloc in thread T0 here:\n"
		"    #0 0x555500001000 in make_name app.c:10:9\n"
		"    #1 0x555500009000 in main app.c:90:2\n"
		"    #2 0x7f2200027249 in __libc_start_call_main (/lib/libc.so.6+0x27249) (BuildId: ab0102cd)\n");
}

Test(block_text, a_freed_block_has_both_stacks)
{
	struct md_block_view block = { .valid = true,
		.user = 0x7f0000001010,
		.size = 10,
		.state = MD_BLOCK_QUARANTINED,
		.flags = MD_BLOCK_DAMAGED,
		.redzone_rear = 0x7f0000001020,
		.alloc_api = MD_API_NEW_ARRAY,
		.free_api = MD_API_DELETE_ARRAY,
		.alloc_stack = stack_from(0x1000),
		.free_stack = stack_from(0x2000),
		.alloc_thread = { 1 },
		.free_thread = { 3 } };
	struct md_stack_printer printer = fixture_printer();
	struct md_text text = fixture_text(false);

	md_block_text(&text, 0x7f000000101c, &block, MD_PLACE_REDZONE, &printer);
	expect_part(&text, "is 2 bytes after the 10-byte block [0x7f0000001010,0x7f000000101a) (freed, in quarantine), in its slack.\n");
	expect_part(&text, "Damage was found in or around this block before.\n");
	expect_part(&text, "freed by operator delete[] in thread T2 here:\n    #0 0x555500002000 in drop_name");
	expect_part(&text, "previously allocated by operator new[] in thread T0 here:\n    #0 0x555500001000 in make_name");
}

Test(block_text, places_without_a_block)
{
	static const struct {
		uintptr_t addr;
		enum md_place place;
		const char *wanted;
	} rows[] = {
		{ 0, MD_PLACE_NULL_PAGE, "0x000000000000 is the null pointer.\n" },
		{ 24, MD_PLACE_NULL_PAGE,
			"0x000000000018 is 24 bytes above address 0: a null pointer plus an offset, such as a member of a null struct pointer.\n" },
		{ 0x7ff000001000, MD_PLACE_STACK, "0x7ff000001000 is on the stack of thread T?.\n" },
		{ APP_BASE + 0x4010, MD_PLACE_GLOBAL,
			"0x555500004010 is a global variable, constant or function of a module: (/home/user/app+0x4010).\n" },
		{ 0x1000000, MD_PLACE_MAPPING,
			"0x000001000000 is in memory that the program or a library mapped, not in memory of this allocator.\n" },
		{ 0x1000000, MD_PLACE_UNMAPPED, "0x000001000000 is in no mapped memory.\n" },
		{ 0x1000000, MD_PLACE_FREE_SLOT, "0x000001000000 is in memory of this allocator where there is no block now.\n" },
		{ 0xdfdfdfdfdfdfdfdf, MD_PLACE_NONCANONICAL,
			"0xdfdfdfdfdfdfdfdf is no address that the processor can use.\n"
			"Each of its bytes is 0xdf: it was probably read from memory that was filled when it was allocated or freed.\n" },
		{ 0x1000000, MD_PLACE_UNKNOWN, "0x000001000000 is not in a block of this allocator.\n" },
	};
	struct md_stack_printer printer = fixture_printer();

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct md_text text = fixture_text(false);

		md_block_text(&text, rows[i].addr, NULL, rows[i].place, &printer);
		expect_text(&text, rows[i].wanted);
	}
}
