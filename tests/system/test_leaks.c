/* SPDX-License-Identifier: MIT
 *
 * Leaks: each program tests/programs/leak_* says in its source what must be found (see leak.h there), and exactly that is found; run alone, under gdb, and
 * under strace, none of which may disturb the search or be disturbed by it.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/support/expect.h"

#define CASES_MAX 256
#define COMMON "leaks=yes:leak_kinds=direct,possible,reachable:leak_max_shown=0:symbolize=no:signal_leaks=12"

enum { DIRECT, INDIRECT, POSSIBLE, REACHABLE, KINDS };

static const char *const kind_names[KINDS] = { "direct", "indirect", "possible", "reachable" };
static const char *const kind_lines[KINDS] = { "\n  directly leaked ", "\n  indirectly leaked ", "\n  possibly leaked ", "\n  still reachable " };

/* One "// leaks:" line. */
struct leak_case {
	char source[128], line[256];
	char arguments[64], options[128];
	unsigned long blocks[KINDS], bytes[KINDS];
	bool any[KINDS]; /* "*" */
	bool ring, note;
	int reports, reports_max, status;
};

/* --- What is expected -------------------------------------------------------- */

static void copy_field(char *to, size_t size, const char *from, size_t length)
{
	while (length && *from == ' ')
		from++, length--;
	while (length && from[length - 1] == ' ')
		length--;
	cr_assert(length < size, "too long: %.*s", (int)length, from);
	memcpy(to, from, length);
	to[length] = '\0';
}

static void take_word(struct leak_case *c, const char *word)
{
	const char *value = strchr(word, '=');

	if (!strcmp(word, "ring") || !strcmp(word, "note")) {
		*(*word == 'r' ? &c->ring : &c->note) = true;
		return;
	}
	cr_assert(value, "%s: %s: what is \"%s\"?", c->source, c->line, word);
	for (int i = 0; i < KINDS; i++) {
		if (strlen(kind_names[i]) != (size_t)(value - word) || strncmp(word, kind_names[i], (size_t)(value - word)))
			continue;
		c->any[i] = value[1] == '*';
		sscanf(value + 1, "%lu:%lu", &c->blocks[i], &c->bytes[i]);
		return;
	}
	if (!strncmp(word, "reports=", 8))
		c->reports_max = sscanf(value + 1, "%d-%d", &c->reports, &c->reports_max) == 2 ? c->reports_max : c->reports;
	else if (!strncmp(word, "status=", 7))
		c->status = atoi(value + 1);
	else
		cr_assert(false, "%s: %s: what is \"%s\"?", c->source, c->line, word);
}

static void parse_case(struct leak_case *c, const char *source, const char *line)
{
	char words[256];
	const char *first = strchr(line, '|'), *second = first ? strchr(first + 1, '|') : NULL;
	char *save;

	memset(c, 0, sizeof *c);
	copy_field(c->source, sizeof c->source, source, strlen(source));
	copy_field(c->line, sizeof c->line, line, strlen(line));
	cr_assert(second, "%s: three fields are needed: %s", source, line);
	copy_field(c->arguments, sizeof c->arguments, line, (size_t)(first - line));
	copy_field(c->options, sizeof c->options, first + 1, (size_t)(second - first - 1));
	c->reports = c->reports_max = 1;
	copy_field(words, sizeof words, second + 1, strlen(second + 1));
	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		take_word(c, word);
}

static size_t read_cases(struct leak_case *cases)
{
	const char *names[EXPECT_NAMES_MAX];
	size_t sources = expect_sources("tests/programs", "leak_", names), count = 0;

	for (size_t i = 0; i < sources; i++) {
		char *text = run_file_read(run_source_path(names[i])), *save;

		for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			if (strncmp(line, "// leaks: ", 10))
				continue;
			cr_assert(count < CASES_MAX);
			parse_case(&cases[count++], names[i], line + 10);
		}
		free(text);
	}
	cr_assert(count > 50, "only %zu cases", count);
	return count;
}

/* --- What is found ----------------------------------------------------------- */

