/* SPDX-License-Identifier: MIT
 *
 * Programs with bugs (tests/programs): each report says what the program's source expects, with defaults and with preset=full.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "tests/system/support/expect.h"

/* Those that must stay silent (test_clean.c), and what other tests run with arguments of their own. */
static bool is_of_others(const char *source)
{
	static const char *const prefixes[] = { "/ok_", "/plugin_", "/leak_", "/event_", "/calls_", "/refuse", "/debugger_", "/history_", "/prof_",
		"/mcheck" };

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (strstr(source, prefixes[i]))
			return true;
	return false;
}

static size_t list_programs(const char *names[EXPECT_NAMES_MAX])
{
	size_t count = expect_sources("tests/programs", "", names), kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!is_of_others(names[i]))
			names[kept++] = names[i];
	return kept;
}

ParameterizedTestParameters(bugs, are_reported_as_their_source_says)
{
	static const char *names[EXPECT_NAMES_MAX];
	static size_t rows[EXPECT_NAMES_MAX];
	size_t count = list_programs(names);

	for (size_t i = 0; i < count; i++)
		rows[i] = i;
	return cr_make_param_array(size_t, rows, count);
}

ParameterizedTest(size_t *row, bugs, are_reported_as_their_source_says, .timeout = 120)
{
	static const char *const modes[] = { "", "preset=full:stats=no:bad_requests=silent" };
	const char *names[EXPECT_NAMES_MAX];

	list_programs(names);
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		struct expectation *expectation = expect_read(names[*row]);
		struct run_result result = expect_run(expectation, expect_program("programs", names[*row]), modes[i]);
		const char *difference = expect_difference(expectation, &result);

		cr_expect(!difference, "%s (%s): %s\nreport:\n%s\noutput:\n%s", names[*row], modes[i], difference, result.report, result.text);
		run_destroy(&result);
		expect_destroy(expectation);
	}
}

/* Runs program with a size, without asking for names, and looks for two texts in its one report. */
static void expect_report(const char *program, size_t size, const char *slug, const char *where)
{
	char argument[32];
	struct run_setup setup = { .program = program, .arguments = { argument }, .options = "symbolize=no" };

	snprintf(argument, sizeof argument, "%zu", size);
	struct run_result result = run_program(&setup);
	cr_expect(result.status == 0, "%s %zu: status %d, signal %d", program, size, result.status, result.signal);
	cr_expect(run_count_reports(result.report) == 1, "%s %zu: %zu reports", program, size, run_count_reports(result.report));
	cr_expect(strstr(result.report, slug) && strstr(result.report, where), "%s %zu: no %s %s in:\n%s", program, size, slug, where,
		result.report);
	run_destroy(&result);
}

/* Every size has its own amount of slack behind it; the first byte past the block is watched for each. */
Test(bugs, one_byte_past_any_size_is_found, .timeout = 120)
{
	for (size_t size = 0; size <= 64; size++) {
		char where[64];

		snprintf(where, sizeof where, "directly after the %zu-byte block", size);
		expect_report("programs/slack_overflow", size, "heap-buffer-overflow", size ? where : "the 0-byte block");
	}
	for (size_t size = 100; size < 3000000; size = size * 5 / 2) {
		char where[64];

		snprintf(where, sizeof where, "directly after the %zu-byte block", size);
		expect_report("programs/slack_overflow", size, "heap-buffer-overflow", where);
	}
}

Test(bugs, one_byte_before_any_size_is_found, .timeout = 120)
{
	for (size_t size = 0; size < 3000000; size = size < 20 ? size + 1 : size * 3) {
		char where[64];

		snprintf(where, sizeof where, "1 byte before the %zu-byte block", size);
		expect_report("programs/underflow", size, "heap-buffer-underflow", where);
	}
}

/* A report that cannot be written changes nothing else. */
Test(bugs, broken_stderr_changes_nothing, .timeout = 120)
{
	static const char *const ways[] = { "closed", "pipe", "full", "limit" };

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct run_setup setup = { .program = "programs/stderr_broken", .arguments = { ways[i] } };
		struct run_result result = run_program(&setup);

		cr_expect(result.status == 7 && !result.timed_out, "%s: status %d, signal %d", ways[i], result.status, result.signal);
		cr_expect(!strcmp(result.text, "survived\n"), "%s: output:\n%s", ways[i], result.text);
		run_destroy(&result);
	}
}

/* Reports of two processes, and of threads, come whole: after each header line its own summary, before the next header. */
Test(bugs, reports_do_not_mix, .timeout = 120)
{
	struct run_setup setup = { .program = "/bin/sh",
		.arguments = { "-c", "for i in 1 2 3 4 5 6 7 8; do \"$0\" & done; wait", run_build_path("programs/realloc_bad") } };
	struct run_result result = run_program(&setup);
	int reports = 0;

	for (const char *line = result.report; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *end = strchr(line, '\n');
		size_t length = end ? (size_t)(end - line) : strlen(line);

		if (memmem(line, length, "ERROR: malloc-debug: ", 21)) {
			cr_expect(reports % 2 == 0, "a report begins inside another");
			reports++;
		} else if (!strncmp(line, "SUMMARY: ", 9)) {
			cr_expect(reports % 2 == 1, "a summary without its report");
			reports++;
		}
	}
	cr_expect(reports == 2 * 3 * 8, "%d headers and summaries in place of 48:\n%s", reports, result.report);
	run_destroy(&result);
}
