/* SPDX-License-Identifier: MIT
 *
 * Watchpoints from outside: accesses before young blocks are reported at the instruction; processes that fork, share memory, close
 * descriptors or use the debug registers themselves are as without us.
 *
 * Where the system has no watchpoints for us, what they find cannot be tested; these tests then print so and why.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/support/expect.h"

/* Whether this system lets us; says why not. */
static bool have_watchpoints(void)
{
	struct run_setup setup = { .program = run_build_path("malloc-debug"), .arguments = { "doctor" }, .plain = true };
	struct run_result result = run_program(&setup);
	char *line = strstr(result.text, "watchpoints");

	cr_assert(line, "doctor says nothing about watchpoints:\n%s", result.text);
	while (line > result.text && line[-1] != '\n')
		line--;
	line[strcspn(line, "\n")] = '\0';
	bool have = !strncmp(line, "ok", 2);

	if (!have)
		fprintf(stderr, "skipped: %s\n", line);
	run_destroy(&result);
	return have;
}

static struct run_result run_under(const char *how, const char *bytes, const char *before)
{
	struct run_setup setup = {
		.program = "programs/watch_under", .arguments = { how, bytes, before }, .options = "guard=auto:symbolize=no"
	};

	return run_program(&setup);
}

/* Every instruction, size and distance within what is watched. */
Test(watch, accesses_before_young_blocks_are_seen, .timeout = 300)
{
	static const struct {
		const char *how, *kind;
		int bytes, element, before_max;
	} cases[] = { { "read", "READ", 1, 1, 8 }, { "read", "READ", 2, 2, 8 }, { "read", "READ", 4, 4, 8 }, { "read", "READ", 8, 8, 12 },
		{ "write", "WRITE", 1, 1, 8 }, { "write", "WRITE", 2, 2, 8 }, { "write", "WRITE", 4, 4, 8 }, { "write", "WRITE", 8, 8, 12 },
		{ "atomic", "WRITE", 4, 4, 4 }, { "exchange", "WRITE", 8, 8, 8 }, { "float", "READ", 8, 8, 8 },
		{ "chase", "READ", 8, 8, 8 }, { "chase", "READ", 4, 4, 4 }, { "push", "READ", 8, 8, 8 }, { "fill", "WRITE", 5, 1, 5 },
		{ "copy", "READ", 3, 1, 3 } };

	if (!have_watchpoints())
		return;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (int before = cases[i].bytes; before <= cases[i].before_max; before++) {
			char bytes[16], distance[16], kind[64], where[64];

			snprintf(bytes, sizeof bytes, "%d", cases[i].bytes);
			snprintf(distance, sizeof distance, "%d", before);
			snprintf(kind, sizeof kind, "\n%s of size %d at ", cases[i].kind, cases[i].element);
			snprintf(where, sizeof where, "is %d byte%s before the 40-byte block", before, before == 1 ? "" : "s");
			struct run_result result = run_under(cases[i].how, bytes, distance);

			cr_expect(result.status == 0 && !strcmp(result.text, "ok\n"), "%s %s %s: status %d", cases[i].how, bytes, distance,
				result.status);
			cr_expect(run_count_reports(result.report) == 1 && strstr(result.report, "heap-buffer-underflow") &&
					strstr(result.report, kind) && strstr(result.report, where),
				"%s %s %s: not one report with \"%s\" and \"%s\":\n%s", cases[i].how, bytes, distance, kind + 1, where,
				result.report);
			run_destroy(&result);
		}
	}
}

/* Seen damaged when it is freed, then caught in the act, in one run. */
Test(watch, a_rare_bug_is_caught_in_the_act, .timeout = 120)
{
	static const char *const modes[] = { "guard=auto", "guard=auto:watch=off" };

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		struct run_setup setup = { .program = "programs/watch_strikes", .options = modes[i], .seconds_max = 60 };
		struct run_result result = run_program(&setup);
		const char *at = result.report;

		cr_expect(result.status == 0, "%s: status %d, signal %d", modes[i], result.status, result.signal);
		cr_expect(expect_find(&at, "heap-buffer-overflow") && expect_find(&at, "WRITE of size 1") &&
				expect_find(&at, "in strike *watch_strikes.c:"),
			"%s:\n%s", modes[i], result.report);
		run_destroy(&result);
	}
}

static void expect_life(const char *way, size_t reports, int status, int signal)
{
	struct run_setup setup = { .program = "programs/watch_life", .arguments = { way }, .options = "guard=auto:symbolize=no" };
	struct run_result result = run_program(&setup);

	setup.plain = true;
	struct run_result plain = run_program(&setup);

	cr_expect(!result.timed_out && result.status == status && result.signal == signal, "%s: status %d, signal %d\n%s%s", way,
		result.status, result.signal, result.text, result.report);
	cr_expect(plain.status == status && plain.signal == signal && !strcmp(plain.text, result.text),
		"%s: plain: status %d, signal %d, output:\n%s", way, plain.status, plain.signal, plain.text);
	cr_expect(run_count_reports(result.report) == reports && run_count(result.report, "READ of size 1 ") == reports,
		"%s: not %zu reports:\n%s", way, reports, result.report);
	run_destroy(&result);
	run_destroy(&plain);
}

