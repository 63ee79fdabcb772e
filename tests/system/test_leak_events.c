/* SPDX-License-Identifier: MIT
 *
 * Leak events: searches at other moments than exit (option leaks_at), with exact counts; and how they go unnoticed where they are not asked
 * for, not possible, or none of this process's business. Each run must end as it does without the library.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/support/run.h"

#define TEXT_MAX 128

/* Arrays in place of pointers: criterion copies a case into another process. */
struct event_case {
	char program[32], argument[32], second[32], options[96];
	int status, signal;
	int reports, reports_max;
	char leaked[TEXT_MAX]; /* "BYTES in BLOCKS", of each report */
	char text[TEXT_MAX];   /* stands in each report */
};

#define DEATH(what, number, ...) \
	{ \
		"event_death", what, #number, "leaks_at=signal", __VA_ARGS__ \
	}
#define EXEC(what, ...) \
	{ \
		"event_exec", what, "", "leaks_at=exec", __VA_ARGS__ \
	}
#define EXIT(what, options, ...) \
	{ \
		"event_exit", what, "", options, __VA_ARGS__ \
	}
#define CLOSE(what, ...) \
	{ \
		"event_close", what, "", "leaks_at=dlclose", __VA_ARGS__ \
	}

static struct event_case cases[] = {
	/* Off: nothing happens at any of these moments. */
	EXIT("_exit", "", 2, 0, 0, 0),
	EXIT("_exit", "leaks=1", 2, 0, 0, 0),
	EXIT("quick_exit", "leaks=1", 2, 0, 0, 0),
	{ "event_death", "default", "15", "leaks=1", -1, 15, 0, 0 },
	{ "event_death", "actions", "15", "leaks=1", -1, 15, 0, 0 },
	{ "event_exec", "execve", "", "leaks=1", 3, 0, 0, 0 },
	{ "event_close", "close", "", "leaks=0", 0, 0, 0, 0 },

	EXIT("_exit", "leaks_at=_exit", 2, 0, 1, 1, "100 in 1", "Checked at _exit, "),
	EXIT("_Exit", "leaks_at=_exit", 2, 0, 1, 1, "100 in 1", "Checked at _Exit, "),
	EXIT("quick_exit", "leaks_at=_exit", 2, 0, 1, 1, "100 in 1", "Checked at quick_exit, "),
	EXIT("handler", "leaks_at=_exit", 2, 0, 1, 1, "195 in 2", "Checked at quick_exit, "), /* its own handlers come first */
	EXIT("exit", "leaks_at=_exit", 2, 0, 0, 0),
	EXIT("exit", "leaks_at=_exit:leaks=1", 2, 0, 1, 1, "100 in 1", "Checked at exit, "),
	EXIT("atexit", "leaks_at=_exit:leaks=1", 4, 0, 1, 1, "100 in 1", "Checked at _exit, "),
	EXIT("thread", "leaks_at=_exit", 3, 0, 1, 1, "100 in 1", "Checked at _exit, "),
	EXIT("threads", "leaks_at=_exit", 3, 0, 1, 1, "100 in 1", "Checked at _exit, "),
	EXIT("interrupted", "leaks_at=_exit", 5, 0, 0, 1, "100 in 1", "Checked at _exit, "),
	EXIT("none", "leaks_at=_exit:leak_exitcode=23", 2, 0, 0, 0),
	EXIT("_exit", "leaks_at=_exit:leak_exitcode=23", 23, 0, 1, 1, "100 in 1", ""),
	EXIT("quick_exit", "leaks_at=_exit:leak_exitcode=23", 23, 0, 1, 1, "100 in 1", ""),
	/* Children, none of which is asked for, or has memory of its own. */
	EXIT("vfork", "leaks_at=_exit,fork", 6, 0, 0, 0),
	EXIT("clone", "leaks_at=_exit,fork", 6, 0, 0, 0),
	EXIT("_Fork", "leaks_at=_exit,fork", 8, 0, 0, 0),
	EXIT("fork", "leaks_at=_exit", 7, 0, 0, 0),
	EXIT("fork", "leaks_at=_exit,fork", 7, 0, 1, 1, "97 in 1", "Checked at _exit, for blocks allocated since the fork, "),
	EXIT("fork-exit", "leaks_at=fork", 7, 0, 0, 0),
	EXIT("fork-exit", "leaks_at=fork:leak_exitcode=23:leaks=1", 23, 0, 2, 2, "", "Checked at exit, "),

