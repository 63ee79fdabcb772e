/* SPDX-License-Identifier: MIT
 *
 * Snapshots and growth from outside: a server under load is asked by signals. What the calls answer inside a program is checked by the
 * programs tests/programs/snap_*.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/support/expect.h"

/* Starts the server, sends it signals, and ends it. */
#define ASK \
	"exec 3>&1; " \
	"\"$0\" wait > \"$1\" & server=$!; " \
	"while ! grep -q process \"$1\"; do sleep 0.1; done; " \
	"for i in 1 2 3 4 5; do kill -USR2 $server; sleep 0.5; done; " \
	"kill -TERM $server; wait $server; echo status $?"

/* A number between two texts, from *at on; *at is moved behind it. */
static unsigned long take_number(const char **at, const char *before)
{
	*at = strstr(*at, before);
	cr_assert(*at, "\"%s\" is missing", before);
	*at += strlen(before);
	return strtoul(*at, NULL, 10);
}

Test(snapshot, a_server_is_asked_from_outside, .timeout = 120)
{
	char *folder = run_folder_make(), output[512];

	snprintf(output, sizeof output, "%s/output", folder);
	struct run_setup setup = { .program = "/bin/sh", .arguments = { "-c", ASK, run_build_path("programs/snap_server"), output },
		.options = "signal_snapshot=12:program=snap_server", .seconds_max = 100 };
	struct run_result result = run_program(&setup);
	const char *at = result.report;
	char *text = run_file_read(output);

	cr_expect(strstr(result.text, "status 0\n"), "%s%s", result.text, result.report);
	cr_expect(text && strstr(text, "ended\n"), "the server says: %s", text);
	for (unsigned long last = 2; last <= 5; last++) {
		unsigned long first = take_number(&at, "\nCompared: snapshots ");

		cr_expect(take_number(&at, " to ") == last, "report %lu:\n%s", last, result.report);
		cr_expect(first == (last <= 4 ? 1 : last - 3), "report %lu begins with snapshot %lu", last, first);
		/* What grows most is what is remembered: its bytes are those of its blocks, and no less than 100 ms brought. */
		unsigned long rise = take_number(&at, "\nGrowth of ");

		cr_expect(rise % 1000 == 0 && rise >= 10000, "report %lu: a rise of %lu bytes", last, rise);
		const char *line = at;

		cr_expect(expect_find(&line, "in remember *snap_server.c:"), "report %lu: another stack:\n%s", last, at);
	}
	cr_expect(!strstr(at, "\nCompared: "), "more reports than signals:\n%s", at);
	cr_expect(run_count_reports(result.report) == 0, "%s", result.report);
	free(text);
	run_destroy(&result);
	run_folder_remove(folder);
}

/* Only the largest are shown; the others are counted. */
Test(snapshot, the_largest_are_shown, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/snap_growth", "leak_max_shown=1:symbolize=no");

	cr_expect(strstr(result.text, "2 stacks have more bytes in use"), "%s", result.text);
	cr_expect(strstr(result.text, "Shown: 1, the largest;"), "%s", result.text);
	cr_expect(strstr(result.text, "Growth of 30000 bytes"), "%s", result.text);
	cr_expect(!strstr(result.text, "Growth of 33 bytes"), "%s", result.text);
	cr_expect(strstr(result.text, "SUMMARY: malloc-debug: 30033 byte(s) of growth in 2 stacks"), "%s", result.text);
	run_destroy(&result);
}

/* Without stacks everything is one row, and without the library there is an answer, too. */
Test(snapshot, answers_come_in_any_case, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/snap_growth", "backtrace=0");

	cr_expect(result.status == 0 && strstr(result.text, "(no stack was taken)"), "%s", result.text);
	run_destroy(&result);
	result = run_plain("programs/snap_growth");
	cr_expect(result.status == 0, "status %d", result.status);
	cr_expect(!strcmp(result.text, "none: -38\nsnapshots -38 -38 -38 -38\ngrowing: -38\ngrowing lately: -38\nbad: -38 -38 -38 -38\n"), "%s",
		result.text);
	run_destroy(&result);
	result = run_preloaded("programs/snap_growth", "preset=off");
	cr_expect(result.status == 0 && !strncmp(result.text, "none: -38\n", 10), "%s", result.text);
	run_destroy(&result);
}

/* Snapshots are no roots: numbers in them may look like addresses. What a search at exit finds is the same with and without them. */
Test(snapshot, a_later_search_is_as_before, .timeout = 60)
{
	struct run_result result = run_preloaded("programs/snap_since", "leaks=1:symbolize=no");

	cr_expect(strstr(result.report, "SUMMARY: malloc-debug: 188 byte(s) leaked in 9 allocation(s)."), "%s", result.report);
	run_destroy(&result);
}