/* Compares the totals of one report, which ends at its SUMMARY line. */
static void check_report(const struct leak_case *c, const char *how, const char *report, size_t length)
{
	char *text = strndup(report, length);

	for (int i = 0; i < KINDS; i++) {
		const char *line = strstr(text, kind_lines[i]);
		unsigned long blocks = 0, bytes = 0;

		if (line)
			cr_expect(sscanf(line + strlen(kind_lines[i]), "%lu %lu", &blocks, &bytes) == 2, "%s", line);
		if (c->any[i])
			continue;
		if (i == REACHABLE)
			cr_expect(blocks >= c->blocks[i], "%s%s: %s: %lu blocks are reachable, not %lu\n%s", how, c->source, c->line, blocks, c->blocks[i], text);
		else
			cr_expect(blocks == c->blocks[i] && bytes == c->bytes[i], "%s%s: %s: %s: %lu blocks of %lu bytes\n%s", how, c->source, c->line,
				kind_names[i], blocks, bytes, text);
	}
	cr_expect(!strstr(text, "A ring holds ") == !c->ring, "%s%s: %s: ring\n%s", how, c->source, c->line, text);
	cr_expect(!strstr(text, "\nNote: ") == !c->note, "%s%s: %s: how certain it is\n%s", how, c->source, c->line, text);
	free(text);
}

static void check_result(const struct leak_case *c, const char *how, const struct run_result *result)
{
	const char *at = result->report, *end;
	int reports = 0;

	cr_expect(!result->timed_out, "%s%s: %s: did not end in time\n%s%s", how, c->source, c->line, result->text, result->report);
	cr_expect(strstr(result->text, "ok\n"), "%s%s: %s: output:\n%s%s", how, c->source, c->line, result->text, result->report);
	for (; (at = strstr(at, "Live blocks:")) && (end = strstr(at, "\nSUMMARY: ")); at = end) {
		const char *begin = at;

		while (begin > result->report && strncmp(begin, "=====", 5))
			begin--;
		check_report(c, how, begin, (size_t)(end - begin));
		reports++;
	}
	cr_expect(reports >= c->reports && reports <= c->reports_max, "%s%s: %s: %d reports\n%s", how, c->source, c->line, reports, result->report);
}

/* --- How it is run ------------------------------------------------------------ */

static void add_words(struct run_setup *setup, char *words)
{
	int i = 0;
	char *save;

	while (setup->arguments[i])
		i++;
	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		setup->arguments[i++] = word;
}

static const char *all_options(const struct leak_case *c)
{
	static char options[512];

	snprintf(options, sizeof options, "%s%s%s", COMMON, *c->options ? ":" : "", c->options);
	return options;
}

static void run_alone(const struct leak_case *c)
{
	char words[64];
	struct run_setup setup = { .program = expect_program("programs", c->source), .options = all_options(c), .seconds_max = 60 };

	strcpy(words, c->arguments);
	add_words(&setup, words);
	struct run_result result = run_program(&setup);

	cr_expect(result.status == c->status, "%s: %s: status %d, signal %d\n%s%s", c->source, c->line, result.status, result.signal, result.text,
		result.report);
	check_result(c, "", &result);
	run_destroy(&result);
}

static void run_in_gdb(const struct leak_case *c)
{
	char command[1024], preload[1024], options[600], words[64], exited[64];
	struct run_setup setup = { .program = "/usr/bin/gdb", .plain = true, .seconds_max = 100,
		.arguments = { "-q", "-nx", "-batch", "-ex", "set startup-with-shell off", "-ex", "set debuginfod enabled off", "-ex", "handle SIGUSR2 nostop noprint pass",
			"-ex", preload, "-ex", options, "-ex",
			command } };

	strcpy(words, c->arguments);
	snprintf(preload, sizeof preload, "set environment LD_PRELOAD %s", run_build_path("libmalloc_debug.so"));
	snprintf(options, sizeof options, "set environment MALLOC_DEBUG_OPTIONS %s", all_options(c));
	snprintf(command, sizeof command, "run %s", words);
	setup.arguments[15] = run_build_path(expect_program("programs", c->source));
	struct run_result result = run_program(&setup);

	if (c->status)
		snprintf(exited, sizeof exited, "exited with code 0%o]", (unsigned)c->status);
	else
		strcpy(exited, "exited normally]");
	cr_expect(strstr(result.text, exited), "gdb %s: %s: not \"%s\"\n%s%s", c->source, c->line, exited, result.text, result.report);
	check_result(c, "gdb ", &result);
	run_destroy(&result);
}

static void run_in_strace(const struct leak_case *c)
{
	char preload[1024], options[600], words[64];
	struct run_setup setup = { .program = "/usr/bin/strace", .plain = true, .seconds_max = 100,
		.arguments = { "-f", "-o", "/dev/null", "-E", preload, "-E", options, expect_program("programs", c->source) } };

	strcpy(words, c->arguments);
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", run_build_path("libmalloc_debug.so"));
	snprintf(options, sizeof options, "MALLOC_DEBUG_OPTIONS=%s", all_options(c));
	setup.arguments[7] = run_build_path(setup.arguments[7]);
	add_words(&setup, words);
	struct run_result result = run_program(&setup);

	cr_expect(result.status == c->status, "strace %s: %s: status %d, signal %d\n%s%s", c->source, c->line, result.status, result.signal, result.text,
		result.report);
	check_result(c, "strace ", &result);
	run_destroy(&result);
}

