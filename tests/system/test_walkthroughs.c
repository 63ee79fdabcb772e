/* SPDX-License-Identifier: MIT
 *
 * The walkthroughs of README.adoc: all commands between "// walkthrough NAME begin" and "end" that stand in blocks of shell source are run as
 * printed, one after the other by one shell, and what "// expect: TEXT" lines say stands in their output, in this order (a * is any text
 * in a line).
 *
 * The shell is in an empty folder in which "build" is the build folder, and believes to be in the source folder. "make" only looks whether
 * what it should build is there: the tests were built by one, which must not run twice.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/support/expect.h"

#define EXPECTED_MAX 32
#define SCRIPT_BYTES 16384

static const char *const names[] = { "crash", "ci", "server", "killed" };

struct walkthrough {
	char script[SCRIPT_BYTES];
	char *expected[EXPECTED_MAX]; /* into text */
	size_t count;
	char *text; /* the document, cut into lines */
};

static const char prelude[] = "exec 2>&1 < /dev/null\n"
			      "cd \"$1\" && ln -s \"$2\" build && PWD=${3%/} || exit 9\n"
			      "make() { for target; do case $target in -*) ;; *) [ -x \"$target\" ] || echo \"make cannot make $target\";; esac; done; }\n";

/* False if the document has no walkthrough of that name. */
static bool read_walkthrough(struct walkthrough *walkthrough, const char *name)
{
	char begin[64], end[64], *line, *save;
	bool inside = false, found = false, source = false, shell = false;
	size_t used = (size_t)snprintf(walkthrough->script, SCRIPT_BYTES, "%s", prelude);

	snprintf(begin, sizeof begin, "// walkthrough %s begin", name);
	snprintf(end, sizeof end, "// walkthrough %s end", name);
	walkthrough->text = run_file_read(run_source_path("README.adoc"));
	cr_assert(walkthrough->text);
	for (line = strtok_r(walkthrough->text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strcmp(line, begin)) {
			inside = found = true;
		} else if (!strcmp(line, end)) {
			inside = false;
		} else if (!inside) {
			continue;
		} else if (!strcmp(line, "----")) {
			source = !source;
			shell &= source;
		} else if (source && shell) {
			used += (size_t)snprintf(walkthrough->script + used, SCRIPT_BYTES - used, "%s\n", line);
			cr_assert(used < SCRIPT_BYTES);
		} else if (!source && !strncmp(line, "[source,", 8)) {
			shell = !strcmp(line, "[source,sh]");
		} else if (!source && !strncmp(line, "// expect: ", 11)) {
			cr_assert(walkthrough->count < EXPECTED_MAX);
			walkthrough->expected[walkthrough->count++] = line + 11;
		}
	}
	cr_expect(!inside && !source, "the walkthrough %s has no end", name);
	return found;
}

ParameterizedTestParameters(walkthroughs, work_as_printed)
{
	size_t count = sizeof names / sizeof *names;
	size_t *rows = cr_malloc(count * sizeof *rows);

	for (size_t i = 0; i < count; i++)
		rows[i] = i;
	return cr_make_param_array(size_t, rows, count, NULL);
}

ParameterizedTest(size_t *row, walkthroughs, work_as_printed, .timeout = 120)
{
	struct walkthrough walkthrough = { .count = 0 };
	const char *at;
	char *folder;

	cr_assert(read_walkthrough(&walkthrough, names[*row]), "README.adoc has no walkthrough %s", names[*row]);
	cr_expect(walkthrough.count > 0, "%s expects nothing", names[*row]);
	folder = run_folder_make();

	struct run_setup setup = { .program = "/bin/bash", .plain = true, .seconds_max = 100,
		.arguments = { "-c", walkthrough.script, "bash", folder, run_build_path(""), run_source_path("") } };
	struct run_result result = run_program(&setup);

	at = result.text;
	for (size_t i = 0; i < walkthrough.count; i++)
		cr_expect(expect_find(&at, walkthrough.expected[i]), "%s: %s is not in what follows:\n%s", names[*row], walkthrough.expected[i], at);
	cr_expect(!strstr(result.text, "command not found") && !strstr(result.text, "make cannot make"), "%s", result.text);
	run_destroy(&result);
	run_folder_remove(folder);
	free(walkthrough.text);
}
