/* SPDX-License-Identifier: MIT
 *
 * malloc-debug run with files, pages and gdb; completion; what doctor and options say.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/support/expect.h"

static char *folder;

static void make_folder(void)
{
	folder = run_folder_make();
}

static void remove_folder(void)
{
	run_folder_remove(folder);
}

TestSuite(run, .init = make_folder, .fini = remove_folder, .timeout = 120);

#define COMMAND(...) run_program(&(struct run_setup){ .program = "malloc-debug", .arguments = { __VA_ARGS__ }, .plain = true })

/* Runs a shell script in which $1 is the command, $2 the test's folder, $3 the build folder. */
static struct run_result run_script(const char *script)
{
	struct run_setup setup = { .program = "/bin/sh", .plain = true, .seconds_max = 100,
		.arguments = { "-c", script, "sh", run_build_path("malloc-debug"), folder, run_build_path("") } };

	return run_program(&setup);
}

static const char *in_folder(const char *name)
{
	static char paths[8][512];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static size_t count_in_file(const char *name, const char *needle)
{
	char *text = run_file_read(in_folder(name));
	size_t count = text ? run_count(text, needle) : 0;

	cr_expect(text, "%s is not there", name);
	free(text);
	return count;
}

Test(run, files_are_written_anew)
{
	for (int i = 0; i < 2; i++) {
		struct run_result result = COMMAND("run", "--no-leaks", "--json", in_folder("json"), "--sarif", in_folder("sarif"), "--",
			run_build_path("examples/double_free"));
		cr_expect(run_count_reports(result.report) == 1, "%s", result.report);
		run_destroy(&result);
		cr_expect(count_in_file("json", "\"type\":\"error\"") == 1);
		cr_expect(count_in_file("sarif", "\"ruleId\":\"double-free\"") == 1);
	}
	/* relative to where the command was called, wherever the program goes */
	struct run_result result = run_script("cd \"$2\" && \"$1\" run --no-leaks --json=here -- sh -c 'cd / && exec \"$0\"' \"$3\"/examples/double_free");
	run_destroy(&result);
	cr_expect(count_in_file("here", "\"type\":\"error\"") == 1);
	result = COMMAND("run", "--json", "/no/such/folder/x", "--", "true");
	cr_expect(result.status == 2 && strstr(result.report, "/no/such/folder/x: No such file"), "status %d: %s", result.status, result.report);
	run_destroy(&result);
}

Test(run, page_is_made_when_the_program_has_ended)
{
	struct run_result result = COMMAND("run", "--html", in_folder("page"), "--exitcode", "7", "--", run_build_path("examples/double_free"));
	cr_expect(result.status == 7, "status %d: %s", result.status, result.report);
	run_destroy(&result);
	cr_expect(count_in_file("page", "double-free") > 0 && count_in_file("page", "</html>") == 1);

	result = COMMAND("run", "--html", in_folder("page"), "--", "sh", "-c", "kill -TERM $$");
	cr_expect(result.status == 128 + 15 && result.signal == 0, "status %d, signal %d", result.status, result.signal);
	run_destroy(&result);
	result = COMMAND("run", "--html", in_folder("page"), "--", "sh", "-c", "echo out; echo err >&2; exit 3");
	cr_expect(result.status == 3 && !strcmp(result.text, "out\n") && !strcmp(result.report, "err\n"), "%s%s", result.text, result.report);
	run_destroy(&result);
	result = COMMAND("run", "--html", in_folder("page"), "--", "/no/such/program");
	cr_expect(result.status == 127, "status %d", result.status);
	run_destroy(&result);
	result = COMMAND("run", "--html", "/no/such/folder/x", "--", "true");
	cr_expect(result.status == 2 && strstr(result.report, "/no/such/folder/x: No such file"), "status %d: %s", result.status, result.report);
	run_destroy(&result);
	result = COMMAND("run", "--html", in_folder("page"), "--json", in_folder("%p.json"), "--", "true");
	cr_expect(result.status == 2 && strstr(result.report, "one for each process"), "status %d: %s", result.status, result.report);
	run_destroy(&result);
	/* no file of ours is left */
	result = run_script("TMPDIR=\"$2\" \"$1\" run --html=\"$2\"/page -- true; ls \"$2\"");
	cr_expect(!strcmp(result.text, "page\n"), "%s", result.text);
	run_destroy(&result);
}

/* A signal to the command reaches the program. */
Test(run, signals_are_handed_on)
{
	struct run_result result = run_script(
		"\"$1\" run --html \"$2\"/page -- sh -c 'trap \"exit 5\" TERM; echo ready > \"$0\"/ready; while :; do sleep 0.1; done' \"$2\" & pid=$!;"
		"n=0; until [ -s \"$2\"/ready ]; do n=$((n+1)); [ $n -lt 300 ] || exit 9; sleep 0.1; done; kill -TERM $pid; wait $pid");
	cr_expect(result.status == 5, "status %d", result.status);
	run_destroy(&result);
}

Test(run, switches_and_values_may_stand_apart)
{
	struct run_result result = COMMAND("run", "--log", in_folder("log"), "--no-leaks", "--preset", "ci", "--", run_build_path("examples/leak"));
	cr_expect(result.status == 0 && !*result.report, "status %d: %s", result.status, result.report);
	run_destroy(&result);
	result = COMMAND("run", "--leaks", "--preset", "ci", "--", run_build_path("examples/leak"));
	cr_expect(result.status == 23, "status %d", result.status);
	run_destroy(&result);
	/* whether what the program starts has the library in it; the first word is the program's own answer */
	static const char count[] = "m=0; while read -r l; do case $l in *libmalloc_debug.so*) m=yes;; esac; done < /proc/self/maps; echo $m;"
				    "cat /proc/self/maps | grep -c libmalloc_debug.so";
	result = COMMAND("run", "--no-follow", "--", "sh", "-c", count);
	cr_expect_str_eq(result.text, "yes\n0\n");
	run_destroy(&result);
	result = COMMAND("run", "--follow", "--", "sh", "-c", count);
	cr_expect(!strncmp(result.text, "yes\n", 4) && atoi(result.text + 4) > 0, "%s", result.text);
	run_destroy(&result);
	result = COMMAND("run", "--gbd", "--", "true");
	cr_expect(result.status == 2 && strstr(result.report, "the nearest is --gdb"), "status %d: %s", result.status, result.report);
	run_destroy(&result);
	result = COMMAND("run", "--json");
	cr_expect(result.status == 2 && strstr(result.report, "--json: the FILE is missing"), "status %d: %s", result.status, result.report);
	run_destroy(&result);
	result = COMMAND("run", "--gdb=yes", "--", "true");
	cr_expect(result.status == 2 && strstr(result.report, "--gdb takes no value"), "status %d: %s", result.status, result.report);
	run_destroy(&result);
	result = COMMAND("run", "--no-redzone", "--", "true");
	cr_expect(result.status == 2, "status %d: %s", result.status, result.report);
	run_destroy(&result);
}

Test(run, gdb_stops_at_the_error)
{
	if (access("/usr/bin/gdb", X_OK))
		cr_skip_test("there is no gdb");
	struct run_result result = run_script("echo bt | \"$1\" run --gdb --no-leaks -- \"$3\"/examples/double_free one 'two words' 2>&1");
	cr_expect(strstr(result.text, "malloc_debug_break ("), "%s", result.text);
	cr_expect(strstr(result.text, "in main (") || strstr(result.text, "in free ("), "%s", result.text);
	cr_expect(run_count(result.text, "==ERROR: malloc-debug: double-free") == 1, "%s", result.text);
	run_destroy(&result);
	/* a bad access is reported, too, and not left to gdb */
	result = run_script("echo bt | \"$1\" run --gdb --no-leaks -- \"$3\"/examples/heap_use_after_free 2>&1");
	cr_expect(strstr(result.text, "malloc_debug_break (") && strstr(result.text, "heap_use_after_free.c:33"), "%s", result.text);
	run_destroy(&result);
}

/* Each word of the command's own help is known to both shells, and nothing else is to be kept up to date by hand. */
Test(run, completion_knows_all_commands_and_options)
{
	struct run_result bash = COMMAND("completion", "bash"), zsh = COMMAND("completion", "zsh"), help = COMMAND("help");
	char commands[32][32];
	size_t count = 0;

	cr_assert(bash.status == 0 && zsh.status == 0);
	for (const char *at = help.text; (at = strstr(at, "\n  ")) && count < 32; at++)
		if (at[3] >= 'a' && at[3] <= 'z')
			snprintf(commands[count++], sizeof commands[0], "%.*s", (int)strcspn(at + 3, " "), at + 3);
	cr_assert(count >= 10);
	for (size_t i = 0; i < count; i++) {
		struct run_result one = COMMAND("help", commands[i]);
		char word[80];

		snprintf(word, sizeof word, "\t%s)", commands[i]);
		cr_expect(strstr(bash.text, word) && strstr(zsh.text, word), "%s", commands[i]);
		for (const char *at = one.text; (at = strstr(at, "--")); at += 2) {
			bool is_row = at >= one.text + 2 && at[-1] == ' ' && at[-2] == ' ' && at[2] >= 'a' && at[2] <= 'z';
			int length = (int)strspn(at + 2, "abcdefghijklmnopqrstuvwxyz_-");

			if (!is_row)
				continue;
			snprintf(word, sizeof word, "--%.*s", length, at + 2);
			cr_expect(strstr(bash.text, word), "bash does not know %s", word);
			cr_expect(strstr(zsh.text, word), "zsh does not know %s", word);
		}
		run_destroy(&one);
	}
	run_destroy(&bash);
	run_destroy(&zsh);
	run_destroy(&help);
}

/* The manual tells of each command and each option that a command has of its own. */
Test(run, manual_knows_all_commands_and_options)
{
	char *manual = run_file_read(run_source_path("man/malloc-debug.1.adoc"));
	struct run_result help = COMMAND("help");
	size_t count = 0;

	cr_assert(manual);
	for (const char *at = help.text; (at = strstr(at, "\n  ")); at++) {
		char name[32], word[80];

		if (at[3] < 'a' || at[3] > 'z')
			continue;
		snprintf(name, sizeof name, "%.*s", (int)strcspn(at + 3, " "), at + 3);
		snprintf(word, sizeof word, "\n*%s*::\n", name);
		const char *section = strstr(manual, word);
		cr_expect(section, "%s", name);
		struct run_result one = COMMAND("help", name);
		char *end = strstr(one.text, "\nOptions, each also a variable"); /* the library's: docs-check looks after them */

		if (end)
			*end = '\0';
		for (const char *option = one.text; section && (option = strstr(option, " --")); option++) {
			if (option[-1] != ' ' && option[-1] != ',') /* in the usage line */
				continue;
			snprintf(word, sizeof word, "*%.*s*", (int)strcspn(option + 1, " \n"), option + 1);
			cr_expect(strstr(section, word), "%s %s", name, word);
			count++;
		}
		run_destroy(&one);
	}
	cr_expect(count >= 15, "%zu options", count);
	run_destroy(&help);
	free(manual);
}

Test(run, completion_works_in_bash)
{
	struct run_result result = run_script(
		"\"$1\" completion bash > \"$2\"/c && exec bash --norc -c '. \"$0\" || exit 4;"
		"try() { COMP_WORDS=(\"$@\"); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); COMPREPLY=(); _malloc_debug || exit 5; echo \"${COMPREPLY[*]}\"; };"
		"try malloc-debug rep; try malloc-debug report --for; try malloc-debug report --format = sa; try malloc-debug run --on_e;"
		"try malloc-debug run --on_error = pa; try malloc-debug run --preset fu; try malloc-debug help doc; try malloc-debug completion z;"
		"complete -p malloc-debug' \"$2\"/c");
	cr_expect(result.status == 0, "status %d: %s", result.status, result.report);
	cr_expect_str_eq(result.text, "report\n--format=\nsarif\n--on_error=\npause\nfull\ndoctor\nzsh\ncomplete -F _malloc_debug malloc-debug\n");
	cr_expect(!*result.report, "%s", result.report);
	run_destroy(&result);
}

Test(run, completion_loads_in_zsh)
{
	if (access("/usr/bin/zsh", X_OK))
		cr_skip_test("there is no zsh");
	struct run_result result = run_script("mkdir \"$2\"/z && \"$1\" completion zsh > \"$2\"/z/_malloc-debug && zsh -n \"$2\"/z/_malloc-debug &&"
					      "exec zsh -f -c 'fpath=($1/z $fpath); autoload -Uz compinit && compinit -u -d $1/dump &&"
					      "echo ${_comps[malloc-debug]} && autoload +X _malloc-debug && echo loaded' zsh \"$2\"");
	cr_expect(result.status == 0, "status %d: %s", result.status, result.report);
	cr_expect_str_eq(result.text, "_malloc-debug\nloaded\n");
	run_destroy(&result);
}

Test(run, doctor_names_all_that_matters)
{
	static const char *const subjects[] = { "kernel", "library", "stacks", "names", "debug files", "debuginfod", "guard pages", "mappings",
		"watchpoints", "safe reading", "memory limit", "files", "cores", "gdb", "seccomp", "debugger" };
	struct run_result result = run_script("ulimit -c 0; ulimit -n 100; exec \"$1\" doctor");

	cr_expect(result.status == 0, "status %d: %s", result.status, result.text);
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
		char row[64]; /* behind the verdict, which has 8 columns */

		snprintf(row, sizeof row, "  %s  ", subjects[i]);
		cr_expect(strstr(result.text, row), "%s is missing", subjects[i]);
	}
	/* a remedy stands where something does not work */
	cr_expect(strstr(result.text, "ulimit -c unlimited") && strstr(result.text, "ulimit -n 1024"), "%s", result.text);
	run_destroy(&result);
}
