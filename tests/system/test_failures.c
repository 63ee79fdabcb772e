/* SPDX-License-Identifier: MIT
 *
 * Requests that fail on purpose: which ones do, what the program gets, what is said of it; and malloc-debug fail-sweep.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/support/expect.h"

#define COMMAND(...) \
	run_program(&(struct run_setup){ .program = "malloc-debug", .arguments = { __VA_ARGS__ }, .plain = true, .seconds_max = 100 })

static void expect_line(const char *program, const char *options, const char *line)
{
	struct run_result result = run_preloaded(program, options);
	size_t length = strlen(line);

	cr_expect(result.status == 0 && !strncmp(result.text, line, length) && result.text[length] == '\n',
		"%s: status %d, %s instead of %s; %s", options, result.status, result.text, line, result.report);
	cr_expect(run_count_reports(result.report) == 0, "%s: %s", options, result.report);
	run_destroy(&result);
}

#define REQUESTS(options, line) expect_line("programs/fail_requests", options, line)

Test(failures, those_fail_that_the_options_say, .timeout = 60)
{
	REQUESTS("", ".......... .... .");
	REQUESTS("fail_stack=make_some", "xxxxxxxxxx .... .");
	REQUESTS("fail_stack=make_some:fail_after=3", "..xxxxxxxx .... .");
	REQUESTS("fail_stack=make_some:fail_after=3:fail_count=1", "..x....... .... .");
	REQUESTS("fail_stack=make_some:fail_count=2", "xx........ .... .");
	REQUESTS("fail_stack=make_some,resize:fail_size=50", "....xxxxxx .... x");
	REQUESTS("fail_stack=make_some:fail_size=80:fail_after=2", "........xx .... .");
	REQUESTS("fail_stack=make_others", ".......... xxxx .");
	REQUESTS("fail_stack=resize", ".......... .... x");
	REQUESTS("fail_size=1M", ".......... ..x. .");
	REQUESTS("fail_stack=fail_req*", "xxxxxxxxxx xxxx ");
	REQUESTS("fail_stack=nobody*", ".......... .... .");
	REQUESTS("fail_stack=make_some:guard=all", "xxxxxxxxxx .... .");
	REQUESTS("fail_stack=make_some:bad_requests=report", "xxxxxxxxxx .... ."); /* asked for, so not told */
}

Test(failures, chance_is_the_same_for_the_same_seed, .timeout = 60)
{
	char first[64] = "";
	bool differs = false;

	for (unsigned seed = 0; seed < 4; seed++) {
		char options[64], again[64];

		snprintf(options, sizeof options, "fail_stack=make_some:fail_rate=2:fail_seed=%u", seed);
		for (int i = 0; i < 2; i++) {
			struct run_result result = run_preloaded("programs/fail_requests", options);

			snprintf(i ? again : first, sizeof first, "%.10s", result.text);
			run_destroy(&result);
			cr_expect(strchr(i ? again : first, 'x') && strchr(i ? again : first, '.'), "seed %u: all or none: %s", seed, i ? again : first);
		}
		cr_expect(!strcmp(first, again), "seed %u: %s, then %s", seed, first, again);
		static char last[64];

		differs |= seed && strcmp(last, first) != 0;
		strcpy(last, first);
	}
	cr_expect(differs, "the seed changes nothing");
}

Test(failures, operator_new_throws_once, .timeout = 60)
{
	expect_line("programs/fail_new", "", ".......");
	expect_line("programs/fail_new", "fail_stack=make_one:fail_count=1", "t......");
	expect_line("programs/fail_new", "fail_stack=make_array:fail_count=1", ".t.....");
	expect_line("programs/fail_new", "fail_stack=make_nothrow:fail_count=1", "..n....");
	expect_line("programs/fail_new", "fail_stack=make_nothrow_array:fail_count=1", "...n...");
	expect_line("programs/fail_new", "fail_stack=make_wide:fail_count=1", "....t..");
	expect_line("programs/fail_new", "fail_stack=make_with_handler:fail_count=1", ".....h.");
	expect_line("programs/fail_new", "fail_stack=make_one", "t.....t");
}

Test(failures, are_told, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/fail_requests", "fail_stack=make_some:fail_after=10:stats:verbose");
	const char *text = result.report;

	cr_expect(expect_find(&text, "request of 100 bytes (malloc) fails on purpose: *fail_requests.c:* in make_some"), "%s", result.report);
	cr_expect(expect_find(&text, "on purpose*1*see FAIL_AFTER"), "%s", result.report);
	cr_expect(expect_find(&text, "The last request that failed on purpose:") && expect_find(&text, "#0 * in make_some"), "%s", result.report);
	run_destroy(&result);
}

/* --- fail-sweep --------------------------------------------------------------- */