static struct criterion_test_params all_cases(void)
{
	static struct leak_case cases[CASES_MAX];

	return cr_make_param_array(struct leak_case, cases, read_cases(cases));
}

static bool is_installed(const char *path)
{
	if (access(path, X_OK) == 0)
		return true;
	fprintf(stderr, "test_leaks: skipped, because there is no %s\n", path);
	return false;
}

ParameterizedTestParameters(leaks, are_found_exactly)
{
	return all_cases();
}

ParameterizedTest(struct leak_case *c, leaks, are_found_exactly, .timeout = 120)
{
	run_alone(c);
}

ParameterizedTestParameters(leaks, are_found_under_a_debugger)
{
	return all_cases();
}

ParameterizedTest(struct leak_case *c, leaks, are_found_under_a_debugger, .timeout = 240)
{
	if (is_installed("/usr/bin/gdb"))
		run_in_gdb(c);
}

ParameterizedTestParameters(leaks, are_found_under_a_tracer)
{
	return all_cases();
}

ParameterizedTest(struct leak_case *c, leaks, are_found_under_a_tracer, .timeout = 240)
{
	if (is_installed("/usr/bin/strace"))
		run_in_strace(c);
}

/* --- What the system refuses ------------------------------------------------------- */

/* Runs a program under strace, which lets some calls fail. */
static struct run_result run_refused(const char *program, const char *argument, const char *path, const char *inject)
{
	char preload[1024], options[600], injection[128];
	struct run_setup setup = { .program = "/usr/bin/strace", .plain = true, .seconds_max = 60,
		.arguments = { "-f", "-o", "/dev/null", "-E", preload, "-E", options, injection, path ? "-P" : NULL } };
	int i = path ? 9 : 8;

	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", run_build_path("libmalloc_debug.so"));
	snprintf(options, sizeof options, "MALLOC_DEBUG_OPTIONS=%s:leak_exitcode=23", COMMON);
	snprintf(injection, sizeof injection, "--inject=%s", inject);
	if (path)
		setup.arguments[i++] = path;
	setup.arguments[i++] = run_build_path(program);
	setup.arguments[i] = argument;
	return run_program(&setup);
}

static unsigned long directly_leaked(const struct run_result *result)
{
	const char *line = strstr(result->report, kind_lines[DIRECT]);

	return line ? strtoul(line + strlen(kind_lines[DIRECT]), NULL, 10) : 0;
}

Test(leaks, memory_is_read_another_way_where_one_is_refused, .timeout = 120)
{
	static const char *const refusals[] = { "process_vm_readv:error=EPERM", "process_vm_readv:error=ENOSYS" };

	for (size_t i = 0; i < 2 && is_installed("/usr/bin/strace"); i++) {
		struct run_result result = run_refused("programs/leak_stacks", "2", NULL, refusals[i]);

		cr_expect(result.status == 23 && directly_leaked(&result) == 3, "%s: status %d\n%s", refusals[i], result.status, result.report);
		cr_expect(!strstr(result.report, "Note: "), "%s", result.report);
		run_destroy(&result);
	}
}

/* Without a list of the memory every leak would be a guess: none is reported, and the exit status stays. */
Test(leaks, nothing_is_said_where_nothing_is_known, .timeout = 120)
{
	if (!is_installed("/usr/bin/strace"))
		return;
	struct run_result result = run_refused("programs/leak_globals", NULL, "/proc/thread-self/maps", "openat:error=EACCES");

	cr_expect(result.status == 0 && strstr(result.text, "ok\n"), "status %d\n%s", result.status, result.report);
	cr_expect(!strstr(result.report, "malloc-debug"), "%s", result.report);
	run_destroy(&result);
}

/* Threads that cannot be stopped are searched by what is known of their stacks, and the report says so. */
Test(leaks, threads_that_cannot_be_stopped_are_searched_all_the_same, .timeout = 120)
{
	static const char *const paths[] = { NULL, "/proc/self/task" };
	static const char *const refusals[] = { "rt_tgsigqueueinfo:error=EPERM", "openat:error=EACCES" };

	for (size_t i = 0; i < 2 && is_installed("/usr/bin/strace"); i++) {
		struct run_result result = run_refused("programs/leak_stacks", "2", paths[i], refusals[i]);
		unsigned long leaked = directly_leaked(&result);

		cr_expect(result.status == 23 && leaked >= 1 && leaked <= 3, "%s: status %d, %lu leaks\n%s", refusals[i], result.status, leaked, result.report);
		cr_expect(strstr(result.report, "\nNote: ") && strstr(result.report, "could not be stopped"), "%s: %s", refusals[i], result.report);
		run_destroy(&result);
	}
}

