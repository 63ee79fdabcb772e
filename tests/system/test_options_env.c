/* SPDX-License-Identifier: MIT
 *
 * Options, as a user gives them by environment variables: what each changes in a run.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/support/expect.h"

static struct run_result run_with(const char *program, const char *variable)
{
	struct run_setup setup = { .program = program, .environment = { variable } };

	return run_program(&setup);
}

static bool says(const char *text, const char *pattern)
{
	return expect_find(&text, pattern);
}

/* Runs with options, and expects this end and number of reports. */
static void expect_end(const char *program, const char *options, int status, int signal, size_t reports)
{
	struct run_result result = run_preloaded(program, options);

	cr_expect(result.status == status && result.signal == signal, "%s (%s): status %d, signal %d in place of %d, %d", program, options,
		result.status, result.signal, status, signal);
	cr_expect(run_count_reports(result.report) == reports, "%s (%s): not %zu reports:\n%s", program, options, reports, result.report);
	run_destroy(&result);
}

Test(options, on_error_and_exitcode_decide_how_it_ends, .timeout = 120)
{
	expect_end("examples/double_free", "on_error=continue", 0, 0, 1);
	expect_end("examples/double_free", "on_error=abort", -1, 6, 1);
	expect_end("examples/double_free", "on_error=exit", 1, 0, 1);
	expect_end("examples/double_free", "on_error=exit:exitcode=42", 42, 0, 1);
	expect_end("examples/double_free", "exitcode=42", 42, 0, 1);
	expect_end("examples/heap_use_after_free", "exitcode=43", 43, 0, 1); /* found at the end only */
	expect_end("examples/double_free", "preset=ci", 99, 0, 1);
	expect_end("programs/overflow_at_exit", "on_error=continue", 3, 0, 1); /* its own status */
	expect_end("programs/ok_early", "preset=ci", 0, 0, 0);
	expect_end("examples/leak", "preset=ci", 23, 0, 1);
	expect_end("examples/leak", "", 0, 0, 1);
	expect_end("examples/leak", "leaks=no", 0, 0, 0);
	expect_end("examples/leak", "preset=ci:exitcode=50", 23, 0, 1); /* that one is for errors */
	expect_end("programs/ok_exit_paths", "exitcode=42", 21, 0, 0);
	expect_end("programs/dies_by_signal", "exitcode=42", -1, 11, 1);
}

/* It stops until somebody lets it go on: a debugger, or whoever sends SIGCONT. */
Test(options, on_error_pause_waits, .timeout = 60)
{
	struct run_setup setup = { .program = "/bin/sh", .options = "on_error=pause",
		.arguments = { "-c",
			"\"$0\" & p=$!; i=0; s=; while [ $i -lt 100 ] && [ \"$s\" != T ]; do sleep 0.1; i=$((i + 1)); s=$(cut -d' ' -f3 /proc/$p/stat); done; "
			"echo state $s; kill -CONT $p; wait $p; echo status $?",
			run_build_path("examples/double_free") } };
	struct run_result result = run_program(&setup);

	cr_expect(says(result.text, "state T") && says(result.text, "status 0"), "%s", result.text);
	cr_expect(says(result.report, "malloc-debug: paused; attach with: gdb -p "), "%s", result.report);
	run_destroy(&result);
}

/* What the program printed must reach its reader although the exit status changes. */
Test(options, exitcode_loses_no_output, .timeout = 60)
{
	struct run_result result = run_preloaded("examples/heap_buffer_overflow", "exitcode=42");

	cr_expect(result.status == 42);
	cr_expect(!strcmp(result.text, "named after red\n"), "output: %s", result.text);
	run_destroy(&result);
}

