/* SPDX-License-Identifier: MIT
 *
 * Right programs in hostile surroundings: other preloaded libraries, an auditor, no /proc, files with odd names, a large environment, a violent end amid a
 * report. Output and status are as without the library. What a program can prepare for itself is among tests/programs/ok_*.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/support/run.h"

static const char *const modes[] = { "", "preset=full:stats=no:bad_requests=silent", "preset=off" };

#define MODES (sizeof modes / sizeof modes[0])

static void expect_ok(struct run_result *result, const char *program, const char *what)
{
	cr_expect(!result->timed_out, "%s, %s: did not end in time", program, what);
	cr_expect(result->status == 0 && !strcmp(result->text, "ok\n") && !*result->report, "%s, %s: status %d, signal %d\n%s%s", program, what,
		result->status, result->signal, result->text, result->report);
	run_destroy(result);
}

/* Each program, with `other` alone, before and after ours, with more options. */
static void run_beside(const char *other, const char *more, const char *const programs[], size_t count)
{
	const char *ours = run_build_path("libmalloc_debug.so");
	char preload[4096], options[256];

	for (size_t i = 0; i < count; i++) {
		for (size_t mode = 0; mode < MODES * 2 + 1; mode++) {
			struct run_setup setup = { .program = programs[i], .plain = true, .seconds_max = 60, .environment = { preload, options } };

			if (mode == MODES * 2)
				snprintf(preload, sizeof preload, "LD_PRELOAD=%s", other);
			else
				snprintf(preload, sizeof preload, "LD_PRELOAD=%s:%s", mode % 2 ? ours : other, mode % 2 ? other : ours);
			snprintf(options, sizeof options, "MALLOC_DEBUG_OPTIONS=%s%s", modes[mode / 2 % MODES], more);
			struct run_result result = run_program(&setup);

			char what[4600];
			snprintf(what, sizeof what, "%s %s", preload, options);
			expect_ok(&result, programs[i], what);
		}
	}
}

static const char *const versatile[] = { "programs/ok_cxx_new", "programs/ok_threads_cross", "programs/ok_fork_handlers", "programs/ok_plugin_loop" };

#define VERSATILE (sizeof versatile / sizeof versatile[0])

Test(robust, another_malloc_is_preloaded, .timeout = 300)
{
	static const char *const others[] = { "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2", "/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4" };

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (access(others[i], R_OK) != 0) {
			fprintf(stderr, "test_robust: skipped: %s is not installed\n", others[i]);
			continue;
		}
		run_beside(others[i], ":leaks=no", versatile, VERSATILE); /* tcmalloc leaks a block of its own: MallocExtension::Register */
	}
}

Test(robust, a_clock_that_jumps_is_preloaded, .timeout = 300)
{
	char clock[1024];

	snprintf(clock, sizeof clock, "%s", run_build_path("programs/plugin_clock"));
	run_beside(clock, "", versatile, VERSATILE);
}

Test(robust, an_auditor_allocates_in_the_loader, .timeout = 120)
{
	char audit[1024];

	snprintf(audit, sizeof audit, "LD_AUDIT=%s", run_build_path("programs/plugin_audit"));
	for (size_t i = 0; i < VERSATILE; i++) {
		for (size_t mode = 0; mode <= MODES; mode++) {
			struct run_setup setup = { .program = versatile[i], .plain = mode == MODES, .options = mode == MODES ? NULL : modes[mode],
				.environment = { audit } };
			struct run_result result = run_program(&setup);

			expect_ok(&result, versatile[i], mode == MODES ? "plain" : modes[mode]);
		}
	}
}

/* LeakSanitizer's library has a malloc, too; while one of the two looks up the other, the loader allocates. */
Test(robust, two_mallocs_that_hand_on_do_not_call_in_circles, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/leak_sanitizer", "preset=off");

	expect_ok(&result, "leak_sanitizer", "preset=off");
	result = run_plain("programs/leak_sanitizer");
	expect_ok(&result, "leak_sanitizer", "plain");
}

/* Runs a program where the system refuses something, see tests/programs/refuse.c. */
static void run_refused(const char *refused, const char *program)
{
	char preload[1024], options[256];

	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", run_build_path("libmalloc_debug.so"));
	for (size_t mode = 0; mode < MODES; mode++) {
		struct run_setup setup = { .program = "programs/refuse", .plain = true, .arguments = { refused, preload, options, run_build_path(program) } };

		snprintf(options, sizeof options, "MALLOC_DEBUG_OPTIONS=%s", modes[mode]);
		struct run_result result = run_program(&setup);

		if (result.status == 77) {
			fprintf(stderr, "test_robust: skipped: without %s: %s", refused, result.report);
			run_destroy(&result);
			return;
		}
		expect_ok(&result, program, refused);
	}
}

