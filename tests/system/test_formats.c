/* SPDX-License-Identifier: MIT
 *
 * Formats: that one run says the same in all of them, and that files stay whole whoever writes to them and however it ends.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/support/expect.h"

#define PYTHON "/usr/bin/python3" /* the one that Debian's python3-jsonschema is for */
#define REPORT_SCHEMA "report/report.schema.json"
#define SARIF_SCHEMA "tests/schemas/sarif-2.1.0.json"
#define PROCESSES 12
#define ERRORS 4 /* of programs/formats */

static char *folder;

static void make_folder(void)
{
	folder = run_folder_make();
}

static void remove_folder(void)
{
	run_folder_remove(folder);
}

TestSuite(formats, .init = make_folder, .fini = remove_folder, .timeout = 120);

static const char *in_folder(const char *name)
{
	static char paths[8][512];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(in_folder(name), "w");

	cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static struct run_result check(const char *what, const char *first, const char *second, const char *third)
{
	struct run_setup setup = { .program = PYTHON,
		.plain = true,
		.seconds_max = 100,
		.arguments = { run_source_path("tests/system/support/check_formats.py"), what, first, second, third } };

	return run_program(&setup);
}

/* Number of reports in a file, which has to be as its schema says. */
static int count_reports(bool sarif, const char *name)
{
	struct run_result result = check(
		sarif ? "--sarif" : "--json", run_source_path(sarif ? SARIF_SCHEMA : REPORT_SCHEMA), in_folder(name), NULL);
	int count = atoi(result.text);

	cr_expect(result.status == 0, "%s: %s%s", name, result.text, result.report);
	run_destroy(&result);
	return count;
}

/* Runs programs/formats with files in the folder and these options; what it wrote is not of interest. */
static struct run_result run_formats(const char *more)
{
	char options[2048];

	snprintf(options, sizeof options, "json_file=%s/json:sarif_file=%s/sarif:asan_file=%s/asan%s", folder, folder, folder, more);
	return run_preloaded("programs/formats", options);
}

/* --- all say the same -------------------------------------------------------------------- */

/* Returns the line with the fingerprints. */
static void compare(const char *more, char *fingerprints, size_t bytes)
{
	char options[1024];
	struct run_result result = run_formats(more);

	write_file("text", result.report);
	run_destroy(&result);
	snprintf(options, sizeof options, "symbolize=no:asan_file=%s/asan-bare%s", folder, more);
	result = run_preloaded("programs/formats", options);
	run_destroy(&result);

	result = check(folder, run_source_path(REPORT_SCHEMA), run_source_path(SARIF_SCHEMA), NULL);
	cr_expect(result.status == 0, "%s%s", result.text, result.report);
	cr_expect(strstr(result.text, "compared 4 errors and 1 groups"), "%s%s", result.text, result.report);
	const char *line = strstr(result.text, "fingerprints ");

	snprintf(fingerprints, bytes, "%s", line ? line : "none");
	if (strstr(result.text, "not installed"))
		fputs(result.text, stderr);
	run_destroy(&result);
}

Test(formats, say_the_same)
{
	char first[256], second[256];

	compare("", first, sizeof first);
	for (const char *const *name = (const char *const[]){ "json", "sarif", "asan", "asan-bare", NULL }; *name; name++)
		cr_assert(unlink(in_folder(*name)) == 0);
	compare("", second, sizeof second);
	cr_expect(!strcmp(first, second) && run_count(first, " ") == 5, "fingerprints of two runs:\n%s%s", first, second);
}

Test(formats, say_the_same_of_what_is_found_late)
{
	char fingerprints[256];

	compare(":guard=off", fingerprints, sizeof fingerprints);
}

/* Each kind of error: as many reports as in text, and all of them as the schemas say. */
Test(formats, every_example)
{
	const char *sources[EXPECT_NAMES_MAX];
	size_t count = expect_sources("examples", "", sources), reports = 0;
	char options[2048];

	snprintf(options, sizeof options, "symbolize=no:json_file=%s/json:sarif_file=%s/sarif:asan_file=%s/asan", folder, folder, folder);
	for (size_t i = 0; i < count; i++) {
		struct expectation *expectation = expect_read(sources[i]);
		struct run_result result = expect_run(expectation, expect_program("examples", sources[i]), options);

		reports += run_count_reports(result.report);
		run_destroy(&result);
		expect_destroy(expectation);
	}
	char *asan = run_file_read(in_folder("asan"));

	cr_expect(reports > 25, "%zu", reports);
	cr_expect(count_reports(false, "json") == (int)reports && count_reports(true, "sarif") >= (int)reports, "%zu", reports);
	cr_expect(asan && run_count(asan, "ERROR: AddressSanitizer: ") + run_count(asan, "ERROR: LeakSanitizer: ") == reports, "%s", asan);
	free(asan);
}

/* Growth, leaks of all kinds with who points to them, statistics. */
Test(formats, other_reports)
{
	char options[1024];

	snprintf(options, sizeof options,
		"signal_snapshot=12:leak_kinds=direct,possible,reachable:leak_who=yes:stats=yes:format=json:json_file=%s/json:sarif_file=%s/sarif",
		folder, folder);
	struct run_result result = run_preloaded("programs/snap_signal", options);

	cr_expect(result.status == 0 && count_reports(false, "json") == 7, "%s", result.report);
	char *json = run_file_read(in_folder("json")), *sarif = run_file_read(in_folder("sarif"));

	cr_assert(json && sarif);
	cr_expect(run_count(json, "\"type\":\"growth\"") == 5 && run_count(json, "\"type\":\"leaks\"") == 1, "%s", json);
	cr_expect(run_count(json, "\"type\":\"statistics\"") == 1 && strstr(json, "\"counters\":{\"allocations\":"), "%s", json);
	cr_expect(strstr(json, "\"stacks_total\":1,\"rise\":15000,"), "%s", json);
	cr_expect(
		strstr(json, "\"kind\":\"reachable\"") && strstr(json, "\"pointers\":[{\"root\":\"global\",\"address\":\"0x"), "%s", json);
	cr_expect(run_count(sarif, "\"ruleId\":\"memory-growth\"") == 4 && strstr(sarif, "\"ruleId\":\"still-reachable\""), "%s", sarif);
	cr_expect(count_reports(true, "sarif") >= 5);
	cr_expect(!strcmp(json, result.report), "the log is the same:\n%s", result.report);
	free(json);
	free(sarif);
	run_destroy(&result);
}

/* Needs watchpoints, which not every machine has. */
Test(formats, writes_to_a_watched_address)
{
	struct run_setup setup = { .program = "programs/watch_address", .plain = true };
	struct run_result result = run_program(&setup);
	unsigned long addr = strtoul(result.text, NULL, 16);
	char options[1024];

	run_destroy(&result);
	snprintf(options, sizeof options, "watch=0x%lx:json_file=%s/json", addr, folder);
	result = run_preloaded("programs/watch_address", options);
	size_t told = run_count(result.report, " to the watched ");

	if (!told)
		fprintf(stderr, "skipped: no watchpoints here: %s\n", result.report);
	else
		cr_expect(count_reports(false, "json") == (int)told);
	run_destroy(&result);
	if (!told)
		return;
	snprintf(options, sizeof options, "watch=0x%lx:format=json", addr);
	result = run_preloaded("programs/watch_address", options);
	cr_expect(run_count(result.report, "\"type\":\"write\"") == told && strstr(result.report, "\"function\":\"set_it\""), "%s",
		result.report);
	cr_expect(strstr(result.report, "\"number\":3,") && strstr(result.report, "\"first\":1}"), "%s", result.report);
	run_destroy(&result);
}

/* --- the log in another format -------------------------------------------------------------- */

Test(formats, json_log)
{
	struct run_result result = run_preloaded("programs/formats", "format=json:verbose=yes:stats=yes:show=map:redzone=1");

	write_file("log", result.report);
	cr_expect(count_reports(false, "log") > ERRORS + 3, "%s", result.report);
	cr_expect(run_count(result.report, "{\"version\":1,\"type\":\"error\"") == ERRORS, "%s", result.report);
	cr_expect(run_count(result.report, "\"type\":\"leaks\"") == 1 && run_count(result.report, "\"type\":\"statistics\"") == 1);
	cr_expect(strstr(result.report, "\"type\":\"message\"") && strstr(result.report, "redzone=1"), "%s", result.report);
	cr_expect(!strstr(result.report, "===="), "text in a JSON log:\n%s", result.report);
	run_destroy(&result);
}

Test(formats, json_log_in_a_file)
{
	char options[512];

	snprintf(options, sizeof options, "format=json:log=%s/%%e.%%p.log", folder);
	struct run_result result = run_preloaded("programs/formats", options);

	cr_expect(!result.report[0], "%s", result.report);
	run_destroy(&result);
	result = run_program(&(struct run_setup){
		.program = "/bin/sh", .plain = true, .arguments = { "-c", "cd $0 && mv formats.[0-9]*.log log", folder } });
	cr_expect(result.status == 0, "%s", result.report);
	run_destroy(&result);
	cr_expect(count_reports(false, "log") == ERRORS + 1);
}

Test(formats, sarif_log)
{
	char options[512];

	struct run_result result = run_preloaded("examples/double_free", "format=sarif");

	write_file("log", strstr(result.report, "{\"$schema\"") ? strstr(result.report, "{\"$schema\"") : result.report);
	cr_expect(count_reports(true, "log") == 1, "%s", result.report);
	run_destroy(&result);

	snprintf(options, sizeof options, "format=sarif:stats=yes:log=%s/file", folder);
	result = run_preloaded("programs/formats", options);
	cr_expect(count_reports(true, "file") == ERRORS + 1);
	cr_expect(strstr(result.report, "Since start:") && !strstr(result.report, "ERROR"), "%s", result.report);
	run_destroy(&result);
}

Test(formats, asan_log)
{
	struct run_result result = run_preloaded("programs/formats", "format=asan");

	cr_expect(
		run_count(result.report, "ERROR: AddressSanitizer: ") == ERRORS && run_count(result.report, "ERROR: LeakSanitizer: ") == 1,
		"%s", result.report);
	cr_expect(!strstr(result.report, "malloc-debug: heap"), "%s", result.report);
	run_destroy(&result);
}

/* Suppressions, too, are found in a log of JSON: ready ones come as a message. */
Test(formats, ready_suppressions_in_json)
{
	struct run_result result = run_preloaded("examples/double_free", "format=json:gen_suppressions=yes");

	cr_expect(run_count(result.report, "\"type\":\"message\"") == 1 && strstr(result.report, "double-free:"), "%s", result.report);
	run_destroy(&result);
}

/* --- whole, however it ends --------------------------------------------------------------------- */

Test(formats, nothing_found_is_a_document_too)
{
	char options[512];

	snprintf(options, sizeof options, "sarif_file=%s/sarif:json_file=%s/json", folder, folder);
	struct run_result result = run_preloaded("/bin/true", options);

	cr_expect(!result.report[0], "%s", result.report);
	run_destroy(&result);
	cr_expect(count_reports(true, "sarif") == 0);
	cr_expect(access(in_folder("json"), F_OK) != 0);
}

Test(formats, whole_after_an_abort)
{
	struct run_result result = run_formats(":on_error=abort");

	cr_expect(result.signal == 6, "status %d", result.status);
	cr_expect(count_reports(true, "sarif") == 1);
	cr_expect(count_reports(false, "json") == 1);
	run_destroy(&result);
}

/* The first `killed` of them are killed, one after the other. */
static void run_at_once(const char *program, const char *options, int killed)
{
	pid_t children[PROCESSES];
	char list[2048];

	snprintf(list, sizeof list, "MALLOC_DEBUG_OPTIONS=%s", options);
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			char preload[512];
			int null = open("/dev/null", O_WRONLY);

			snprintf(preload, sizeof preload, "LD_PRELOAD=%s", run_build_path("libmalloc_debug.so"));
			dup2(null, 1);
			dup2(null, 2);
			execle(run_build_path(program), program, NULL, (char *const[]){ list, preload, NULL });
			_exit(127);
		}
	}
	for (int i = 0; i < killed; i++) {
		usleep((useconds_t)(20000 + 10000 * i));
		kill(children[i], 9);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status = 0;

		cr_assert(waitpid(children[i], &status, 0) == children[i]);
		cr_expect(i < killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0), "child %d: %x", i, status);
	}
}

