/* SPDX-License-Identifier: MIT
 *
 * One run of a program with errors gives text, JSON, SARIF and a page that say the same, field by field, and so does what is made of the
 * reports of several runs (support/check_formats.py).
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/system/support/expect.h"

#define PYTHON "/usr/bin/python3" /* the one that Debian's python3-jsonschema is for */
#define REPORT_SCHEMA "report/report.schema.json"
#define SARIF_SCHEMA "tests/schemas/sarif-2.1.0.json"

static char *folder;

static void make_folder(void)
{
	folder = run_folder_make();
}

static void remove_folder(void)
{
	run_folder_remove(folder);
}

TestSuite(agree, .init = make_folder, .fini = remove_folder, .timeout = 120);

/* Runs a shell script in which $1 is the command, $2 the test's folder, $3 the build folder. */
static void run_script(const char *script)
{
	struct run_setup setup = { .program = "/bin/sh", .plain = true, .seconds_max = 100,
		.arguments = { "-c", script, "sh", run_build_path("malloc-debug"), folder, run_build_path("") } };
	struct run_result result = run_program(&setup);

	cr_assert(result.status == 0, "status %d: %s%s", result.status, result.text, result.report);
	run_destroy(&result);
}

static void expect_agreement(const char *said, const char *first, const char *second, const char *third)
{
	struct run_setup setup = { .program = PYTHON, .plain = true,
		.arguments = { run_source_path("tests/system/support/check_formats.py"), first, second, third } };
	struct run_result result = run_program(&setup);

	cr_expect(result.status == 0 && strstr(result.text, said), "status %d: %s%s", result.status, result.text, result.report);
	run_destroy(&result);
}

/* Errors that are seen in the act and late, in two threads, and leaks. */
Test(agree, one_run_in_all_formats)
{
	run_script("\"$1\" run --asan_file=\"$2\"/asan-bare --symbolize=no -- \"$3\"/programs/formats > \"$2\"/out 2>&1;"
		   "\"$1\" run --json \"$2\"/json --sarif \"$2\"/sarif --html \"$2\"/html --asan_file=\"$2\"/asan -- \"$3\"/programs/formats"
		   " > \"$2\"/out 2> \"$2\"/text; test -s \"$2\"/html");
	expect_agreement("compared 4 errors and 1 groups of leaks", folder, run_source_path(REPORT_SCHEMA), run_source_path(SARIF_SCHEMA));
}

/* Three errors and a leak, each met in three processes, and one of them twice in one. */
Test(agree, many_runs_in_all_formats)
{
	run_script("for i in 1 2 3; do for e in double_free heap_buffer_overflow alloc_dealloc_mismatch leak; do"
		   " \"$1\" run --json \"$2\"/$e.$i.json -- \"$3\"/examples/$e > \"$2\"/out 2>&1; done; done;"
		   "for f in text json sarif html; do \"$1\" report --format $f -o \"$2\"/$f \"$2\"/*.json || exit 1; done");
	expect_agreement("compared 4 bugs", "--merged", folder, NULL);
}