	DEATH("default", 15, -1, 15, 1, 1, "100 in 1", "Checked at death by SIGTERM, "),
	DEATH("default", 2, -1, 2, 1, 1, "100 in 1", "Checked at death by SIGINT, "),
	DEATH("default", 1, -1, 1, 1, 1, "100 in 1", "Checked at death by SIGHUP, "),
	DEATH("default", 3, -1, 3, 1, 1, "100 in 1", "Checked at death by SIGQUIT, "),
	DEATH("default", 9, -1, 9, 0, 0),
	DEATH("default", 10, -1, 10, 0, 0),
	DEATH("none", 15, -1, 15, 0, 0),
	DEATH("raise", 15, -1, 15, 1, 1, "100 in 1", ""),
	DEATH("handler", 15, 0, 0, 0, 0),
	DEATH("handler", 2, 0, 0, 0, 0),
	DEATH("ignored", 2, 0, 0, 0, 0),
	DEATH("nohup", 1, 0, 0, 0, 0),
	DEATH("actions", 15, -1, 15, 1, 1, "100 in 1", ""),
	DEATH("actions", 2, -1, 2, 1, 1, "100 in 1", ""),
	DEATH("last", 15, -1, 15, 1, 1, "100 in 1", ""),
	DEATH("raise-in-malloc", 15, -1, 15, 0, 1, "100 in 1", ""),
	DEATH("churn", 15, -1, 15, 1, 1, "100 in 1", ""),
	DEATH("threads", 15, -1, 15, 1, 1, "100 in 1", ""),
	DEATH("forking", 15, -1, 15, 1, 1, "100 in 1", ""),
	DEATH("blocked", 2, -1, 2, 1, 1, "100 in 1", ""),
	DEATH("twice", 15, -1, 15, 1, 1, "100 in 1", ""),
	DEATH("fork", 15, 0, 0, 0, 0),
	DEATH("vfork", 15, 0, 0, 0, 0),
	{ "event_death", "fork", "15", "leaks_at=signal,fork", 0, 0, 1, 1, "97 in 1",
		"at death by SIGTERM, for blocks allocated since the fork, " },

	EXEC("execve", 3, 0, 1, 1, "100 in 1", "Checked before exec of /"),
	EXEC("execv", 3, 0, 1, 1, "100 in 1", ""),
	EXEC("execvp", 3, 0, 1, 1, "100 in 1", ""),
	EXEC("execvpe", 4, 0, 1, 1, "100 in 1", ""),
	EXEC("execl", 3, 0, 1, 1, "100 in 1", ""),
	EXEC("execlp", 3, 0, 1, 1, "100 in 1", "Checked before exec of event_exec, "),
	EXEC("execle", 4, 0, 1, 1, "100 in 1", ""),
	EXEC("fexecve", 3, 0, 1, 1, "100 in 1", "Checked before exec, "),
	EXEC("execveat", 3, 0, 1, 1, "100 in 1", ""),
	EXEC("thread", 3, 0, 1, 1, "100 in 1", ""),
	EXEC("interrupted", 3, 0, 0, 1, "100 in 1", ""),
	EXEC("fail", 3, 0, 0, 0),
	EXEC("vfork", 3, 0, 0, 0),
	EXEC("fork", 3, 0, 0, 0),
	EXEC("system", 3, 0, 0, 0),
	{ "event_exec", "fork", "", "leaks_at=exec,fork", 3, 0, 1, 1, "97 in 1", ", for blocks allocated since the fork, " },