/* then: a report; "" for none */
static void expect_sweep(const char *mistake, int status, const char *pattern, const char *then, const char *summary)
{
	struct run_result result = COMMAND("fail-sweep", "--timeout=3", "--", run_build_path("programs/fail_modes"), mistake);
	const char *text = result.text;

	cr_expect(result.status == status, "%s: status %d: %s%s", mistake, result.status, result.text, result.report);
	cr_expect(expect_find(&text, pattern), "%s: %s", mistake, result.text);
	cr_expect(!*then || expect_find(&text, then), "%s: %s", mistake, result.text);
	cr_expect((!*summary || expect_find(&text, summary)), "%s: %s", mistake, result.text);
	run_destroy(&result);
}

Test(failures, sweep_finds_each_kind_of_mistake, .timeout = 300)
{
	expect_sweep("none", 0, "2 of 2 allocation stacks tried: 2 fine", "", "");
	expect_sweep("crash", 1, "crash (SIGSEGV) if malloc of 5 bytes fails in *copy_without_test", "then: SEGV in *", "2 fine, 1 crash");
	expect_sweep("leak", 1, "leak (exit status 1) if malloc of 50 bytes fails in *forgets_first_on_error",
		"then: leak of 40 bytes allocated in *", "3 fine, 1 leak");
	expect_sweep("hang", 1, "hang (did not end) if malloc of 60 bytes fails in *tries_for_ever", "", "2 fine, 1 hang");
	expect_sweep("abort", 1, "abort (SIGABRT) if malloc of 70 bytes fails in *aborts", "", "2 fine, 1 abort");
	expect_sweep("output", 0, "other output (exit status 0) if malloc of 80 bytes fails in *says_nothing", "", "2 fine, 1 other output");
	expect_sweep("overflow", 1, "error (exit status 0) if malloc of 90 bytes fails in *writes_past", "then: heap-buffer-overflow",
		"2 fine, 1 error");
	expect_sweep("shell", 1, "wrong exit (exit status 139) if malloc of 95 bytes fails in *ends_like", "", "2 fine, 1 wrong exit");
}

Test(failures, sweep_goes_on_in_parallel_and_writes_json, .timeout = 200)
{
	char *folder = run_folder_make();
	char json[4096];

	snprintf(json, sizeof json, "%s/sweep.json", folder);
	struct run_result result = COMMAND("fail-sweep", "--jobs=3", "--timeout", "3", "--allow-abort", "--json", json, "--",
		run_build_path("programs/fail_modes"), "crash", "leak", "hang", "abort");
	char *lines = run_file_read(json);

	cr_expect(result.status == 1 && strstr(result.text, "7 of 7 allocation stacks tried: 4 fine, 1 leak, 1 hang, 1 crash"), "%s%s",
		result.text, result.report);
	cr_assert(lines);
	cr_expect(run_count(lines, "\"type\":\"fail-sweep\"") == 7, "%s", lines);
	cr_expect(run_count(lines, "\"outcome\":\"crash\",\"signal\":11") == 1, "%s", lines);
	cr_expect(run_count(lines, "\"function\":\"copy_without_test\"") == 1, "%s", lines);

	/* The key of a stack is good for a run by itself. */
	const char *crash = strstr(lines, "\"outcome\":\"crash\""), *key = crash ? strstr(crash, "\"key\":\"") : NULL;
	char option[64];

	cr_assert(key);
	snprintf(option, sizeof option, "--fail-stack=%.*s", (int)strcspn(key + 7, "\""), key + 7);
	struct run_result again = COMMAND("run", option, "--fail-count=1", "--", run_build_path("programs/fail_modes"), "crash", "leak");
	cr_expect(again.signal == 11, "%s: status %d, signal %d: %s", option, again.status, again.signal, again.report);
	run_destroy(&again);
	free(lines);
	run_destroy(&result);
	run_folder_remove(folder);
}

Test(failures, sweep_says_what_it_cannot_do, .timeout = 100)
{
	struct run_result result = COMMAND("fail-sweep");

	cr_expect(result.status == 2 && strstr(result.report, "no program"), "%d %s", result.status, result.report);
	run_destroy(&result);
	result = COMMAND("fail-sweep", "--", "/no/such/program");
	cr_expect(result.status == 2 && strstr(result.report, "/no/such/program: No such file"), "%d %s", result.status, result.report);
	run_destroy(&result);
	result = COMMAND("fail-sweep", "--jobs=none", "--", "true");
	cr_expect(result.status == 2 && strstr(result.report, "--jobs=none: a number from 1 to"), "%d %s", result.status, result.report);
	run_destroy(&result);
	result = COMMAND("fail-sweep", "--timeout=1", "--", "sleep", "5");
	cr_expect(result.status == 2 && strstr(result.report, "takes longer than 1 seconds"), "%d %s", result.status, result.report);
	run_destroy(&result);
}
