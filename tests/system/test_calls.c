/* SPDX-License-Identifier: MIT
 *
 * Calls of the C library that touch what they should not: reported at the call, by the right name, once; and calls that touch all there is
 * up to the last byte, which are not.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/support/expect.h"

static const char *const guards[] = { "calls=yes:symbolize=no:watch=off:leaks=no:guard=off",
	"calls=yes:symbolize=no:watch=off:leaks=no:guard=all" };

#define MODES (sizeof guards / sizeof *guards)

/* One line of what the program says without an argument: name|slug|access|where. */
struct row {
	char name[64], slug[64], access[128], where[128];
};

static void check_row(const char *program, const struct row *row, const char *options)
{
	struct run_setup setup = { .program = program, .arguments = { row->name }, .options = options };
	struct run_result result = run_program(&setup);
	const char *at = result.report;

	cr_expect(result.status == 0 && strstr(result.text, "went on"), "%s %s (%s): status %d, signal %d\n%s", program, row->name, options,
		result.status, result.signal, result.report);
	cr_expect(run_count_reports(result.report) == 1, "%s %s (%s): %zu reports\n%s", program, row->name, options,
		run_count_reports(result.report), result.report);
	cr_expect(expect_find(&at, row->slug) && expect_find(&at, row->access) && expect_find(&at, row->where),
		"%s %s (%s): not %s, %s, %s:\n%s", program, row->name, options, row->slug, row->access, row->where, result.report);
	run_destroy(&result);
}

/* Returns how many rows there are. */
static size_t check_all(const char *program, const char *options)
{
	struct run_result list = run_plain(program);
	size_t count = 0;
	char *rest = list.text;

	for (char *line; (line = strsep(&rest, "\n")) && *line; count++) {
		struct row row;

		cr_assert(sscanf(line, "%63[^|]|%63[^|]|%127[^|]|%127[^\n]", row.name, row.slug, row.access, row.where) == 4, "%s", line);
		check_row(program, &row, options);
	}
	run_destroy(&list);
	return count;
}

ParameterizedTestParameters(calls, each_function_is_looked_at)
{
	static size_t modes[MODES];

	for (size_t i = 0; i < MODES; i++)
		modes[i] = i;
	return cr_make_param_array(size_t, modes, MODES);
}

ParameterizedTest(size_t *mode, calls, each_function_is_looked_at, .timeout = 300)
{
	cr_expect(check_all("programs/calls_bad", guards[*mode]) > 90);
}

/* A distribution's programs call memcpy and its relatives by other names. */
Test(calls, fortified_programs_are_looked_at, .timeout = 200)
{
	for (size_t i = 0; i < MODES; i++)
		cr_expect(check_all("programs/calls_fortified", guards[i]) > 15);
}

/* What the kernel reads for another program. The programs run as they would have: where pages are guarded, freed strings still say what
 * they did. */
Test(calls, strings_for_another_program_are_looked_at, .timeout = 200)
{
	cr_expect(check_all("programs/calls_exec", "calls=yes:symbolize=no:watch=off:leaks=no:guard=all") > 15);
	cr_expect(check_all("programs/calls_exec", "calls=yes:symbolize=no:watch=off:leaks=no:guard=auto") > 15);
}

static void check_quiet_exec(const char *name, const char *options)
{
	struct run_setup setup = { .program = "programs/calls_exec", .arguments = { name }, .options = options };
	struct run_result result = run_program(&setup);

	cr_expect(result.status == 0 && strstr(result.text, "went on"), "%s (%s): status %d\n%s", name, options, result.status,
		result.text);
	cr_expect(!*result.report, "%s (%s):\n%s", name, options, result.report);
	run_destroy(&result);
}

/* Where nothing may be reported, the kernel finds the strings all the same; and what it refuses without us, it refuses. */
Test(calls, strings_for_another_program_can_be_read, .timeout = 120)
{
	static const char *const names[] = { "system", "popen_command", "posix_spawnp_arguments", "execl", "execl_here", "execve",
		"vfork" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		check_quiet_exec(names[i], "calls=no:symbolize=no:watch=off:leaks=no:guard=all");
	check_quiet_exec("vfork", "symbolize=no:watch=off:leaks=no");
	check_quiet_exec("refused", "symbolize=no:watch=off:leaks=no");
	check_quiet_exec("refused", "symbolize=no:watch=off:leaks=no:calls=no:guard=all");
}

static void check_property(const char *options, const char *cases)
{
	struct run_setup setup = { .program = "programs/calls_property", .arguments = { cases }, .options = options, .seconds_max = 550 };
	struct run_result result = run_program(&setup);

	cr_expect(result.status == 0 && strstr(result.text, "many bad, 0 wrong, ok"), "%s: status %d, signal %d\n%s%s", options,
		result.status, result.signal, result.text, result.report);
	run_destroy(&result);
}

/* Neither a miss nor a false report in a million random calls. */
Test(calls, agree_with_a_model, .timeout = 600)
{
	check_property("calls=yes:report=no:watch=off:leaks=no:guard=off", "1000000");
}

Test(calls, agree_with_a_model_where_pages_are_guarded, .timeout = 600)
{
	check_property("calls=yes:report=no:watch=off:leaks=no:guard=all", "60000");
	check_property("calls=yes:report=no:watch=off:leaks=no:guard=auto", "30000");
	check_property("calls=yes:report=no:watch=off:leaks=no:guard=off:redzone=64:quarantine=0", "30000");
}

/* Switched off, nothing is looked at. */
Test(calls, can_be_switched_off, .timeout = 60)
{
	struct run_setup setup = { .program = "programs/calls_bad", .arguments = { "memcpy_from" },
		.options = "calls=no:guard=off:watch=off:leaks=no" };
	struct run_result result = run_program(&setup);

	cr_expect(!*result.report && strstr(result.text, "went on"), "%s%s", result.text, result.report);
	run_destroy(&result);
}

/* A copy of negative size that the program does not survive: one report, and the signal that it would have died of. */
Test(calls, a_negative_size_is_said_once, .timeout = 60)
{
	for (size_t i = 0; i < MODES; i++) {
		struct run_setup setup = { .program = "programs/calls_bad", .arguments = { "death_by_negative_size" }, .options = guards[i] };
		struct run_result result = run_program(&setup);

		cr_expect(result.signal == SIGSEGV, "status %d, signal %d", result.status, result.signal);
		cr_expect(run_count_reports(result.report) == 1 && strstr(result.report, "negative-size-param"), "%s", result.report);
		run_destroy(&result);
	}
}

/* What asked for memcpy before it was told apart from memmove may copy onto itself. */
Test(calls, an_old_memcpy_may_overlap, .timeout = 60)
{
	struct run_setup setup = { .program = "programs/ok_calls_old_memcpy", .options = "calls=yes" };
	struct run_result result = run_program(&setup);

	cr_expect(!*result.report && strstr(result.text, "ok"), "%s%s", result.text, result.report);
	run_destroy(&result);
}