	CLOSE("close", 0, 0, 1, 1, "31 in 2", "for blocks allocated by plugin_close, which was closed, "),
	CLOSE("close", 0, 0, 1, 1, "31 in 2", " in plugin_keep "),
	CLOSE("again", 0, 0, 2, 2, "31 in 2", "plugin_close, which was closed, "),
	CLOSE("held", 0, 0, 0, 0),
	CLOSE("clean", 0, 0, 0, 0),
	{ "event_close", "close", "", "leaks_at=dlclose,_exit", 0, 0, 2, 2, "", "" },
};

static struct run_result run_case(const struct event_case *c)
{
	char program[64], options[128];
	struct run_setup setup = {
		.program = program, .arguments = { c->argument, *c->second ? c->second : NULL }, .options = options, .seconds_max = 25
	};

	snprintf(program, sizeof program, "programs/%s", c->program);
	snprintf(options, sizeof options, "leaks=0:%s", c->options); /* a case that wants the search at exit, too, says so */
	return run_program(&setup);
}

static void check_end(const struct event_case *c, const struct run_result *result)
{
	cr_expect(!result->timed_out, "%s %s %s: did not end", c->program, c->argument, c->options);
	cr_expect(result->status == c->status && result->signal == c->signal, "%s %s %s %s: status %d, signal %d\n%s%s", c->program,
		c->argument, c->second, c->options, result->status, result->signal, result->text, result->report);
}

static void check_reports(const struct event_case *c, const char *report)
{
	int reports = (int)run_count(report, "SUMMARY: ");
	char summary[TEXT_MAX] = "SUMMARY: ";
	unsigned long bytes, blocks;

	cr_expect(reports >= c->reports && reports <= c->reports_max, "%s %s %s %s: %d reports\n%s", c->program, c->argument, c->second,
		c->options, reports, report);
	if (sscanf(c->leaked, "%lu in %lu", &bytes, &blocks) == 2)
		snprintf(summary, sizeof summary, "SUMMARY: malloc-debug: %lu byte(s) leaked in %lu allocation(s).\n", bytes, blocks);
	cr_expect(run_count(report, summary) == (size_t)reports, "%s %s %s %s: not %s\n%s", c->program, c->argument, c->second, c->options,
		c->leaked, report);
	if (*c->text)
		cr_expect(run_count(report, c->text) >= (size_t)reports, "%s %s %s %s: not \"%s\"\n%s", c->program, c->argument, c->second,
			c->options, c->text, report);
	cr_expect(reports || !*report, "%s %s %s %s: not silent:\n%s", c->program, c->argument, c->second, c->options, report);
}