Test(leaks, who_asks_in_a_restricted_program_is_told_why_not, .timeout = 60)
{
	struct run_setup setup = { .program = "programs/leak_restricted", .arguments = { "ask" }, .options = COMMON };
	struct run_result result = run_program(&setup);

	cr_expect(result.status == 0, "status %d", result.status);
	cr_expect(!strcmp(result.report, "malloc-debug: leaks were not looked for: the program restricts its system calls\n"), "%s", result.report);
	run_destroy(&result);
}

/* --- Containers -------------------------------------------------------------------- */

/* Runs a program under tests/programs/refuse.c. False, and the reason is printed, if this system has no way to refuse it that. */
static bool run_contained(const char *refused, const char *more, const char *program, const char *argument, struct run_result *result)
{
	char preload[1024], options[600];
	struct run_setup setup = { .program = "programs/refuse", .plain = true, .seconds_max = 60,
		.arguments = { refused, preload, options, NULL, argument } };

	setup.arguments[3] = run_build_path(program);
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", run_build_path("libmalloc_debug.so"));
	snprintf(options, sizeof options, "MALLOC_DEBUG_OPTIONS=%s:leak_exitcode=23%s", COMMON, more);
	*result = run_program(&setup);
	if (result->status != 77)
		return true;
	fprintf(stderr, "test_leaks: skipped: without %s: %s", refused, result->report);
	run_destroy(result);
	return false;
}

Test(leaks, are_found_exactly_without_privileges, .timeout = 120)
{
	static const char *const refused[] = { "ptrace,process_vm_readv,perf_event_open", "madvise", "ptrace,process_vm_readv,perf_event_open,madvise" };
	struct run_result result;

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		if (!run_contained(refused[i], "", "programs/leak_stacks", "50", &result))
			continue;
		cr_expect(result.status == 23 && directly_leaked(&result) == 51 && strstr(result.text, "ok\n"), "%s: status %d\n%s", refused[i], result.status,
			result.report);
		cr_expect(!strstr(result.report, "\nNote: "), "%s: %s", refused[i], result.report);
		run_destroy(&result);
	}
}

/* What a filter leaves of the signal, the search makes do with, and says so. */
Test(leaks, threads_that_no_signal_reaches_are_searched_all_the_same, .timeout = 120)
{
	static const char *const refused[] = { "rt_tgsigqueueinfo", "rt_sigaction", "rt_tgsigqueueinfo,tgkill,process_vm_readv,ptrace" };
	struct run_result result;

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		if (!run_contained(refused[i], "", "programs/leak_stacks", "2", &result))
			continue;
		unsigned long leaked = directly_leaked(&result);

		cr_expect(result.status == 23 && leaked >= 1 && leaked <= 3 && strstr(result.text, "ok\n"), "%s: status %d, %lu leaks\n%s", refused[i],
			result.status, leaked, result.report);
		cr_expect(strstr(result.report, "\nNote: ") && strstr(result.report, "could not be stopped"), "%s: %s", refused[i], result.report);
		run_destroy(&result);
	}
}

/* Without /proc nobody knows where pointers may be, and without a way to read memory nobody can look: no leak is reported, nothing is said unless asked for,
 * and the exit status stays. */
Test(leaks, the_exit_status_stays_where_nothing_can_be_searched, .timeout = 120)
{
	static const char *const refused[] = { "proc", "proc,process_vm_readv", "proc,madvise,ptrace,rt_tgsigqueueinfo,tgkill" };
	struct run_result result;

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		if (!run_contained(refused[i], "", "programs/leak_stacks", "2", &result))
			continue;
		cr_expect(result.status == 0 && !strcmp(result.text, "ok\n") && !*result.report, "%s: status %d\n%s%s", refused[i], result.status, result.text,
			result.report);
		run_destroy(&result);
		if (!run_contained(refused[i], ":verbose=yes", "programs/leak_stacks", "2", &result))
			continue;
		cr_expect(result.status == 0 && run_count(result.report, "malloc-debug: leaks were not looked for: ") == 1, "%s: status %d\n%s", refused[i],
			result.status, result.report);
		run_destroy(&result);
	}
}
