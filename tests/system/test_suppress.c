/* SPDX-License-Identifier: MIT
 *
 * Suppressions from outside: LeakSanitizer's and Valgrind's files as a user has them, bounds on what an entry hides, ready entries, stale ones.
 * examples/leak leaks two requests of 32 bytes, which hold two names.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/support/run.h"

#define LEAK_EXIT 23
#define UNUSED "malloc-debug: unused suppression: "

/* Runs it with a file of suppressions that has this text. */
static struct run_result run_with(const char *program, const char *text, const char *more)
{
	char *folder = run_folder_make(), path[512], options[1024];

	snprintf(path, sizeof path, "%s/suppressions", folder);
	FILE *file = fopen(path, "w");

	cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
	snprintf(options, sizeof options, "suppressions=%s:leak_exitcode=%d%s", path, LEAK_EXIT, more);
	struct run_result result = run_preloaded(program, options);

	run_folder_remove(folder);
	return result;
}

/* Whether the leak was hidden: no report, and the program's own status. */
static void expect_hidden(const char *text, bool hidden)
{
	struct run_result result = run_with("examples/leak", text, "");

	cr_expect(result.status == (hidden ? 0 : LEAK_EXIT), "%s: status %d\n%s", text, result.status, result.report);
	cr_expect(run_count_reports(result.report) == !hidden, "%s:\n%s", text, result.report);
	run_destroy(&result);
}

Test(suppress, files_of_leaksanitizer, .timeout = 60)
{
	expect_hidden("# a comment\nleak:request_create\n", true);
	expect_hidden("leak:handle\n", true); /* any frame */
	expect_hidden("leak:examples/leak.c\n", true); /* a source file */
	expect_hidden("leak:*/leak$\n", true); /* the module */
	expect_hidden("leak:request_destroy\n", false);
	expect_hidden("leak:^create\n", false);
	expect_hidden("double-free:request_create\n", false); /* another kind */
}

Test(suppress, files_of_valgrind, .timeout = 60)
{
	expect_hidden("{\n   a request\n   Memcheck:Leak\n   fun:malloc\n   fun:request_create\n   ...\n   fun:main\n}\n", true);
	expect_hidden("{\n   a request\n   Memcheck:Leak\n   match-leak-kinds: definite\n   fun:malloc\n   fun:request_create\n}\n", true);
	expect_hidden("{\n   a request\n   Memcheck:Leak\n   match-leak-kinds: reachable\n   fun:malloc\n   fun:request_create\n}\n", false);
	expect_hidden("{\n   two frames apart\n   Memcheck:Leak\n   fun:malloc\n   fun:main\n}\n", false);
	expect_hidden("{\n   two frames apart\n   Memcheck:Leak\n   fun:malloc\n   ...\n   fun:main\n}\n", true);
}

/* Ours: an entry hides no more blocks than it says. */
Test(suppress, entries_with_a_bound, .timeout = 60)
{
	expect_hidden("leak:request_create max=4\n", true);
	expect_hidden("leak:request_create max=1\n", false);
}

/* Errors, too: the same double free with and without. */
Test(suppress, errors_other_than_leaks, .timeout = 60)
{
	struct run_result shown = run_with("examples/double_free", "double-free:no_such_function\n", ":leaks=no");
	struct run_result hidden = run_with("examples/double_free", "double-free:main\n", ":leaks=no");

	cr_expect(run_count_reports(shown.report) == 1, "%s", shown.report);
	cr_expect(run_count_reports(hidden.report) == 0, "%s", hidden.report);
	run_destroy(&shown);
	run_destroy(&hidden);
}

/* What gen_suppressions prints hides what it was printed for. */
Test(suppress, ready_entries, .timeout = 60)
{
	struct run_result first = run_preloaded("examples/leak", "gen_suppressions=yes");
	const char *line = strstr(first.report, "\nleak:"), *entry = strstr(first.report, "\n{\n");

	cr_assert(line && entry, "%s", first.report);
	char *own = strndup(line + 1, strcspn(line + 1, "\n") + 1), *valgrind = strndup(entry + 1, (size_t)(strstr(entry, "\n}\n") + 3 - (entry + 1)));

	expect_hidden(own, true);
	expect_hidden(valgrind, true);
	free(own);
	free(valgrind);
	run_destroy(&first);
}

/* An entry that nothing needed is told where others of its file were needed: a file that many programs share is not about each of them. */
Test(suppress, stale_entries, .timeout = 60)
{
	struct run_result some = run_with("examples/leak", "leak:request_create\nleak:stale\n", "");
	struct run_result none = run_with("examples/leak", "leak:stale\n", "");
	struct run_result asked = run_with("examples/leak", "leak:stale\n", ":verbose=yes");

	cr_expect(run_count(some.report, UNUSED) == 1 && strstr(some.report, ":2: leak:stale\n"), "%s", some.report);
	cr_expect(run_count(none.report, UNUSED) == 0, "%s", none.report);
	cr_expect(run_count(asked.report, UNUSED) == 1, "%s", asked.report);
	run_destroy(&some);
	run_destroy(&none);
	run_destroy(&asked);
}

/* A line that is none is named with its place, the rest of the file counts, and the program runs. */
Test(suppress, lines_that_are_none, .timeout = 60)
{
	struct run_result result = run_with("examples/leak", "leek:request_create\nleak:request_create\n", "");
	struct run_result missing = run_preloaded("examples/leak", "suppressions=/nowhere/at all:leaks=yes");

	cr_expect(result.status == 0 && strstr(result.report, "suppressions:1: "), "%s", result.report);
	cr_expect(strstr(missing.report, "/nowhere/at all") && missing.status == 0, "%s", missing.report);
	run_destroy(&result);
	run_destroy(&missing);
}
