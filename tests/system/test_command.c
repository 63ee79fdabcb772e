/* SPDX-License-Identifier: MIT
 *
 * The command malloc-debug: it becomes the program it runs, and says where a preload cannot work.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/support/expect.h"

/* Runs malloc-debug itself, without the library. */
#define COMMAND(...) run_program(&(struct run_setup){ .program = "malloc-debug", .arguments = { __VA_ARGS__ }, .plain = true })

static bool says(const char *text, const char *pattern)
{
	return expect_find(&text, pattern);
}

Test(command, run_hands_on_how_the_program_ends, .timeout = 60)
{
	struct run_result result = COMMAND("run", "--", "/bin/sh", "-c", "echo out; echo err >&2; exit 7");
	cr_expect(result.status == 7, "status %d", result.status);
	cr_expect(!strcmp(result.text, "out\n") && !strcmp(result.report, "err\n"), "%s%s", result.text, result.report);
	run_destroy(&result);

	result = COMMAND("run", "sh", "-c", "kill -TERM $$"); /* found in PATH, no -- needed */
	cr_expect(result.signal == 15, "signal %d", result.signal);
	run_destroy(&result);

	result = COMMAND("run", "--", "/no/such/program");
	cr_expect(result.status == 127 && says(result.report, "/no/such/program"), "status %d: %s", result.status, result.report);
	run_destroy(&result);

	result = COMMAND("run", "--", run_source_path("VERSION"));
	cr_expect(result.status == 126, "status %d: %s", result.status, result.report);
	run_destroy(&result);
}

Test(command, run_preloads_the_library, .timeout = 60)
{
	struct run_result result = COMMAND("run", "--", run_build_path("programs/ok_interposed"), "active");
	cr_expect(result.status == 0 && !strcmp(result.text, "ok\n"), "%s%s", result.text, result.report);
	run_destroy(&result);

	result = COMMAND("run", "--", run_build_path("examples/double_free"));
	cr_expect(run_count_reports(result.report) == 1, "%s", result.report);
	run_destroy(&result);
}

Test(command, run_takes_options, .timeout = 60)
{
	struct run_result result = COMMAND("run", "--on-error=abort", "--", run_build_path("examples/double_free"));
	cr_expect(result.signal == 6, "status %d, signal %d", result.status, result.signal);
	run_destroy(&result);

	/* The command line is the last word. */
	struct run_setup setup = { .program = "malloc-debug", .plain = true,
		.arguments = { "run", "--exitcode=5", "--mismatch=no", "--", run_build_path("examples/double_free") },
		.environment = { "MALLOC_DEBUG_EXITCODE=6", "MALLOC_DEBUG_OPTIONS=exitcode=7" } };
	result = run_program(&setup);
	cr_expect(result.status == 5, "status %d", result.status);
	run_destroy(&result);

	result = COMMAND("run", "--redzones=32", "--", "/bin/true");
	cr_expect(result.status == 2 && says(result.report, "redzones*nearest*redzone"), "status %d: %s", result.status, result.report);
	run_destroy(&result);

	result = COMMAND("run", "--redzone=huge", "--", "/bin/true");
	cr_expect(result.status == 2 && says(result.report, "redzone=huge"), "status %d: %s", result.status, result.report);
	run_destroy(&result);

	result = COMMAND("run");
	cr_expect(result.status == 2 && *result.report, "status %d: %s", result.status, result.report);
	run_destroy(&result);
}

