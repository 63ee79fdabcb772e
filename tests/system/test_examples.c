/* SPDX-License-Identifier: MIT
 *
 * Every example prints the report that its source says it prints, and every error has an example.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/support/expect.h"

ParameterizedTestParameters(examples, print_what_their_source_says)
{
	static const char *names[EXPECT_NAMES_MAX];
	static size_t rows[EXPECT_NAMES_MAX];
	size_t count = expect_sources("examples", "", names);

	for (size_t i = 0; i < count; i++)
		rows[i] = i;
	return cr_make_param_array(size_t, rows, count);
}

/* Rows are numbers, because pointers would mean nothing in the process that runs the test. */
ParameterizedTest(size_t *row, examples, print_what_their_source_says, .timeout = 60)
{
	const char *names[EXPECT_NAMES_MAX];

	expect_sources("examples", "", names);
	struct expectation *expectation = expect_read(names[*row]);
	struct run_result result = expect_run(expectation, expect_program("examples", names[*row]), NULL);
	const char *difference = expect_difference(expectation, &result);

	cr_expect(!difference, "%s: %s\nreport:\n%s\noutput:\n%s", names[*row], difference, result.report, result.text);
	run_destroy(&result);
	expect_destroy(expectation);
}

/* The command that runs an example stands in its head; it must name this example. */
Test(examples, say_how_to_run_them, .timeout = 30)
{
	const char *names[EXPECT_NAMES_MAX];
	size_t count = expect_sources("examples", "", names);

	cr_assert(count > 0);
	for (size_t i = 0; i < count; i++) {
		char *source = run_file_read(run_source_path(names[i]));
		char command[512];

		snprintf(command, sizeof command, "-- build/%s\n", expect_program("examples", names[i]));
		cr_expect(strstr(source, command), "%s lacks: malloc-debug run %s", names[i], command);
		free(source);
	}
}

Test(examples, exist_for_every_error, .timeout = 30)
{
	static const char *const slugs[] = {
#define MD_ERROR(name, slug, title, hint) slug,
#include "src/error.def"
#undef MD_ERROR
	};

	for (size_t i = 0; i < sizeof slugs / sizeof *slugs; i++) {
		char file[256], path[512];

		snprintf(file, sizeof file, "%s", slugs[i]);
		for (char *c = file; *c; c++)
			if (*c == '-')
				*c = '_';
		snprintf(path, sizeof path, "examples/%s.c", file);
		bool is_c = access(run_source_path(path), R_OK) == 0;
		strcat(path, "c");
		cr_expect(is_c || access(run_source_path(path), R_OK) == 0, "examples/%s.c is missing", file);
	}
}