Test(robust, there_is_no_proc, .timeout = 120)
{
	for (size_t i = 0; i < VERSATILE; i++)
		run_refused("proc", versatile[i]);
	run_refused("proc", "programs/ok_coroutines_unmapped");
	run_refused("proc", "programs/ok_enomem");
}

/* As before Linux 6.7: nobody can say which pages of a very large mapping are in use, so nobody says what is leaked. */
Test(robust, what_cannot_be_searched_is_not_reported, .timeout = 60)
{
	run_refused("ioctl", "programs/ok_reservations");
	run_refused("ioctl,madvise,process_vm_readv,ptrace,perf_event_open", "programs/ok_threads_cross");
}

static void copy_file(const char *from, const char *to)
{
	char command[4096];

	snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
	cr_assert(system(command) == 0, "%s", command);
}

/* Bytes that are no UTF-8, blanks, quotes and terminal codes in the name of a program, of its folder and of a log. */
Test(robust, names_of_files_may_be_any_bytes, .timeout = 60)
{
	char *folder = run_folder_make(), path[1024], options[1200], log[1100];

	snprintf(path, sizeof path, "%s/\xff\xfe \x1b[31m\"x", folder);
	cr_assert(mkdir(path, 0755) == 0);
	snprintf(log, sizeof log, "%s/log", path);
	strcat(path, "/pro\xc3gram\n");
	copy_file(run_build_path("programs/ok_enomem"), path);
	for (size_t mode = 0; mode < MODES; mode++) {
		struct run_result result = run_preloaded(path, modes[mode]);

		expect_ok(&result, "a program with an odd name", modes[mode]);
	}
	copy_file(run_build_path("examples/double_free"), path);
	struct run_result result = run_preloaded(path, "");

	cr_expect(run_count_reports(result.report) == 1, "%s", result.report);
	cr_expect(!strchr(result.report, '\x1b'), "terminal codes of a file's name reach the terminal: %s", result.report);
	run_destroy(&result);
	snprintf(options, sizeof options, "log='%s'", log);
	result = run_preloaded("examples/double_free", options);
	char *text = run_file_read(log);

	cr_expect(text && run_count_reports(text) == 1, "%s", result.report);
	free(text);
	run_destroy(&result);
	run_folder_remove(folder);
}

/* 1.5 MB of environment, our options last. */
Test(robust, the_environment_is_large, .timeout = 60)
{
	enum { VARIABLES = 12, BYTES = 120000 };
	static char variables[VARIABLES][BYTES];
	struct run_setup setup = { .program = "examples/double_free", .options = "exitcode=66" };

	for (int i = 0; i < VARIABLES; i++) {
		int length = snprintf(variables[i], BYTES, "LARGE_%d=", i);

		memset(variables[i] + length, 'x', (size_t)(BYTES - 1 - length));
		setup.environment[i] = variables[i];
	}
	struct run_result result = run_program(&setup);

	cr_expect(result.status == 66 && run_count_reports(result.report) == 1, "status %d: %s", result.status, result.report);
	run_destroy(&result);
	setup.program = "programs/ok_environment";
	setup.options = NULL;
	setup.plain = true;
	struct run_result plain = run_program(&setup);

	setup.plain = false;
	result = run_program(&setup);
	cr_expect(result.status == plain.status && !strcmp(result.text, plain.text) && !*result.report, "%d: %s%s", result.status, result.text, result.report);
	run_destroy(&plain);
	run_destroy(&result);
}

/* Whoever helps with a report ends when the program is killed: the end of its streams comes at once, not when a helper's time is up. */
Test(robust, killed_amid_a_report_it_leaves_nobody_behind, .timeout = 120)
{
	for (int turn = 0; turn < 20; turn++) {
		char command[4096];

		snprintf(command, sizeof command, "LD_PRELOAD='%s' '%s' 2>&1 & sleep 0.%03d; kill -9 $!; wait; echo ok", run_build_path("libmalloc_debug.so"),
			run_build_path("programs/repeated_bug"), turn * 4);
		struct run_setup setup = { .program = "/bin/sh", .plain = true, .seconds_max = 8, .arguments = { "-c", "(eval \"$0\") | tail -n 1", command } };
		struct run_result result = run_program(&setup);

		cr_expect(!result.timed_out && strstr(result.text, "ok\n"), "turn %d: %s%s", turn, result.text, result.report);
		run_destroy(&result);
	}
}
