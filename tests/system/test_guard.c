/* SPDX-License-Identifier: MIT
 *
 * Guarded blocks under the real library: how many there can be, which are chosen, and what becomes of them where the system helps less. What
 * an access to a guard page brings is tested with the faults.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "tests/system/support/expect.h"

/* The number before a label's note in the statistics; 0 if the label is not there. */
static unsigned long number_of(const char *report, const char *label)
{
	const char *at = strstr(report, label);

	return at ? strtoul(at + strlen(label), NULL, 10) : 0;
}

static struct run_result run_well(const struct run_setup *setup)
{
	struct run_result result = run_program(setup);

	cr_assert(!result.timed_out, "did not end in time");
	size_t length = strlen(result.text);

	cr_assert(result.status == 0 && length >= 3 && !strcmp(result.text + length - 3, "ok\n"), "status %d, signal %d\n%s%s", result.status, result.signal, result.text,
		result.report);
	cr_assert(!strstr(result.report, "ERROR:"), "%s", result.report);
	return result;
}

/* Linux 6.13 or later, where guards cost no mappings. */
static bool has_markers(void)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	return uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 13));
}

static unsigned long free_megabytes(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long kilobytes = 0;
	char line[256];

	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "MemAvailable: %lu kB", &kilobytes) == 1)
			break;
	if (file)
		fclose(file);
	return kilobytes >> 10;
}

Test(guard, holds_very_many_blocks, .timeout = 300)
{
	if (!has_markers())
		cr_skip_test("this kernel has no guard markers (Linux 6.13)");
	/* A page each, and page tables: 4.2 GB for a million. */
	unsigned long memory = free_megabytes(), count = memory > 7000 ? 1000000 : 100000;

	if (count < 1000000)
		fprintf(stderr, "only %lu MB of memory are free: %lu guarded blocks in place of a million\n", memory, count);
	char number[32];

	snprintf(number, sizeof number, "%lu", count);
	struct run_setup setup = { .program = "programs/guard_many", .arguments = { number }, .options = "guard=all:stats=1:leaks=0", .seconds_max = 280 };
	struct run_result result = run_well(&setup);

	cr_expect(number_of(result.report, "guarded now") > count, "%s", result.report);
	cr_expect(number_of(result.report, "guards refused") == 0, "%s", result.report);
	run_destroy(&result);
}

Test(guard, first_blocks_and_samples)
{
	struct run_setup setup = { .program = "programs/guard_many", .arguments = { "200000" }, .options = "guard=auto:stats=1:leaks=0" };
	struct run_result result = run_well(&setup);

	cr_expect(strstr(result.report, "first of their stack"), "%s", result.report);
	cr_expect(strstr(result.report, "samples"), "%s", result.report);
	cr_expect(number_of(result.report, "guarded blocks") < 100000, "%s", result.report);
	run_destroy(&result);
}

static void expect_guarded(const char *options, unsigned long count)
{
	struct run_setup setup = { .program = "programs/guard_named", .options = options };
	struct run_result result = run_well(&setup);

	cr_expect(number_of(result.report, "guarded blocks") == count, "%s: not %lu\n%s", options, count, result.report);
	run_destroy(&result);
}

Test(guard, only_named_stacks)
{
	expect_guarded("guard=all:stats=1:guard_stacks=make_some", 10);
	expect_guarded("guard=all:stats=1:guard_stacks=make_some,make_others", 20);
	expect_guarded("guard=all:stats=1:guard_stacks=guard_named:guard_min=100:guard_max=100", 20);
	expect_guarded("guard=all:stats=1:guard_stacks=nobody*", 0);
}

Test(guard, kernels_without_markers)
{
	struct run_setup setup = { .program = "programs/guard_refused",
		.arguments = { run_build_path("programs/guard_many"), "50000" }, .options = "guard=all:stats=1:leaks=0:program=guard_many" };
	struct run_result result = run_well(&setup);

	/* As many as protection of pages allows; the rest lies between red zones. */
	unsigned long guarded = number_of(result.report, "guarded now");

	cr_expect(guarded > 100 && guarded < 40000, "%s", result.report);
	cr_expect(strstr(result.report, "This system bears no more guarded blocks"), "%s", result.report);
	run_destroy(&result);
}

Test(guard, systems_that_refuse_all)
{
	struct run_setup setup = { .program = "programs/guard_refused",
		.arguments = { "none", run_build_path("programs/guard_many"), "50000" }, .options = "guard=all:stats=1:leaks=0:program=guard_many" };
	struct run_result result = run_well(&setup);

	cr_expect(number_of(result.report, "guarded blocks") == 0, "%s", result.report);
	run_destroy(&result);
}

/* Correct programs with every block guarded. Those whose limits and filters are near are among them. */
Test(guard, correct_programs_notice_nothing, .timeout = 200)
{
	static const char *const programs[] = { "ok_rlimit_as", "ok_seccomp", "ok_fork_handlers", "ok_fork_threads", "ok_realloc_patterns", "ok_thread_churn",
		"ok_calloc_sparse", "ok_usable_size", "ok_vfork_spawn", "ok_signal_malloc" };
	static const char *const options[] = { "guard=all", "guard=all:guard_side=both:guard_align=natural", "guard=all:guard_side=before:check_every=50" };

	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
		for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
			char path[64];

			snprintf(path, sizeof path, "programs/%s", programs[i]);
			struct run_setup setup = { .program = path, .options = options[k] };
			struct run_result result = run_well(&setup);

			cr_expect(!*result.report, "%s (%s): %s", programs[i], options[k], result.report);
			run_destroy(&result);
		}
}