Test(options, malloc_check_is_honoured, .timeout = 120)
{
	static const struct {
		const char *variable;
		int status, signal;
		size_t reports;
	} rows[] = {
		{ "MALLOC_CHECK_=0", 0, 0, 0 },
		{ "MALLOC_CHECK_=1", 0, 0, 1 },
		{ "MALLOC_CHECK_=2", -1, 6, 1 },
		{ "MALLOC_CHECK_=3", -1, 6, 1 },
		{ "GLIBC_TUNABLES=glibc.malloc.check=3", -1, 6, 1 },
		{ "GLIBC_TUNABLES=glibc.malloc.tcache_count=0", 0, 0, 1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct run_result result = run_with("examples/heap_buffer_overflow", rows[i].variable);

		cr_expect(result.status == rows[i].status && result.signal == rows[i].signal, "%s: status %d, signal %d", rows[i].variable,
			result.status, result.signal);
		cr_expect(run_count_reports(result.report) == rows[i].reports, "%s:\n%s", rows[i].variable, result.report);
		run_destroy(&result);
	}
}

/* It reads a freed block: that must not be guarded. */
static struct run_result run_print_fill(const char *variable)
{
	struct run_setup setup = { .program = "programs/print_fill", .environment = { variable }, .options = "guard=off" };

	return run_program(&setup);
}

Test(options, fill_is_seen_by_the_program, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/print_fill", "guard=off:fill_alloc=100");
	cr_expect(!strcmp(result.text, "new be\nfreed df\n"), "%s", result.text);
	run_destroy(&result);

	result = run_preloaded("programs/print_fill", "guard=off:fill_alloc=1k:fill_alloc_byte=0x11:fill_free_byte=34");
	cr_expect(!strcmp(result.text, "new 11\nfreed 22\n"), "%s", result.text);
	run_destroy(&result);

	result = run_print_fill("MALLOC_PERTURB_=90"); /* 0x5a, and 0xa5 as in glibc */
	cr_expect(!strcmp(result.text, "new a5\nfreed 5a\n"), "%s", result.text);
	run_destroy(&result);

	result = run_print_fill("GLIBC_TUNABLES=glibc.malloc.perturb=90");
	cr_expect(!strcmp(result.text, "new a5\nfreed 5a\n"), "%s", result.text);
	run_destroy(&result);
}

Test(options, a_variable_wins_over_the_list_and_the_list_over_the_preset, .timeout = 60)
{
	struct run_setup setup = { .program = "examples/double_free", .options = "preset=ci:exitcode=50" };
	struct run_result result = run_program(&setup);
	cr_expect(result.status == 50, "status %d", result.status);
	run_destroy(&result);

	setup.environment[0] = "MALLOC_DEBUG_EXITCODE=51";
	result = run_program(&setup);
	cr_expect(result.status == 51, "status %d", result.status);
	run_destroy(&result);

	setup.environment[1] = "MALLOC_CHECK_=3";
	setup.options = "on_error=continue";
	result = run_program(&setup);
	cr_expect(result.status == 51 && result.signal == 0, "status %d, signal %d", result.status, result.signal);
	run_destroy(&result);
}

/* One line that names what is wrong and the nearest right thing; then the default. */
Test(options, bad_input_is_named_in_one_line, .timeout = 120)
{
	static const struct {
		const char *variable, *line;
	} rows[] = {
		{ "MALLOC_DEBUG_OPTIONS=quarantin=1M", "quarantin*nearest*quarantine" },
		{ "MALLOC_DEBUG_REDZONES=32", "MALLOC_DEBUG_REDZONES*nearest*MALLOC_DEBUG_REDZONE" },
		{ "MALLOC_DEBUG_REDZONE=abc", "MALLOC_DEBUG_REDZONE=abc*" },
		{ "MALLOC_DEBUG_REDZONE=1T", "MALLOC_DEBUG_REDZONE=1T*" },
		{ "MALLOC_DEBUG_REDZONE=1M", "MALLOC_DEBUG_REDZONE=1M*too large*4k" },
		{ "MALLOC_DEBUG_REDZONE=-1", "MALLOC_DEBUG_REDZONE=-1*" },
		{ "MALLOC_DEBUG_ON_ERROR=abrt", "MALLOC_DEBUG_ON_ERROR=abrt*nearest*abort" },
		{ "MALLOC_DEBUG_OPTIONS=on_error", "on_error*no value" },
		{ "MALLOC_DEBUG_PRESET=", "MALLOC_DEBUG_PRESET*no value" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct run_result result = run_with("programs/ok_malloc_zero", rows[i].variable);

		cr_expect(result.status == 0 && !strcmp(result.text, "ok\n"), "%s: status %d", rows[i].variable, result.status);
		cr_expect(says(result.report, rows[i].line), "%s:\n%s", rows[i].variable, result.report);
		cr_expect(run_count(result.report, "\n") == 1, "%s: not one line:\n%s", rows[i].variable, result.report);
		run_destroy(&result);
	}
}

/* Files in folder whose names begin with prefix; the path of the last one goes to path. */
static size_t count_files(const char *folder, const char *prefix, char path[4096])
{
	DIR *directory = opendir(folder);
	struct dirent *entry;
	size_t count = 0;

	while ((entry = readdir(directory)))
		if (*entry->d_name != '.' && !strncmp(entry->d_name, prefix, strlen(prefix))) {
			snprintf(path, 4096, "%s/%s", folder, entry->d_name);
			count++;
		}
	closedir(directory);
	return count;
}

Test(options, log_goes_to_a_file_of_each_process, .timeout = 60)
{
	char *folder = run_folder_make();
	char variable[4096], path[4096] = "";

	snprintf(variable, sizeof variable, "MALLOC_DEBUG_LOG=%s/%%e.%%p.log", folder);
	struct run_result result = run_with("examples/double_free", variable);
	cr_expect(!*result.report, "on stderr:\n%s", result.report);
	cr_assert(count_files(folder, "double_free.", path) == 1, "no file double_free.PID.log in %s", folder);
	cr_expect(atoi(strrchr(path, '/') + strlen("/double_free.")) > 1, "no process number in %s", path);
	char *log = run_file_read(path);
	cr_expect(log && run_count_reports(log) == 1 && strstr(log, "SUMMARY: malloc-debug: double-free"), "%s:\n%s", path, log);
	free(log);
	run_destroy(&result);

	/* A parent and its child: a file each. */
	result = run_with("programs/bug_in_child", variable);
	cr_expect(!*result.report, "on stderr:\n%s", result.report);
	cr_expect(count_files(folder, "bug_in_child.", path) == 2);
	run_destroy(&result);

	/* A place that cannot be written: standard error has it. */
	result = run_with("examples/double_free", "MALLOC_DEBUG_LOG=/no/such/folder/log");
	cr_expect(run_count_reports(result.report) == 1, "%s", result.report);
	run_destroy(&result);

	/* No error, no file. */
	result = run_with("programs/ok_malloc_zero", variable);
	cr_expect(count_files(folder, "ok_malloc_zero.", path) == 0, "%s", path);
	run_destroy(&result);
	run_folder_remove(folder);
}

Test(options, values_with_colons_can_be_quoted, .timeout = 60)
{
	char *folder = run_folder_make();
	char options[4096], path[4096] = "";

	snprintf(options, sizeof options, "log=\"%s/a:b.log\":exitcode=42", folder);
	struct run_result result = run_preloaded("examples/double_free", options);
	cr_expect(result.status == 42 && !*result.report, "status %d, on stderr:\n%s", result.status, result.report);
	cr_expect(count_files(folder, "a:b.log", path) == 1);
	run_destroy(&result);
	run_folder_remove(folder);
}

Test(options, program_and_preset_off_leave_programs_alone, .timeout = 60)
{
	static const struct {
		const char *options, *line;
	} rows[] = {
		{ "program=api_no_pie", "active 1" },
		{ "program=other,api_*", "active 1" },
		{ "program=other", "active 0" },
		{ "program=api", "active 0" },
		{ "preset=off", "active 0" },
		{ "preset=light", "active 1" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct run_result result = run_preloaded("programs/api_no_pie", rows[i].options);

		cr_expect(says(result.text, rows[i].line), "%s: %s", rows[i].options, result.text);
		cr_expect(!*result.report, "%s: on stderr:\n%s", rows[i].options, result.report);
		run_destroy(&result);
	}
	struct run_result result = run_preloaded("programs/ok_interposed", "preset=off"); /* checks that glibc's heap grows */
	cr_expect(result.status == 0, "%s", result.text);
	run_destroy(&result);
}

Test(options, children_get_the_preload_or_not, .timeout = 60)
{
	struct run_setup setup = { .program = "/bin/sh", .arguments = { "-c", "\"$0\"; exit $?", run_build_path("programs/api_no_pie") } };
	struct run_result result = run_program(&setup);
	cr_expect(says(result.text, "active 1"), "%s", result.text);
	run_destroy(&result);

	setup.options = "children=strip";
	result = run_program(&setup);
	cr_expect(says(result.text, "active 0"), "%s", result.text);
	run_destroy(&result);
}

Test(options, reports_can_be_switched_off_by_kind, .timeout = 60)
{
	expect_end("examples/alloc_dealloc_mismatch", "mismatch=no", 0, 0, 0);
	expect_end("examples/alloc_dealloc_mismatch", "mismatch=yes", 0, 0, 1);
	expect_end("examples/calloc_overflow", "bad_requests=silent", 0, 0, 0);
	expect_end("examples/calloc_overflow", "preset=full", 0, 0, 1);
	expect_end("examples/double_free", "report=no:exitcode=42", 42, 0, 0);
	expect_end("examples/heap_use_after_free", "fill_free=0:guard=off", 0, 0, 0);
}

Test(options, max_alloc_refuses_larger_requests, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/ok_calloc_sparse", "max_alloc=1G:bad_requests=report");

	cr_expect(!strcmp(result.text, "no room\n"), "%s", result.text);
	cr_expect(says(result.report, "ERROR: malloc-debug: allocation-size-too-big"), "%s", result.report);
	run_destroy(&result);
}

Test(options, symbolize_backtrace_and_strip_path_change_stacks, .timeout = 60)
{
	char variable[4096];

	struct run_result result = run_preloaded("examples/double_free", "symbolize=no");
	cr_expect(says(result.report, "/examples/double_free+0x*) (BuildId: "), "no module and offset:\n%s", result.report);
	cr_expect(!strstr(result.report, "double_free.c"), "%s", result.report);
	run_destroy(&result);

	result = run_preloaded("examples/double_free", "backtrace=0");
	cr_expect(run_count_reports(result.report) == 1 && !strstr(result.report, "    #0 "), "%s", result.report);
	run_destroy(&result);

	result = run_preloaded("examples/double_free", "backtrace=1");
	cr_expect(strstr(result.report, "    #0 ") && !strstr(result.report, "    #1 "), "%s", result.report);
	run_destroy(&result);

	snprintf(variable, sizeof variable, "MALLOC_DEBUG_STRIP_PATH=%s/", run_source_path("examples"));
	result = run_with("examples/double_free", variable);
	cr_expect(says(result.report, " in main double_free.c:"), "%s", result.report);
	run_destroy(&result);
}

Test(options, color_is_for_terminals, .timeout = 60)
{
	struct run_result result = run_preloaded("examples/double_free", "color=always");
	cr_expect(strstr(result.report, "\033["), "%s", result.report);
	run_destroy(&result);

	result = run_preloaded("examples/double_free", NULL);
	cr_expect(!strchr(result.report, '\033'), "%s", result.report);
	run_destroy(&result);

	/* script runs it on a terminal, and copies what it prints. */
	struct run_setup setup = { .program = "/usr/bin/script", .arguments = { "-qec", run_build_path("examples/double_free"), "/dev/null" } };

	if (access(setup.program, X_OK) != 0)
		cr_skip_test("no script command: colour on a terminal is not tested");
	result = run_program(&setup);
	cr_expect(strstr(result.text, "\033[") && strstr(result.text, "double-free"), "%s", result.text);
	run_destroy(&result);

	setup.environment[0] = "NO_COLOR=1";
	result = run_program(&setup);
	cr_expect(!strchr(result.text, '\033') && strstr(result.text, "double-free"), "%s", result.text);
	run_destroy(&result);

	setup.environment[0] = "MALLOC_DEBUG_COLOR=never";
	result = run_program(&setup);
	cr_expect(!strchr(result.text, '\033') && strstr(result.text, "double-free"), "%s", result.text);
	run_destroy(&result);
}

Test(options, show_and_stats_print_at_exit, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/ok_malloc_zero", "stats=yes");
	cr_expect(says(result.report, "Since start:") && says(result.report, "allocations"), "%s", result.report);
	run_destroy(&result);

	/* What is printed at the end reaches a standard error that was closed on the way there. */
	struct run_setup setup = { .program = "programs/ok_daemon", .arguments = { "at_exit" }, .options = "stats=yes" };

	result = run_program(&setup);
	cr_expect(says(result.report, "Since start:"), "%s", result.report);
	run_destroy(&result);

	result = run_preloaded("programs/ok_malloc_zero", "show=map,history");
	cr_expect(says(result.report, "Zones of the heap") && says(result.report, "Legend:"), "%s", result.report);
	cr_expect(says(result.report, "History: ") && says(result.report, "ok_malloc_zero.c:"), "%s", result.report);
	cr_expect(!says(result.report, "Since start:"), "%s", result.report);
	cr_expect(result.status == 0 && !strcmp(result.text, "ok\n"));
	run_destroy(&result);
}

Test(options, map_file_takes_the_map, .timeout = 60)
{
	char *folder = run_folder_make();
	char options[4096], path[4096] = "";

	snprintf(options, sizeof options, "show=map:map_file=%s/map.%%p", folder);
	struct run_result result = run_preloaded("programs/ok_malloc_zero", options);
	cr_expect(!*result.report, "on stderr:\n%s", result.report);
	cr_expect(count_files(folder, "map.", path) == 1);
	char *map = run_file_read(path);
	cr_expect(map && says(map, "Zones of the heap"), "%s", map);
	free(map);
	run_destroy(&result);
	run_folder_remove(folder);
}

Test(options, signal_show_prints_and_goes_on, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/raise_signal", NULL);
	cr_expect(result.signal == 12, "it is not the signal that ends the program: status %d", result.status); /* SIGUSR2 */
	run_destroy(&result);

	result = run_preloaded("programs/raise_signal", "signal_show=12:show=stats");
	cr_expect(result.status == 0 && !strcmp(result.text, "went on, called 0\n"), "status %d, signal %d: %s", result.status, result.signal,
		result.text);
	cr_expect(says(result.report, "Since start:"), "%s", result.report);
	run_destroy(&result);

	result = run_preloaded("programs/raise_signal", "signal_show=12:show=map");
	cr_expect(says(result.report, "Zones of the heap"), "%s", result.report);
	run_destroy(&result);
}

/* A program that has a handler for the signal keeps it. */
Test(options, signal_show_leaves_the_program_its_handler, .timeout = 60)
{
	struct run_setup setup = { .program = "programs/raise_signal", .arguments = { "handler" }, .options = "signal_show=12:show=stats" };
	struct run_result result = run_program(&setup);

	cr_expect(result.status == 0 && !strcmp(result.text, "went on, called 12\n"), "%s", result.text);
	run_destroy(&result);
}

Test(options, help_prints_every_option_and_goes_on, .timeout = 60)
{
	static const char *const names[] = {
#define MD_OPTION_BOOL(name, ...) #name,
#define MD_OPTION_UINT(name, ...) #name,
#define MD_OPTION_SIZE(name, ...) #name,
#define MD_OPTION_ENUM(name, ...) #name,
#define MD_OPTION_LIST(name, ...) #name,
#define MD_OPTION_TEXT(name, ...) #name,
#include "src/options.def"
	};
	struct run_result result = run_with("programs/ok_malloc_zero", "MALLOC_DEBUG_HELP=1");

	cr_expect(result.status == 0 && !strcmp(result.text, "ok\n"));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		cr_expect(strcasestr(result.report, names[i]), "%s is missing in:\n%s", names[i], result.report);
	run_destroy(&result);
}
