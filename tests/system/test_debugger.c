/* SPDX-License-Identifier: MIT
 *
 * The commands for gdb, in a real gdb: on a process that stopped at its crash, and on the core file of it.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/support/expect.h"

#define GDB "/usr/bin/gdb"

/* Says why there is nothing to test, if so. */
static bool can_debug(void)
{
	struct run_setup setup = { .program = GDB, .plain = true,
		.arguments = { "-nx", "-q", "-batch", "-ex", "set debuginfod enabled off", "-ex", "starti", "-ex", "python print('has ' + 'Python')", "/bin/true" } };

	if (access(GDB, X_OK) != 0) {
		fprintf(stderr, "the commands for gdb are not tried: there is no %s\n", GDB);
		return false;
	}
	struct run_result tried = run_program(&setup);
	bool can = strstr(tried.text, "has Python") && strstr(tried.text, "Program stopped");

	if (!can)
		fprintf(stderr, "the commands for gdb are not tried: it has no Python, or may not trace here: %s\n", tried.report);
	run_destroy(&tried);
	return can;
}

/* Runs gdb with this script after the usual settings, on a program and a core file (NULL: none). library_folder: where the script lies beside
 * the library. */
static struct run_result run_gdb(const char *folder, const char *library_folder, const char *script, const char *program, const char *core)
{
	char path[600], safe[600];
	struct run_setup setup = { .program = GDB, .plain = true, .seconds_max = 120,
		.arguments = { "-nx", "-q", "-batch", "-iex", safe, "-x", path, program, core } };

	snprintf(safe, sizeof safe, "add-auto-load-safe-path %s", library_folder);
	snprintf(path, sizeof path, "%s/script", folder);
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file);
	fprintf(file, "set pagination off\nset confirm off\nset width 0\nset debuginfod enabled off\nset startup-with-shell off\nset breakpoint pending on\n"
		"set env LD_PRELOAD %s/libmalloc_debug.so\n%s", library_folder, script);
	fclose(file);
	return run_program(&setup);
}

static void expect_words(const struct run_result *result, const char *const *words)
{
	for (; *words; words++)
		cr_expect(strstr(result->text, *words), "\"%s\" is not in: %s\n%s", *words, result->text, result->report);
}

static const char *const both_stacks[] = { "is the start of a block of 120 bytes", "The block is freed, held back", "in make_node", "in drop_node",
	"debugger_freed.c:", "Allocated by thread T0", "Freed by thread T0", NULL };

static const char look_at_all[] = "echo >>address\\n\nmalloc-debug address node\necho >>block\\n\nmalloc-debug block damaged\n"
	"echo >>history\\n\nmalloc-debug history node\necho >>map\\n\nmalloc-debug map\necho >>check\\n\nmalloc-debug check\n"
	"echo >>leaks\\n\nmalloc-debug leaks\necho >>report\\n\nmalloc-debug report\n";

static const char *const all_parts[] = { "zone, slots of", "in use, ", "1 byte behind it", "The block before it", "History: 2 events",
	"blocks looked at, 1 damaged", "600 bytes in 3 blocks", "in lose_blocks", "3 of ", NULL };

Test(debugger, tells_all_of_a_freed_block_in_a_process_and_in_its_core, .timeout = 300)
{
	char *folder = run_folder_make(), script[2000], core[600];

	if (!can_debug())
		return;
	snprintf(core, sizeof core, "%s/core", folder);
	snprintf(script, sizeof script, "set env MALLOC_DEBUG_OPTIONS guard=off\nrun\n%sgenerate-core-file %s\nkill\n", look_at_all, core);
	struct run_result live = run_gdb(folder, run_build_path("."), script, run_build_path("programs/debugger_freed"), NULL);

	expect_words(&live, both_stacks);
	expect_words(&live, all_parts);
	cr_expect(strstr(live.text, "No error was reported"), "%s", live.text);
	struct run_result dead = run_gdb(folder, run_build_path("."), look_at_all, run_build_path("programs/debugger_freed"), core);

	expect_words(&dead, both_stacks);
	expect_words(&dead, all_parts);
	cr_expect_null(strstr(dead.report, "Traceback"), "%s", dead.report);
	run_destroy(&dead);
	run_destroy(&live);
	run_folder_remove(folder);
}

/* A stripped library, with the history in a file: a core file has no copy of that, but for its name. */
Test(debugger, needs_no_debug_information_of_the_library, .timeout = 300)
{
	char *folder = run_folder_make(), script[2000], core[600], command[1600];

	if (!can_debug())
		return;
	snprintf(core, sizeof core, "%s/core", folder);
	snprintf(command, sizeof command, "strip -o %s/libmalloc_debug.so %s && cp %s %s/libmalloc_debug.so-gdb.py", folder,
		run_build_path("libmalloc_debug.so"), run_source_path("gdb/malloc_debug.py"), folder);
	cr_assert_eq(system(command), 0, "%s", command);
	snprintf(script, sizeof script, "set env MALLOC_DEBUG_OPTIONS guard=off\nset env MALLOC_DEBUG_HISTORY_FILE %s/history\nrun\n%sgenerate-core-file %s\nkill\n",
		folder, look_at_all, core);
	struct run_result live = run_gdb(folder, folder, script, run_build_path("programs/debugger_freed"), NULL);

	expect_words(&live, both_stacks);
	expect_words(&live, all_parts);
	struct run_result dead = run_gdb(folder, folder, look_at_all, run_build_path("programs/debugger_freed"), core);

	expect_words(&dead, both_stacks);
	expect_words(&dead, all_parts);
	run_destroy(&dead);
	run_destroy(&live);
	run_folder_remove(folder);
}

Test(debugger, stops_after_a_report, .timeout = 300)
{
	static const char script[] = "handle SIGSEGV nostop noprint\nset env MALLOC_DEBUG_OPTIONS guard=all\nbreak malloc_debug_break\nrun\n"
		"echo >>report\\n\nmalloc-debug report\nbacktrace\nframe function main\nmalloc-debug address node\n"
		"malloc-debug check call\nkill\n";
	char *folder = run_folder_make();

	if (!can_debug())
		return;
	struct run_result live = run_gdb(folder, run_build_path("."), script, run_build_path("programs/debugger_freed"), NULL);
	const char *report = strstr(live.text, ">>report");

	cr_expect(report && strstr(report, "heap-use-after-free") && strstr(report, "drop_node"), "%s", live.text);
	cr_expect(strstr(live.text, " main () at "), "%s", live.text);
	cr_expect(strstr(live.text, "its pages are inaccessible"), "%s", live.text);
	cr_expect_null(strstr(live.report, "Error in sourced"), "%s", live.report);
	run_destroy(&live);
	run_folder_remove(folder);
}

Test(debugger, says_so_where_the_library_is_not, .timeout = 120)
{
	char *folder = run_folder_make(), script[700];

	if (!can_debug())
		return;
	snprintf(script, sizeof script, "unset env LD_PRELOAD\nbreak main\nrun\nsource %s\nmalloc-debug map\nkill\n", run_source_path("gdb/malloc_debug.py"));
	struct run_result live = run_gdb(folder, folder, script, run_build_path("programs/debugger_freed"), NULL);

	cr_expect(strstr(live.report, "malloc-debug is not in this program"), "%s%s", live.text, live.report);
	run_destroy(&live);
	run_folder_remove(folder);
}