ParameterizedTestParameters(leak_events, are_as_expected)
{
	return cr_make_param_array(struct event_case, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(struct event_case *c, leak_events, are_as_expected, .timeout = 60)
{
	struct run_result result = run_case(c);

	check_end(c, &result);
	check_reports(c, result.report);
	cr_expect(!strstr(result.text, "not true"), "%s %s: %s", c->program, c->argument, result.text);
	run_destroy(&result);
}

ParameterizedTestParameters(leak_events, end_as_without_us)
{
	return cr_make_param_array(struct event_case, cases, sizeof cases / sizeof *cases);
}

/* What is expected is what the program does by itself, but for the option that changes it. */
ParameterizedTest(struct event_case *c, leak_events, end_as_without_us, .timeout = 60)
{
	struct run_setup setup = { .arguments = { c->argument, *c->second ? c->second : NULL }, .plain = true, .seconds_max = 25 };
	char program[64];

	if (strstr(c->options, "leak_exitcode"))
		return;
	snprintf(program, sizeof program, "programs/%s", c->program);
	setup.program = program;
	struct run_result result = run_program(&setup);

	check_end(c, &result);
	run_destroy(&result);
}

/* The file looks like a program until the kernel sees it: the program goes on, and does exec again. */
Test(leak_events, exec_that_the_kernel_refuses, .timeout = 60)
{
	char *folder = run_folder_make(), path[512];
	struct run_setup setup = { .program = "programs/event_exec", .arguments = { "refused", path }, .options = "leaks_at=exec" };

	snprintf(path, sizeof path, "%s/no-program", folder);
	FILE *file = fopen(path, "w");

	cr_assert(file && fwrite("\1\2\3\4", 1, 4, file) == 4 && fclose(file) == 0 && chmod(path, 0755) == 0);
	struct run_result result = run_program(&setup);

	cr_expect(result.status == 3 && run_count(result.text, "ok\n") == 1, "status %d\n%s%s", result.status, result.text, result.report);
	cr_expect(run_count(result.report, "SUMMARY: malloc-debug: 100 byte(s) leaked in 1 allocation(s).\n") == 2, "%s", result.report);
	run_destroy(&result);
	run_folder_remove(folder);
}

Test(leak_events, second_signal_kills_at_once, .timeout = 60)
{
	struct run_setup setup = { .program = "programs/event_death", .arguments = { "stuck", "15" }, .options = "leaks_at=signal" };
	struct run_result result = run_program(&setup);

	cr_expect(result.status == 0 && !strcmp(result.text, "ok\n"), "status %d, signal %d\n%s%s", result.status, result.signal,
		result.text, result.report);
	run_destroy(&result);
}

/* The signal comes from a program that sends it to the process and to its group. */
Test(leak_events, timeout_command, .timeout = 60)
{
	char preload[1024];
	struct run_setup setup = { .program = "/usr/bin/timeout",
		.plain = true,
		.arguments = { "0.3", "/usr/bin/env", preload, "MALLOC_DEBUG_OPTIONS=leaks_at=signal",
			run_build_path("programs/event_death"), "wait" } };

	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", run_build_path("libmalloc_debug.so"));
	struct run_result result = run_program(&setup);

	cr_expect(result.status == 124, "status %d\n%s", result.status, result.report);
	cr_expect(run_count(result.report, "SUMMARY: malloc-debug: 100 byte(s) leaked in 1 allocation(s).\n") == 1, "%s", result.report);
	run_destroy(&result);
}

/* LSAN_OPTIONS counts only where it is asked for. */
Test(leak_events, lsan_options, .timeout = 60)
{
	static const char flags[] = "LSAN_OPTIONS=detect_leaks=1:exitcode=42:max_leaks=3:use_unaligned=1:report_objects=0:no_such_flag=7";
	struct run_setup setup = { .program = "programs/event_exit", .arguments = { "exit" }, .environment = { flags } };
	struct run_result result = run_program(&setup);

	cr_expect(result.status == 2 && !strstr(result.report, "LSAN_OPTIONS"), "status %d\n%s", result.status, result.report);
	run_destroy(&result);
	setup.environment[1] = "MALLOC_DEBUG_LSAN_COMPAT=1";
	result = run_program(&setup);
	cr_expect(result.status == 42 && run_count(result.report, "SUMMARY: malloc-debug: 100 byte(s) leaked in 1 allocation(s).\n") == 1,
		"status %d\n%s", result.status, result.report);
	cr_expect(run_count(result.report, "ignored") == 2, "%s", result.report);
	cr_expect(strstr(result.report, "malloc-debug: LSAN_OPTIONS: use_unaligned=1: ignored"), "%s", result.report);
	cr_expect(strstr(result.report, "malloc-debug: LSAN_OPTIONS: no_such_flag=7: ignored"), "%s", result.report);
	run_destroy(&result);
	setup.environment[2] = "MALLOC_DEBUG_LEAK_EXITCODE=43"; /* ours come first */
	result = run_program(&setup);
	cr_expect(result.status == 43, "status %d\n%s", result.status, result.report);
	run_destroy(&result);
	setup.environment[0] = "LSAN_OPTIONS=detect_leaks=0";
	result = run_program(&setup);
	cr_expect(result.status == 2 && !*result.report, "status %d\n%s", result.status, result.report);
	run_destroy(&result);
}
