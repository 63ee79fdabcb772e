/* SPDX-License-Identifier: MIT
 *
 * Programs without a bug (tests/programs/ok_*) behave under the library as without it: same output, same exit status, and not a word
 * on stderr.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "tests/system/support/expect.h"

/* Presets change costs and what is looked at, never what a program sees. Full also prints statistics and failed requests; that is switched
 * off here, because it is no error. */
static const char *const modes[] = { "", "preset=light", "preset=full:stats=no:bad_requests=silent", "unwind=exact", "preset=off" };

ParameterizedTestParameters(clean, programs_behave_as_without_the_library)
{
	static const char *names[EXPECT_NAMES_MAX];
	static size_t rows[EXPECT_NAMES_MAX];
	size_t count = expect_sources("tests/programs", "ok_", names);

	for (size_t i = 0; i < count; i++)
		rows[i] = i;
	return cr_make_param_array(size_t, rows, count);
}

ParameterizedTest(size_t *row, clean, programs_behave_as_without_the_library, .timeout = 240)
{
	const char *names[EXPECT_NAMES_MAX];

	expect_sources("tests/programs", "ok_", names);
	struct expectation *expectation = expect_read(names[*row]);
	const char *program = expect_program("programs", names[*row]);
	struct run_result plain = { .status = expectation->status, .text = NULL };

	if (expectation->plain) {
		plain = run_plain(program);
		cr_assert(plain.status == expectation->status, "%s fails without the library: status %d, signal %d\n%s%s", program, plain.status,
			plain.signal, plain.text, plain.report);
	}
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		if (!expectation->plain && !strcmp(modes[i], "preset=off")) /* with it, all is as without the library */
			continue;
		struct run_result result = run_preloaded(program, modes[i]);

		cr_expect(!result.timed_out, "%s (%s): did not end in time", program, modes[i]);
		cr_expect(result.status == expectation->status, "%s (%s): status %d, signal %d\n%s%s", program, modes[i], result.status,
			result.signal, result.text, result.report);
		if (plain.text) {
			cr_expect(!strcmp(result.text, plain.text), "%s (%s): output differs:\n%s", program, modes[i], result.text);
			cr_expect(!strcmp(result.report, plain.report), "%s (%s): on stderr:\n%s", program, modes[i], result.report);
		} else {
			cr_expect(!strcmp(result.text, "ok\n"), "%s (%s): output:\n%s", program, modes[i], result.text);
			cr_expect(!*result.report, "%s (%s): on stderr:\n%s", program, modes[i], result.report);
		}
		run_destroy(&result);
	}
	run_destroy(&plain);
	expect_destroy(expectation);
}

static void run_clean(const char *program, const char *argument, unsigned seconds_max)
{
	struct run_setup setup = { .program = program, .arguments = { argument }, .seconds_max = seconds_max };
	struct run_result result = run_program(&setup);

	cr_expect(!result.timed_out, "%s: did not end in %u seconds", program, seconds_max);
	cr_expect(result.status == 0, "status %d, signal %d", result.status, result.signal);
	cr_expect(!strcmp(result.text, "ok\n"), "output:\n%s", result.text);
	cr_expect(!*result.report, "on stderr:\n%s", result.report);
	run_destroy(&result);
}

/* 16 threads with a million operations each, most blocks freed by another thread than their maker. */
Test(clean, sixteen_million_operations_lose_nothing, .timeout = 200)
{
	run_clean("programs/ok_threads_mixed", "1000000", 180);
}

Test(clean, a_thousand_forks_of_a_threaded_program_do_not_hang, .timeout = 120)
{
	run_clean("programs/ok_fork_threads", "1000", 100);
}

Test(clean, malloc_is_the_library_s, .timeout = 60)
{
	run_clean("programs/ok_interposed", "active", 30);
}

/* What names usually settle: without them, or without stacks, nobody is blamed. */
Test(clean, hidden_operators_are_no_mismatch_without_names, .timeout = 60)
{
	static const char *const options[] = { "symbolize=no", "backtrace=0", "backtrace=1" };

	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		struct run_result result = run_preloaded("programs/ok_hidden_new", options[i]);

		cr_expect(!strcmp(result.text, "ok\n") && !*result.report, "%s: %s%s", options[i], result.text, result.report);
		run_destroy(&result);
	}
	struct run_result result = run_preloaded("programs/mismatch_pairs", "symbolize=no"); /* where there is no doubt */
	cr_expect(run_count_reports(result.report) == 7, "%s", result.report);
	run_destroy(&result);
}

/* A shell that reads a command's output waits for the end of the pipe, not of the processes. */
Test(clean, a_daemon_holds_no_stream_of_its_parent, .timeout = 60)
{
	struct run_setup setup = { .program = "/bin/sh", .arguments = { "-c", "x=$(\"$0\" 2>&1); echo \"$x\"", run_build_path("programs/ok_daemon") } };
	struct run_result result = run_program(&setup);

	cr_expect(result.seconds < 4, "%f seconds", result.seconds);
	cr_expect(!strcmp(result.text, "ok\n"), "%s", result.text);
	run_destroy(&result);
}

/* Other preloaded libraries may come first, or last. */
Test(clean, the_place_in_ld_preload_does_not_matter, .timeout = 60)
{
	for (int first = 0; first < 2; first++) {
		const char *ours = run_build_path("libmalloc_debug.so"), *other = run_build_path("programs/plugin_constructor");
		char preload[4096];
		struct run_setup setup = { .program = "programs/ok_interposed", .arguments = { "active" }, .plain = true,
			.environment = { preload } };

		snprintf(preload, sizeof preload, "LD_PRELOAD=%s:%s", first ? ours : other, first ? other : ours);
		struct run_result result = run_program(&setup);
		cr_expect(result.status == 0, "%s: status %d, signal %d\n%s%s", preload, result.status, result.signal, result.text, result.report);
		cr_expect(!*result.report, "on stderr:\n%s", result.report);
		run_destroy(&result);
	}
}