Test(formats, many_processes_one_file)
{
	char options[2048];

	snprintf(options, sizeof options, "json_file=%s/json:sarif_file=%s/sarif", folder, folder);
	run_at_once("programs/formats", options, 0);
	cr_expect(count_reports(false, "json") == PROCESSES * (ERRORS + 1));
	cr_expect(count_reports(true, "sarif") == PROCESSES * (ERRORS + 1));
}

Test(formats, killed_while_writing)
{
	char options[2048];

	snprintf(options, sizeof options, "symbolize=no:json_file=%s/json:sarif_file=%s/sarif", folder, folder);
	run_at_once("programs/formats", options, PROCESSES / 2);
	int json = count_reports(false, "json"), sarif = count_reports(true, "sarif");

	cr_expect(json >= PROCESSES / 2 * (ERRORS + 1) && sarif >= PROCESSES / 2 * (ERRORS + 1), "%d, %d", json, sarif);
}

/* There is room for the first results only: what does not fit leaves no trace. */
Test(formats, whole_when_there_is_no_room)
{
	char command[2048];
	struct stat status;

	snprintf(command, sizeof command, "ulimit -f 56; MALLOC_DEBUG_OPTIONS=sarif_file=%s/sarif:json_file=%s/json exec %s", folder,
		folder, run_build_path("programs/formats")); /* 56 times 512 bytes */
	struct run_result result = run_program(&(struct run_setup){ .program = "/bin/sh", .arguments = { "-c", command } });
	int sarif = count_reports(true, "sarif"), json = count_reports(false, "json");

	cr_expect(result.status == 0 && run_count_reports(result.report) == ERRORS + 1, "status %d: %s", result.status, result.report);
	cr_expect(stat(in_folder("sarif"), &status) == 0 && status.st_size <= 56 * 512);
	cr_expect(sarif > 0 && sarif < ERRORS + 1, "%d results", sarif);
	cr_expect(json > 0 && json <= ERRORS + 1, "%d lines", json);
	cr_expect(strstr(result.report, "cannot write a report to"), "%s", result.report);
	run_destroy(&result);
}

