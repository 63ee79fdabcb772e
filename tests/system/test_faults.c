/* SPDX-License-Identifier: MIT
 *
 * Faults from outside: how processes end, core dumps, what guard pages see and that the run goes on behind it, crashes in threads and in odd places.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/support/expect.h"

/* Runs fault_kinds with the name of a kind. */
static struct run_result run_kind(const char *kind, const char *options, bool plain)
{
	struct run_setup setup = { .program = "programs/fault_kinds", .arguments = { kind }, .options = options, .plain = plain };

	return run_program(&setup);
}

/* --- guard pages ------------------------------------------------------------- */

/* Each is reported at the access, once, and the program goes on to its end; its output is that of a run without us. */
struct access {
	const char *kind, *slug, *access, *where;
};

static const struct access accesses[] = {
	{ "write-past", "heap-buffer-overflow", "WRITE of size 4", "directly after the 64-byte block" },
	{ "read-past", "heap-buffer-overflow", "READ of size 4", "directly after the 64-byte block" },
	{ "write-byte", "heap-buffer-overflow", "WRITE of size 1", "7 bytes after the 10-byte block" },
	{ "read-wide", "heap-buffer-overflow", "READ of size 16", "directly after the 64-byte block" },
	{ "read-across", "heap-buffer-overflow", "READ of size 8", "The first 4 bytes of them may be used; " },
	{ "loop-past", "heap-buffer-overflow", "WRITE of size 1", "8 bytes after the 40-byte block" },
	{ "far-past", "heap-buffer-overflow", "READ of size 1", "after the 64-byte block" },
	{ "after-free", "heap-use-after-free", "READ of size 4", "8 bytes inside the 64-byte block" },
	{ "write-after-free", "heap-use-after-free", "WRITE of size 8", "the start of the 64-byte block" },
	{ "after-realloc", "heap-use-after-free", "READ of size 1", "5 bytes inside the 64-byte block" },
	{ "large-after-free", "heap-use-after-free", "READ of size 1", "500000 bytes inside the 1000000-byte block" },
	{ "string-copy", "heap-buffer-overflow", "WRITE of size", "the 64-byte block" },
	{ "in-thread", "heap-buffer-overflow", "WRITE of size 4", "directly after the 64-byte block" },
	{ "with-handler", "heap-buffer-overflow", "WRITE of size 4", "directly after the 64-byte block" },
	{ "on-small-stack", "heap-buffer-overflow", "WRITE of size 4", "directly after the 64-byte block" },
	{ "in-handler", "heap-buffer-overflow", "WRITE of size 4", "directly after the 64-byte block" },
	{ "with-lock", "heap-buffer-overflow", "WRITE of size 4", "directly after the 64-byte block" },
	{ "in-child", "heap-buffer-overflow", "WRITE of size 4", "directly after the 64-byte block" },
};

ParameterizedTestParameters(faults, guard_pages_report_and_go_on)
{
	static size_t rows[sizeof accesses / sizeof accesses[0]];

	for (size_t i = 0; i < sizeof accesses / sizeof accesses[0]; i++)
		rows[i] = i;
	return cr_make_param_array(size_t, rows, sizeof accesses / sizeof accesses[0]);
}

ParameterizedTest(size_t *row, faults, guard_pages_report_and_go_on, .timeout = 60)
{
	const struct access *access = &accesses[*row];
	struct run_result plain = run_kind(access->kind, NULL, true),
			  result = run_kind(access->kind, "guard=all:calls=off:leaks=off", false);
	char *report = strstr(result.report, "ERROR: malloc-debug: ");

	cr_expect(result.status == 0, "%s: status %d, signal %d\n%s", access->kind, result.status, result.signal, result.report);
	if (!plain.signal) /* some of these break the C library's heap */
		cr_expect(!strcmp(result.text, plain.text), "%s: output differs: %s", access->kind, result.text);
	else
		cr_expect(!strcmp(result.text, "end\n"), "%s: output: %s", access->kind, result.text);
	cr_expect(run_count_reports(result.report) == 1, "%s: %zu reports\n%s", access->kind, run_count_reports(result.report),
		result.report);
	cr_assert(report, "%s: no report\n%s", access->kind, result.report);
	cr_expect(!strncmp(report + strlen("ERROR: malloc-debug: "), access->slug, strlen(access->slug)), "%s: %s", access->kind, report);
	cr_expect(strstr(report, access->access), "%s: not %s:\n%s", access->kind, access->access, report);
	cr_expect(strstr(report, access->where), "%s: not %s:\n%s", access->kind, access->where, report);
	cr_expect(strstr(report, "in touch ") || strstr(report, "in touch_"), "%s: not its stack:\n%s", access->kind, report);
	cr_expect(strstr(report, "allocated by malloc"), "%s:\n%s", access->kind, report);
	run_destroy(&plain);
	run_destroy(&result);
}