Test(watch, processes_live_as_without_watchpoints, .timeout = 300)
{
	bool have = have_watchpoints();
	static const struct {
		const char *way;
		size_t reports;
	} ways[] = { { "read", 1 }, { "fork", 2 }, { "clone", 2 }, { "vfork", 1 }, { "exec", 2 }, { "threads", 1 }, { "other-thread", 1 },
		{ "closefrom", 1 }, { "dup", 1 }, { "perf", 1 }, { "int3", 1 }, { "blocked", 1 }, { "ignored", 0 }, { "chain", 1 } };

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		expect_life(ways[i].way, have ? ways[i].reports : 0, 0, 0);
	expect_life("dies", 0, -1, 5);
}

Test(watch, off_is_off, .timeout = 60)
{
	struct run_setup setup = { .program = "programs/watch_life", .arguments = { "read" }, .options = "guard=auto:watch=off:stats=yes" };
	struct run_result result = run_program(&setup);

	cr_expect(result.status == 0 && !run_count_reports(result.report), "%s", result.report);
	cr_expect(strstr(result.report, "watch=off"), "%s", result.report);
	run_destroy(&result);
	setup.options = "watch=sometimes";
	result = run_program(&setup);
	cr_expect(result.status == 0 && strstr(result.report, "the option watch is auto, off, an address"), "%s", result.report);
	run_destroy(&result);
}

Test(watch, functions_for_strings_are_silent, .timeout = 300)
{
	static const char *const options[] = { "guard=auto", "guard=all", "guard=all:guard_align=1", "guard=all:guard_side=both" };
	static const char *const tunables[] = { NULL, "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512VL,-AVX512BW",
		"GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX512VL,-AVX512BW" };

	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		for (size_t j = 0; j < sizeof tunables / sizeof *tunables; j++) {
			struct run_setup setup = { .program = "programs/ok_watch_strings",
				.arguments = { "2" },
				.options = options[i],
				.environment = { tunables[j] },
				.seconds_max = 60 };
			struct run_result result = run_program(&setup);

			cr_expect(result.status == 0 && !strcmp(result.text, "ok\n") && !*result.report, "%s %s: status %d\n%s%s",
				options[i], tunables[j] ? tunables[j] : "", result.status, result.text, result.report);
			run_destroy(&result);
		}
	}
}

/* A program that lies where it was linked: its variable has the same address in each run. */
Test(watch, writes_to_an_address_are_told, .timeout = 60)
{
	char option[64];
	struct run_setup setup = { .program = "programs/watch_address", .plain = true };
	struct run_result result = run_program(&setup);
	unsigned long addr = strtoul(result.text, NULL, 16);

	cr_assert(addr, "%s", result.text);
	run_destroy(&result);
	if (!have_watchpoints())
		return;
	snprintf(option, sizeof option, "watch=0x%lx", addr);
	setup = (struct run_setup){ .program = "programs/watch_address", .options = option };
	result = run_program(&setup);
	const char *at = result.report;

	cr_expect(result.status == 0, "status %d", result.status);
	cr_expect(expect_find(&at, "write 1 to the watched *: WRITE of size 8") && expect_find(&at, "0x0000000000000001") &&
			expect_find(&at, "in set_it *watch_address.c:") &&
			expect_find(&at, "write 3 to the watched *; from where write 1 came") && expect_find(&at, "WRITE of size 1") &&
			expect_find(&at, "in main *watch_address.c:") && expect_find(&at, "thread T1") &&
			expect_find(&at, "in run_thread *watch_address.c:"),
		"%s", result.report);
	cr_expect(run_count(result.report, "to the watched") == 5, "%s", result.report);
	run_destroy(&result);
}

/* A debugger's own watchpoint works, and the program under it runs to its end. */
Test(watch, a_debugger_has_the_registers, .timeout = 120)
{
	char script[1024];

	if (access("/usr/bin/gdb", X_OK)) {
		fprintf(stderr, "skipped: gdb is not installed\n");
		return;
	}
	snprintf(script, sizeof script,
		"exec gdb -nx -batch -ex 'set environment LD_PRELOAD %s' -ex 'set environment MALLOC_DEBUG_GUARD auto' -ex 'break main' -ex run "
		"-ex 'watch target' "
		"-ex continue -ex continue -ex 'delete' -ex continue '%s' 2>&1",
		run_build_path("libmalloc_debug.so"), run_build_path("programs/watch_address"));
	struct run_setup shell = { .program = "/bin/sh", .arguments = { "-c", script }, .plain = true, .seconds_max = 60 };
	struct run_result result = run_program(&shell);
	const char *at = result.text;

	cr_expect(expect_find(&at, "ardware watchpoint") && expect_find(&at, "Old value = 0") && expect_find(&at, "New value = 1") &&
			expect_find(&at, "New value = 2") && expect_find(&at, "exited normally"),
		"%s", result.text);
	run_destroy(&result);
}

/* Valgrind would take the same trap again and again. */
Test(watch, valgrind_runs_the_program_to_its_end, .timeout = 120)
{
	char script[512];

	if (access("/usr/bin/valgrind", X_OK)) {
		fprintf(stderr, "skipped: valgrind is not installed\n");
		return;
	}
	snprintf(script, sizeof script, "LD_PRELOAD=%s exec valgrind -q --tool=none '%s'", run_build_path("libmalloc_debug.so"),
		run_build_path("programs/ok_malloc_zero"));
	struct run_setup shell = { .program = "/bin/sh", .arguments = { "-c", script }, .plain = true, .seconds_max = 60 };
	struct run_result result = run_program(&shell);

	cr_expect(result.status == 0 && run_count_reports(result.report) == 0, "status %d, signal %d:\n%s\n%s", result.status, result.signal,
		result.report, result.text);
	run_destroy(&result);
}