/* A forked child has files of its own. */
Test(formats, a_file_for_each_process)
{
	char options[1024];

	snprintf(options, sizeof options, "json_file=%s/%%e.%%p:format=json:log=%s/log.%%p.%%t.%%e%%%%", folder, folder);
	struct run_result result = run_preloaded("programs/bug_in_child", options);

	run_destroy(&result);
	result = run_program(&(struct run_setup){ .program = "/bin/sh",
		.plain = true,
		.arguments = { "-c",
			"cd $0 && wc -l bug_in_child.[0-9]* | grep -c '^ *1 ' && wc -l log.*.*.bug_in_child% | grep -c '^ *1 ' &&"
			" cat bug_in_child.* > json && cat log.* > log",
			folder } });
	cr_expect(result.status == 0 && !strcmp(result.text, "2\n2\n"), "%s%s", result.text, result.report);
	cr_expect(count_reports(false, "json") == 2 && count_reports(false, "log") == 2);
	run_destroy(&result);
}

/* --- files ------------------------------------------------------------------------------------------ */

Test(formats, files_are_put_aside)
{
	char options[2048];
	struct stat status;

	snprintf(options, sizeof options, "json_file=%s/json:log=%s/log:log_max=12k:log_keep=2", folder, folder);
	run_at_once("programs/formats", options, 0);
	for (const char *const *name = (const char *const[]){ "json", "json.1", "json.2", "log", "log.1", "log.2", NULL }; *name; name++) {
		cr_assert(stat(in_folder(*name), &status) == 0, "%s", *name);
		bool larger = status.st_size > 12 << 10;

		if (**name == 'j') /* a larger report has a file of its own */
			cr_expect(count_reports(false, *name) == 1 || !larger, "%s: %ld", *name, (long)status.st_size);
	}
	cr_expect(access(in_folder("json.3"), F_OK) != 0 && access(in_folder("log.3"), F_OK) != 0);
}