/* The policy is that of all errors. */
Test(faults, guard_pages_obey_on_error, .timeout = 60)
{
	struct run_result result = run_kind("write-past", "guard=all:on_error=exit:exitcode=42", false);

	cr_expect(result.status == 42, "status %d, signal %d\n%s", result.status, result.signal, result.report);
	cr_expect(run_count_reports(result.report) == 1);
	run_destroy(&result);
	result = run_kind("write-past", "guard=all:on_error=abort", false);
	cr_expect(result.signal == SIGABRT, "status %d, signal %d\n%s", result.status, result.signal, result.report);
	cr_expect(run_count_reports(result.report) == 1);
	run_destroy(&result);
	result = run_kind("write-past", "guard=all:exitcode=43:leaks=off", false);
	cr_expect(result.status == 43, "status %d, signal %d\n%s", result.status, result.signal, result.report);
	cr_expect(strstr(result.text, "end"), "it did not go on: %s", result.text);
	run_destroy(&result);
}

/* --- how crashes end ----------------------------------------------------------- */

static const char *const ends[] = { "null", "stack", "stack-thread", "bus", "jump", "raise", "kill", "trap", "divide", "illegal", "abort",
	"ignored-null", "blocked-null", "handler-returns", "reset-handler", "in-malloc-handler", "raw-clone" };

ParameterizedTestParameters(faults, crashes_end_as_without_us)
{
	static size_t rows[sizeof ends / sizeof ends[0]];

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		rows[i] = i;
	return cr_make_param_array(size_t, rows, sizeof ends / sizeof ends[0]);
}

ParameterizedTest(size_t *row, faults, crashes_end_as_without_us, .timeout = 60)
{
	static const char *const modes[] = { "", "faults=off", "crashes=ill,fpe,trap,abrt", "on_error=abort:exitcode=9", "guard=all" };
	struct run_result plain = run_kind(ends[*row], NULL, true);

	cr_assert(plain.signal, "%s: ends with status %d", ends[*row], plain.status);
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		struct run_result result = run_kind(ends[*row], modes[i], false);

		cr_expect(result.signal == plain.signal && result.status == plain.status, "%s (%s): signal %d, not %d (status %d)\n%s",
			ends[*row], modes[i], result.signal, plain.signal, result.status, result.report);
		cr_expect(!strcmp(result.text, plain.text), "%s (%s): output differs: %s", ends[*row], modes[i], result.text);
		cr_expect(
			run_count(result.report, "==ERROR") <= 1, "%s (%s): more than one report\n%s", ends[*row], modes[i], result.report);
		run_destroy(&result);
	}
	run_destroy(&plain);
}

/* What was sent by somebody is no crash; neither is what is not asked for. */
Test(faults, signals_that_were_sent_are_not_reported, .timeout = 60)
{
	static const char *const silent[] = { "raise", "kill", "divide", "abort", "blocked-null", "ignored-null" };

	for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
		struct run_result result = run_kind(silent[i], NULL, false);

		cr_expect(run_count(result.report, "malloc-debug") == 0, "%s:\n%s", silent[i], result.report);
		run_destroy(&result);
	}
}

/* The status of a process that dumped its core says so, whether or not there is a file for it. */
Test(faults, core_dumps_stay_possible, .timeout = 60)
{
	int dumped[2];

	for (int preloaded = 0; preloaded < 2; preloaded++) {
		char *folder = run_folder_make();
		struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
		int status;
		pid_t child = fork();

		if (!child) {
			if (chdir(folder) || setrlimit(RLIMIT_CORE, &unlimited))
				_exit(1);
			if (preloaded)
				setenv("LD_PRELOAD", run_build_path("libmalloc_debug.so"), 1);
			setenv("MALLOC_DEBUG_LOG", "/dev/null", 1);
			execl(run_build_path("programs/fault_kinds"), "fault_kinds", "null", (char *)NULL);
			_exit(1);
		}
		cr_assert(waitpid(child, &status, 0) == child);
		run_folder_remove(folder);
		cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %x", status);
		dumped[preloaded] = WIFSIGNALED(status) && WCOREDUMP(status);
	}
	cr_expect(dumped[0] == dumped[1], "a core is dumped: %d without the library, %d with it", dumped[0], dumped[1]);
	if (!dumped[0])
		cr_log_warn("this system dumps no cores: only the status was compared\n");
}

/* Many threads run into guard pages and crash together: reports stay whole, and it ends. */
Test(faults, threads_that_fault_together_are_reported_in_turn, .timeout = 100)
{
	struct run_result result = run_kind("many-threads", "guard=all:symbolize=off:leaks=off", false);

	cr_expect(result.status == 0, "status %d, signal %d", result.status, result.signal);
	cr_expect(run_count_reports(result.report) == 1, "%zu reports of one bug", run_count_reports(result.report));
	run_destroy(&result);
	result = run_kind("many-crashes", "symbolize=off", false);
	cr_expect(result.signal == SIGSEGV, "status %d, signal %d", result.status, result.signal);
	cr_expect(run_count(result.report, "==ERROR") >= 1, "%s", result.report);
	run_destroy(&result);
}

/* 20 000 threads one after the other: what each of them gets for its signals is given back. */
Test(faults, stacks_of_threads_are_given_back, .timeout = 100)
{
	struct run_result result = run_kind("thread-churn", "leaks=off", false);

	cr_expect(result.status == 0 && strstr(result.text, "end"), "status %d, signal %d\n%s%s", result.status, result.signal, result.text,
		result.report);
	run_destroy(&result);
}