Test(command, run_says_when_a_preload_cannot_work, .timeout = 60)
{
	struct run_result result = COMMAND("run", "--", run_build_path("programs/ok_static_api"));
	cr_expect(result.status == 0 && !strcmp(result.text, "ok\n"), "%s", result.text);
	cr_expect(says(result.report, "ok_static_api is statically linked"), "%s", result.report);
	run_destroy(&result);

	result = COMMAND("run", "--", run_build_path("programs/ok_static_pie_api"));
	cr_expect(says(result.report, "ok_static_pie_api is statically linked"), "%s", result.report);
	run_destroy(&result);

	result = COMMAND("run", "--", run_build_path("programs/ok_own_malloc"));
	cr_expect(result.status == 0 && !strcmp(result.text, "ok\n"), "%s", result.text);
	cr_expect(says(result.report, "ok_own_malloc has a malloc of its own"), "%s", result.report);
	run_destroy(&result);

	result = COMMAND("run", "--", run_build_path("programs/ok_early"));
	cr_expect(!*result.report, "of a program without obstacle: %s", result.report);
	run_destroy(&result);
}

/* Needs a file of another user, which only root can make. */
Test(command, run_says_that_a_program_is_setuid, .timeout = 60)
{
	if (geteuid() != 0)
		cr_skip_test("only root can make a setuid file of another user");
	char *folder = run_folder_make();
	char program[4096], copy[8192];

	snprintf(program, sizeof program, "%s/setuid_program", folder);
	snprintf(copy, sizeof copy, "cp '%s' '%s'", run_build_path("programs/api_no_pie"), program);
	cr_assert(system(copy) == 0);
	cr_assert(chown(program, 65534, (gid_t)-1) == 0 && chmod(program, 04755) == 0);
	struct run_result result = COMMAND("run", "--", program);
	cr_expect(result.status == 0 && says(result.text, "active 0"), "%s", result.text);
	cr_expect(says(result.report, "setuid_program is setuid"), "%s", result.report);
	run_destroy(&result);
	run_folder_remove(folder);
}

Test(command, help_and_version_answer, .timeout = 60)
{
	char *version = run_file_read(run_source_path("VERSION"));
	char line[128];

	snprintf(line, sizeof line, "malloc-debug %s", version);
	struct run_result result = COMMAND("--version");
	cr_expect(result.status == 0 && !strcmp(result.text, line), "%s", result.text);
	run_destroy(&result);
	free(version);

	result = COMMAND("--help");
	cr_expect(result.status == 0 && says(result.text, "Usage: malloc-debug") && !*result.report, "%s", result.text);
	run_destroy(&result);

	result = COMMAND("help", "run");
	cr_expect(result.status == 0 && says(result.text, "Usage: malloc-debug run") && says(result.text, "--quarantine"), "%s", result.text);
	run_destroy(&result);

	result = COMMAND("rum");
	cr_expect(result.status == 2 && says(result.report, "rum*nearest*run"), "%s", result.report);
	run_destroy(&result);

	result = COMMAND(NULL);
	cr_expect(result.status == 2 && *result.report, "%s", result.report);
	run_destroy(&result);
}

Test(command, errors_lists_every_error, .timeout = 60)
{
	static const char *const slugs[] = {
#define MD_ERROR(name, slug, title, hint) slug,
#include "src/error.def"
#undef MD_ERROR
	};
	struct run_result result = COMMAND("errors");

	cr_expect(result.status == 0);
	for (size_t i = 0; i < sizeof slugs / sizeof *slugs; i++)
		cr_expect(strstr(result.text, slugs[i]), "%s is missing", slugs[i]);
	run_destroy(&result);
}

Test(command, options_shows_where_values_come_from, .timeout = 60)
{
	struct run_setup setup = { .program = "malloc-debug", .plain = true, .arguments = { "options" },
		.environment = { "MALLOC_DEBUG_REDZONE=48" } };
	struct run_result result = run_program(&setup);
	cr_expect(result.status == 0 && says(result.text, "redzone*48"), "%s", result.text);
	run_destroy(&result);

	setup.environment[0] = "MALLOC_DEBUG_REDZONE=wide";
	result = run_program(&setup);
	cr_expect(result.status == 1 && says(result.report, "MALLOC_DEBUG_REDZONE=wide"), "status %d: %s", result.status, result.report);
	run_destroy(&result);
}
