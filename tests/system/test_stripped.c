/* SPDX-License-Identifier: MIT
 *
 * Stripped programs: with their debugging information in a file beside them, reports have source lines all the same; without it they have
 * module, offset and build id, so that the names can be found later.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/support/expect.h"

/* Runs a shell command with folder and source program as $1 and $2. */
static void shell(const char *command, const char *folder, const char *program)
{
	struct run_setup setup = { .program = "/bin/sh", .plain = true,
		.arguments = { "-ec", command, "sh", folder, run_build_path(program) } };
	struct run_result result = run_program(&setup);

	cr_assert(result.status == 0, "%s: %s%s", command, result.text, result.report);
	run_destroy(&result);
}

static void expect_lines(const char *folder, const char *name, const char *source)
{
	char program[4096];

	snprintf(program, sizeof program, "%s/%s", folder, name);
	struct expectation *expectation = expect_read(source);
	struct run_result result = expect_run(expectation, program, NULL);
	const char *difference = expect_difference(expectation, &result);
	cr_expect(!difference, "%s: %s\nreport:\n%s", program, difference, result.report);
	run_destroy(&result);
	expect_destroy(expectation);
}

Test(stripped, debug_link_gives_source_lines, .timeout = 60)
{
	char *folder = run_folder_make();

	shell("cd \"$1\"; cp \"$2\" double_free; objcopy --only-keep-debug double_free double_free.debug; "
	      "objcopy --strip-all --add-gnu-debuglink=double_free.debug double_free",
		folder, "examples/double_free");
	expect_lines(folder, "double_free", "examples/double_free.c");
	run_folder_remove(folder);
}

Test(stripped, debug_link_in_a_subfolder_gives_source_lines, .timeout = 60)
{
	char *folder = run_folder_make();

	shell("cd \"$1\"; mkdir .debug; cp \"$2\" mismatch; objcopy --only-keep-debug mismatch .debug/mismatch.debug; "
	      "objcopy --strip-debug --add-gnu-debuglink=.debug/mismatch.debug mismatch",
		folder, "examples/alloc_dealloc_mismatch");
	expect_lines(folder, "mismatch", "examples/alloc_dealloc_mismatch.cc");
	run_folder_remove(folder);
}

Test(stripped, compressed_debug_sections_give_source_lines, .timeout = 60)
{
	char *folder = run_folder_make();

	/* In the file itself, and in a debug file of its own. */
	shell("cd \"$1\"; objcopy --compress-debug-sections \"$2\" double_free; readelf -SW double_free | grep -q 'debug_info.* C '", folder,
		"examples/double_free");
	expect_lines(folder, "double_free", "examples/double_free.c");
	shell("cd \"$1\"; objcopy --compress-debug-sections --only-keep-debug \"$2\" mismatch.debug; "
	      "objcopy --strip-all --add-gnu-debuglink=mismatch.debug \"$2\" mismatch; readelf -SW mismatch.debug | grep -q 'debug_info.* C '",
		folder, "examples/alloc_dealloc_mismatch");
	expect_lines(folder, "mismatch", "examples/alloc_dealloc_mismatch.cc");
	run_folder_remove(folder);
}

/* Debug information that cannot be decompressed costs the lines, not the report. */
Test(stripped, damaged_debug_sections_leave_function_names, .timeout = 60)
{
	char *folder = run_folder_make();
	char program[4096];

	shell("cd \"$1\"; objcopy --compress-debug-sections \"$2\" double_free; "
	      "at=$(readelf -SW double_free | sed -n 's/.* \\.debug_info  *PROGBITS  *[0-9a-f]*  *\\([0-9a-f]*\\) .*/\\1/p'); "
	      "dd if=/dev/urandom of=double_free bs=1 seek=$((0x$at + 30)) count=200 conv=notrunc status=none",
		folder, "examples/double_free");
	snprintf(program, sizeof program, "%s/double_free", folder);
	struct run_result result = run_preloaded(program, NULL);
	const char *at = result.report;
	cr_expect(result.status == 0 && run_count_reports(result.report) == 1, "status %d\n%s", result.status, result.report);
	cr_expect(expect_find(&at, " in main "), "no function by symbol table:\n%s", result.report);
	run_destroy(&result);
	run_folder_remove(folder);
}

Test(stripped, without_it_module_offset_and_build_id_remain, .timeout = 60)
{
	char *folder = run_folder_make();
	char program[4096];

	shell("cp \"$2\" \"$1/double_free\"; strip --strip-all \"$1/double_free\"", folder, "examples/double_free");
	snprintf(program, sizeof program, "%s/double_free", folder);
	struct run_result result = run_preloaded(program, NULL);
	const char *at = result.report;
	cr_expect(result.status == 0 && run_count_reports(result.report) == 1, "status %d\n%s", result.status, result.report);
	cr_expect(expect_find(&at, "/double_free+0x*) (BuildId: "), "no frame with module, offset and build id:\n%s", result.report);
	at = result.report;
	cr_expect(expect_find(&at, "SUMMARY: malloc-debug: double-free *double_free+0x"), "%s", result.report);
	run_destroy(&result);
	run_folder_remove(folder);
}

/* A stripped program without unwind tables of its own functions cannot be; -fomit-frame-pointer can, and stacks must still be whole. */
Test(stripped, optimised_code_without_frame_pointers_has_whole_stacks, .timeout = 60)
{
	char *folder = run_folder_make();
	char program[4096], command[8192];
	struct run_setup setup = { .program = "/bin/sh", .plain = true, .arguments = { "-ec", command } };

	snprintf(program, sizeof program, "%s/optimised", folder);
	snprintf(command, sizeof command, "${CC:-cc} -O2 -g -fomit-frame-pointer -fno-builtin -w -D_GNU_SOURCE -I'%s' '%s' -o '%s' -ldl",
		run_source_path("include"), run_source_path("examples/heap_buffer_overflow.c"), program);
	struct run_result result = run_program(&setup);
	cr_assert(result.status == 0, "%s: %s", command, result.report);
	run_destroy(&result);
	/* copy_name is inlined into main: the report has both, on their lines (strcpy must not be, or there is no call to look at). */
	expect_lines(folder, "optimised", "examples/heap_buffer_overflow.c");
	run_folder_remove(folder);
}