Test(formats, what_is_no_document_is_left_alone)
{
	struct run_result result;

	write_file("sarif",
		"{\"this\":\"is\",\"another\":\"document, longer than what is compared of its head, by a good many bytes, and then some more\"}\n");
	result = run_formats("");
	char *text = run_file_read(in_folder("sarif"));

	cr_expect(text && !strncmp(text, "{\"this\"", 7) && !strstr(text, "heap"), "%s", text);
	cr_expect(strstr(result.report, "cannot write a report to"), "%s", result.report);
	free(text);
	run_destroy(&result);
}

Test(formats, a_damaged_document_is_put_aside)
{
	struct run_result result = run_formats("");

	run_destroy(&result);
	cr_assert(truncate(in_folder("sarif"), 20000) == 0);
	result = run_formats("");
	run_destroy(&result);
	cr_expect(count_reports(true, "sarif") == ERRORS + 1);
	cr_expect(access(in_folder("sarif.1"), F_OK) == 0);
}

Test(formats, a_file_that_cannot_be_written_is_said_once)
{
	struct run_result result = run_preloaded("programs/formats", "json_file=/no/such/folder/json");

	cr_expect(run_count(result.report, "cannot write a report to /no/such/folder/json") == 1, "%s", result.report);
	cr_expect(run_count_reports(result.report) == ERRORS + 1, "%s", result.report);
	run_destroy(&result);
}
