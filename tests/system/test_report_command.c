/* SPDX-License-Identifier: MIT
 *
 * malloc-debug report, leaks and diff: reports of many processes are counted by bug, and nothing in a file is trusted.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/support/expect.h"

#define PYTHON "/usr/bin/python3" /* the one that Debian's python3-jsonschema is for */
#define REPORT_SCHEMA "report/report.schema.json"
#define SARIF_SCHEMA "tests/schemas/sarif-2.1.0.json"
#define FILES 100
#define REPORTS 100 /* in each */
#define BUGS 10

static char *folder;

static void make_folder(void)
{
	folder = run_folder_make();
}

static void remove_folder(void)
{
	run_folder_remove(folder);
}

TestSuite(report, .init = make_folder, .fini = remove_folder, .timeout = 120);

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

/* Runs a shell script in which $1 is the command, $2 the test's folder, $3 the build folder. */
static struct run_result run_script(const char *script)
{
	struct run_setup setup = { .program = "/bin/sh", .plain = true, .seconds_max = 100,
		.arguments = { "-c", script, "sh", run_build_path("malloc-debug"), folder, run_build_path("") } };

	return run_program(&setup);
}

#define COMMAND(...) run_program(&(struct run_setup){ .program = "malloc-debug", .arguments = { __VA_ARGS__ }, .plain = true })

/* The line that an example's error is in JSON. For free(). */
static char *make_line(const char *example)
{
	char option[600];
	struct run_result result;
	char *line;

	snprintf(option, sizeof option, "--json=%s/one.json", folder);
	result = COMMAND("run", option, "--no-leaks", "--", run_build_path(example));
	run_destroy(&result);
	line = run_file_read(in_folder("one.json"));
	cr_assert(line && strchr(line, '\n'));
	*strchr(line, '\n') = '\0';
	return line;
}

/* Puts text in place of what stands between the first occurrence of from and the first of `until` behind it. */
static char *replace(char *line, const char *from, const char *until, const char *text)
{
	char *begin = strstr(line, from), *end = begin ? strpbrk(begin + strlen(from), until) : NULL, *made;

	cr_assert(end, "%s is not there", from);
	cr_assert(asprintf(&made, "%.*s%s%s", (int)(begin + strlen(from) - line), line, text, end) > 0);
	free(line);
	return made;
}

static int count_valid(const char *what, const char *schema, const char *name)
{
	struct run_setup setup = { .program = PYTHON, .plain = true,
		.arguments = { run_source_path("tests/system/support/check_formats.py"), what, run_source_path(schema), in_folder(name) } };
	struct run_result result = run_program(&setup);
	int count = atoi(result.text);

	cr_expect(result.status == 0, "%s: %s%s", name, result.text, result.report);
	run_destroy(&result);
	return count;
}

Test(report, many_files_are_counted_by_bug)
{
	char *line = make_line("examples/double_free");

	for (int i = 0; i < FILES; i++) {
		char name[32];
		FILE *file;

		snprintf(name, sizeof name, "many%d.json", i);
		file = fopen(in_folder(name), "w");
		cr_assert(file);
		for (int k = 0; k < REPORTS; k++) {
			char text[64];

			snprintf(text, sizeof text, "%d", 10000 + i);
			line = replace(line, "\"pid\":", ",", text);
			snprintf(text, sizeof text, "host%d", i % 4);
			line = replace(line, "\"host\":\"", "\"", text);
			snprintf(text, sizeof text, "%d", k + 1);
			line = replace(line, "\"number\":", ",", text);
			snprintf(text, sizeof text, "%d.5", k);
			line = replace(line, "\"seconds\":", "}", text);
			snprintf(text, sizeof text, "%016x", k % BUGS + 1);
			line = replace(line, "\"fingerprint\":\"", "\"", text);
			fprintf(file, "%s\n", line);
		}
		cr_assert(fclose(file) == 0);
	}
	free(line);

	struct run_result result = run_script("exec \"$1\" report --format json --output \"$2\"/merged \"$2\"/many*.json");
	cr_expect(result.status == 0 && !*result.report, "status %d: %s", result.status, result.report);
	run_destroy(&result);
	cr_expect(count_valid("--json", REPORT_SCHEMA, "merged") == BUGS);

	char *merged = run_file_read(in_folder("merged"));
	cr_expect(run_count(merged, "\"merged\":{\"reports\":1000,\"processes\":100,\"hosts\":4,") == BUGS, "%.300s", merged);
	/* newest first: the highest k is 99, which is bug 10 */
	cr_expect(strstr(merged, "000000000000000a") < strstr(merged, "0000000000000009"));
	free(merged);

	/* what was merged can be merged again, and what is met twice counts once */
	result = run_script("exec \"$1\" report \"$2\"/merged \"$2\"/merged");
	cr_expect(strstr(result.text, "10000 reports from"), "%s", result.text);
	cr_expect(strstr(result.text, "10 met again and counted once."), "%s", result.text);
	run_destroy(&result);
	result = run_script("exec \"$1\" report \"$2\"/many1.json \"$2\"/many1.json \"$2\"/many2.json");
	cr_expect(strstr(result.text, "200 reports from 2 processes on 2 machines in 3 files: 10 bugs."), "%s", result.text);
	cr_expect(strstr(result.text, "100 met again"), "%s", result.text);
	run_destroy(&result);

	result = run_script("exec \"$1\" report --format sarif -o \"$2\"/sarif \"$2\"/many*.json");
	cr_expect(result.status == 0);
	run_destroy(&result);
	cr_expect(count_valid("--sarif", SARIF_SCHEMA, "sarif") == BUGS);
	merged = run_file_read(in_folder("sarif"));
	cr_expect(run_count(merged, "\"occurrenceCount\":1000") == BUGS);
	free(merged);

	result = run_script("exec \"$1\" report --format html \"$2\"/many*.json");
	cr_expect(result.status == 0 && strstr(result.text, "<html") && strstr(result.text, "000000000000000a"));
	run_destroy(&result);
}

/* Whether all lines of one text that begin with a frame's number stand in the other, too. */
static void expect_same_frames(const char *text, const char *other)
{
	int frames = 0;

	for (const char *at = text; (at = strstr(at, "    #")); at++) {
		char line[1024];

		snprintf(line, sizeof line, "%.*s\n", (int)strcspn(at, "\n"), at);
		cr_expect(strstr(other, line), "missing: %s", line);
		frames++;
	}
	cr_expect(frames >= 6, "%d frames", frames);
}

Test(report, text_is_as_the_library_writes_it)
{
	static const char *const examples[] = { "double_free", "heap_buffer_overflow", "heap_use_after_free", "heap_buffer_underflow", "bad_free",
		"alloc_dealloc_mismatch", "negative_size_param", "memcpy_param_overlap", "SEGV", "leak" };

	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		char program[64], option[600];

		snprintf(program, sizeof program, "examples/%s", examples[i]);
		snprintf(option, sizeof option, "--json=%s/same.json", folder);
		struct run_result run = COMMAND("run", option, "--", run_build_path(program));
		struct run_result result = COMMAND("report", in_folder("same.json"));

		cr_expect(result.status == 0, "%s: %s", examples[i], result.report);
		expect_same_frames(run.report, result.text);
		/* headings, the summary and the rows of the hexdump */
		for (const char *at = run.report; (at = strchr(at, '\n')); at++) {
			char line[512];

			snprintf(line, sizeof line, "%.*s\n", (int)strcspn(at + 1, "\n"), at + 1);
			if (!strncmp(line, "READ ", 5) || !strncmp(line, "WRITE ", 6) || !strncmp(line, "=>0x", 4) || !strncmp(line, "Hint:", 5) ||
				!strncmp(line, "freed ", 6) || !strncmp(line, "allocated ", 10) || !strncmp(line, "previously ", 11) ||
				!strncmp(line, "written ", 8) || (!strncmp(line, "SUMMARY: malloc-debug: ", 23) && !strstr(line, "leaked in")))
				cr_expect(strstr(result.text, line), "%s: missing: %s", examples[i], line);
		}
		run_destroy(&result);
		run_destroy(&run);
	}
}

Test(report, damaged_lines_are_named_and_passed_over)
{
	char *line = make_line("examples/double_free"), *text;

	cr_assert(asprintf(&text,
			  "%s\n%.400s\nnot json at all\n\n{\"version\":1,\"type\":\"error\"}\n{\"version\":1,\"type\":\"weather\",\"rain\":[1,2]}\n"
			  "{\"version\":2,\"type\":\"error\"}\n{\"version\":1,\"type\":\"leaks\",\"x\":\"\xff\"}\n[[[[1]]]]\n{} {}\n{\"a\":01}\n{\"a\":\"\t\"}\n%.100s",
			  line, line, line) > 0);
	write_file("damaged", text);
	free(text);
	struct run_result result = COMMAND("report", in_folder("damaged"));
	cr_expect(result.status == 0, "status %d", result.status);
	cr_expect(strstr(result.text, "1 report from 1 process") && strstr(result.text, "2 of other types passed over."), "%s", result.text);
	for (int number = 2; number <= 13; number++) {
		char place[32];

		snprintf(place, sizeof place, "damaged:%d: ", number);
		bool good = number == 3 || number == 4 || number == 6 || number == 7 || number == 9 || number == 10; /* 3, 9, 10 are somebody else's */
		cr_expect(!strstr(result.report, place) == good, "%s%s", place, result.report);
	}
	cr_expect(run_count(result.report, "passed over") == 6, "%s", result.report);
	run_destroy(&result);

	/* unknown members are no damage, and text that would steer a terminal does not reach it */
	line = replace(line, "\"hint\":\"", "\"", "\\u001b[31m\\u0007 \\ud83d\\ude00");
	line = replace(line, "\"version\":1", ",", ",\"future\":{\"a\":[null,true,1e3,-0.5]}");
	write_file("future", line);
	result = COMMAND("report", in_folder("future"));
	cr_expect(result.status == 0 && !*result.report && strstr(result.text, "1 report"), "%s%s", result.text, result.report);
	cr_expect(!strchr(result.text, '\033') && !strchr(result.text, '\a'));
	run_destroy(&result);

	/* a thousand brackets, and a file without any report */
	text = calloc(1, 3000);
	memcpy(text, "{\"a\":", 5);
	memset(text + 5, '[', 2000);
	write_file("deep", text);
	free(text);
	result = COMMAND("report", in_folder("deep"));
	cr_expect(result.status == 1 && strstr(result.report, "deep:1: too many brackets"), "status %d: %s", result.status, result.report);
	run_destroy(&result);
	free(line);
}

/* What is no file of JSON lines is named in one line, with a status that says so, by all that read them. */
Test(report, files_without_reports_are_named)
{
	static const char *const commands[] = { "report", "leaks" };
	static const struct {
		const char *name, *said;
	} rows[] = { { "sarif", "sarif: it is SARIF; reports as JSON lines can be merged: malloc-debug run --json FILE\n" },
		{ "other", "other: there is no report in it\n" }, { "own.json", "own.json: there is no report in it\n" },
		{ "binary", "binary: it is binary, not a file of reports\n" }, { "torn", "torn:1: a string without end; passed over\n" } };
	char *line = make_line("examples/double_free");

	write_file("other", "once upon\n\n[1] a time\n");
	write_file("own.json", "{\"level\":\"info\",\"text\":\"started\"}\n");
	strstr(line, "title")[3] = '\0';
	write_file("torn", line);
	free(line);
	struct run_result result = run_script("cp \"$1\" \"$2\"/binary; truncate -s 0 \"$2\"/page.html;"
		"exec \"$1\" run --sarif=\"$2\"/sarif --html=\"$2\"/page.html -- \"$3\"/examples/double_free");
	run_destroy(&result);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
			result = COMMAND(commands[i], in_folder(rows[k].name));
			cr_expect(result.status == 1 && !*result.text, "%s %s: status %d: %s", commands[i], rows[k].name, result.status, result.text);
			cr_expect(run_count(result.report, "\n") == 1 && strstr(result.report, rows[k].said), "%s: %s", rows[k].name, result.report);
			run_destroy(&result);
		}
		result = COMMAND(commands[i], "/dev/null");
		cr_expect(result.status == 0 && strstr(result.text, "0 reports") && !*result.report, "status %d: %s", result.status, result.report);
		run_destroy(&result);
	}
	/* a page has its reports in it, and a good file beside a bad one is shown */
	result = COMMAND("report", in_folder("page.html"), in_folder("other"));
	cr_expect(result.status == 1 && strstr(result.text, "1 bug.") && strstr(result.text, "double-free"), "%s", result.text);
	cr_expect(run_count(result.report, "\n") == 1, "%s", result.report);
	run_destroy(&result);
}

/* What text tells is merged as JSON is: the same bugs by the same fingerprints, at the same places. */
Test(report, text_logs_are_merged)
{
	static const char *const examples[] = { "double_free", "heap_buffer_overflow", "heap_use_after_free", "heap_buffer_underflow", "bad_free",
		"alloc_dealloc_mismatch", "new_delete_type_mismatch", "free_size_mismatch", "negative_size_param", "memcpy_param_overlap",
		"strcat_param_overlap", "heap_wild_access", "stack_overflow", "out_of_memory", "calloc_overflow", "SEGV", "FPE", "leak", "slow_server" };
	size_t count = sizeof examples / sizeof *examples;

	for (size_t i = 0; i < count; i++) {
		char program[64], json[600], text[600];

		snprintf(program, sizeof program, "examples/%s", examples[i]);
		snprintf(json, sizeof json, "--json=%s/%s.json", folder, examples[i]);
		snprintf(text, sizeof text, "--log=%s/%s.text", folder, examples[i]);
		struct run_result run = COMMAND("run", "--bad_requests=report", "--crashes=fpe", "--color=always", "--leak_kinds=direct,possible,reachable",
			json, text, "--", run_build_path(program));
		run_destroy(&run);
		for (int late = 0; late < 2; late++) { /* seen in the act, and later */
			struct run_result of_json = COMMAND("report", strchr(json, '=') + 1), of_text = COMMAND("report", strchr(text, '=') + 1);

			cr_assert(of_json.status == 0 && of_text.status == 0 && !*of_text.report, "%s: %s", examples[i], of_text.report);
			for (const char *at = of_json.text; (at = strstr(at, "(fingerprint ")); at++) {
				char word[64];

				snprintf(word, sizeof word, "%.30s", at);
				cr_expect(strstr(of_text.text, word), "%s: %s of JSON is not in\n%s", examples[i], word, of_text.text);
			}
			const char *table = strstr(of_json.text, "\nbug "), *at = of_text.text;
			cr_assert(table);
			for (table = strchr(table + 1, '\n') + 1; *table == '['; table = strchr(table, '\n') + 1) {
				char row[2048]; /* behind the time: what and where */

				snprintf(row, sizeof row, "%.*s", (int)strcspn(table, "\n"), table);
				cr_expect(strstr(of_text.text, strstr(row, "UTC  ")), "%s: no row %s in\n%s", examples[i], row, at);
			}
			cr_expect(run_count(of_json.text, "(fingerprint ") == run_count(of_text.text, "(fingerprint "), "%s", examples[i]);
			run_destroy(&of_json);
			run_destroy(&of_text);
			run = run_script("rm -f \"$2\"/*.json \"$2\"/*.text");
			run_destroy(&run);
			run = COMMAND("run", "--guard=off", "--calls=no", "--bad_requests=report", "--crashes=fpe", json, text, "--", run_build_path(program));
			run_destroy(&run);
			if (access(strchr(text, '=') + 1, R_OK)) /* not seen without */
				break;
		}
	}
}

/* A log of several processes with other lines around, one report without its end, and one line of everything. */
Test(report, text_logs_may_have_anything_in_them)
{
	struct run_result result = run_script(
		"cd \"$2\"; for e in double_free bad_free double_free; do \"$1\" run --no-leaks -- \"$3\"/examples/$e >> log 2>&1; echo '{\"a\":1}' >> log; done;"
		"head -9 log > head; cat log >> head; cp log cut; head -5 log >> cut; exec \"$1\" report log");
	cr_expect(result.status == 0 && strstr(result.text, "3 reports from 3 processes on 1 machine in 1 file: 2 bugs."), "%s%s", result.text, result.report);
	run_destroy(&result);
	result = COMMAND("report", in_folder("head"));
	cr_expect(result.status == 0 && strstr(result.text, "3 reports from 3"), "%s", result.text);
	cr_expect(strstr(result.report, "head:11: the report before has no end; passed over\n"), "%s", result.report);
	run_destroy(&result);
	result = COMMAND("report", in_folder("cut"));
	cr_expect(result.status == 0 && strstr(result.report, "the report before has no end; passed over\n"), "%s", result.report);
	run_destroy(&result);

	char *text = run_file_read(in_folder("log"));
	size_t bytes = strlen(text);
	FILE *file = fopen(in_folder("fuzz"), "w");
	unsigned seed = 4711;

	cr_assert(file && bytes > 0);
	for (int i = 0; i < 300; i++) {
		char *copy = strdup(text);

		for (int k = 0; k < 20; k++) {
			seed = seed * 1103515245 + 12345;
			copy[(seed >> 8) % bytes] = (char)(k % 2 ? "():/+# x0"[(seed >> 4) % 9] : (char)(seed >> 3));
		}
		fwrite(copy, 1, i % 5 ? bytes : (seed >> 3) % bytes, file);
		free(copy);
	}
	cr_assert(fclose(file) == 0);
	free(text);
	static const char *const formats[] = { "text", "json", "sarif", "html" };
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		result = COMMAND("report", "--format", formats[i], "-o", in_folder("fuzzed"), in_folder("fuzz"));
		cr_expect(result.status == 0 && result.signal == 0, "%s: status %d, signal %d: %.500s", formats[i], result.status, result.signal, result.report);
		run_destroy(&result);
	}
}

/* Each bit and each end of a line: nothing crashes, and what is not a report is not counted. */
Test(report, any_damage_is_survived)
{
	char *line = make_line("examples/heap_use_after_free");
	size_t bytes = strlen(line);
	FILE *file = fopen(in_folder("fuzz"), "w");
	unsigned seed = 12345;

	cr_assert(file);
	for (int i = 0; i < 2000; i++) {
		char *copy = strdup(line);
		size_t length = bytes;

		for (int k = 0; k < 3; k++) {
			seed = seed * 1103515245 + 12345;
			copy[(seed >> 8) % bytes] ^= (char)(1 << (seed >> 4) % 8);
		}
		if (i % 3 == 0)
			length = (seed >> 3) % bytes;
		fwrite(copy, 1, length, file);
		fputc('\n', file);
		free(copy);
	}
	cr_assert(fclose(file) == 0);
	free(line);
	static const char *const formats[] = { "text", "json", "sarif", "html" };
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		struct run_result result = COMMAND("report", "--format", formats[i], "-o", in_folder("fuzzed"), in_folder("fuzz"));

		cr_expect(result.status <= 1 && result.signal == 0, "%s: signal %d", formats[i], result.signal);
		cr_expect(strstr(result.report, "damaged lines more"), "%s", result.report);
		run_destroy(&result);
		if (!strcmp(formats[i], "sarif")) { /* what damage left of a report is still a whole document */
			char *text = run_file_read(in_folder("fuzzed"));
			cr_expect(text && strstr(text, "\n]}]}\n"));
			free(text);
		}
	}
	struct run_result result = COMMAND("symbolize", "-o", in_folder("fuzzed"), in_folder("fuzz"));
	cr_expect(result.status == 0 && result.signal == 0, "status %d, signal %d", result.status, result.signal);
	run_destroy(&result);
	result = COMMAND("map", in_folder("fuzz"));
	cr_expect(result.status == 1);
	run_destroy(&result);
}

Test(report, leaks_of_processes_are_added_up)
{
	struct run_result result = run_script("for i in 1 2 3; do \"$1\" run --json_file=\"$2\"/leaks -- \"$3\"/examples/leak; done > \"$2\"/out 2>&1;"
					      "exec \"$1\" leaks \"$2\"/leaks");
	cr_expect(result.status == 0, "%s", result.report);
	cr_expect(strstr(result.text, "Direct leak of 96 bytes in 6 blocks allocated by malloc here:"), "%s", result.text);
	cr_expect(strstr(result.text, "Leaks at the last search of 3 processes: 147 bytes in 12 blocks leaked"), "%s", result.text);
	run_destroy(&result);

	result = run_script("exec \"$1\" leaks --format json -o \"$2\"/sum \"$2\"/leaks");
	cr_expect(result.status == 0);
	run_destroy(&result);
	cr_expect(count_valid("--json", REPORT_SCHEMA, "sum") == 1);
	char *sum = run_file_read(in_folder("sum"));
	cr_expect(strstr(sum, "\"direct\":{\"blocks\":6,\"bytes\":96},\"indirect\":{\"blocks\":6,\"bytes\":51}"), "%s", sum);
	free(sum);
}

Test(report, diff_says_what_is_new_gone_and_grown)
{
	struct run_result result = run_script("run() { \"$1\" run $6 --json_file=\"$2\"/\"$3\" -- \"$4\"/examples/\"$5\"; };"
					      "{ run \"$1\" \"$2\" old \"$3\" leak; run \"$1\" \"$2\" old \"$3\" double_free --no-leaks;"
					      "run \"$1\" \"$2\" new \"$3\" leak; run \"$1\" \"$2\" new \"$3\" leak; run \"$1\" \"$2\" new \"$3\" bad_free --no-leaks;"
					      "} > \"$2\"/out 2>&1; exec \"$1\" diff \"$2\"/old \"$2\"/new");
	cr_expect(result.status == 1, "status %d: %s", result.status, result.report);
	cr_expect(strstr(result.text, "new: bad-free: 1 report, "), "%s", result.text);
	cr_expect(strstr(result.text, "grown: direct-leak: 64 bytes in 4 blocks (was 32 bytes in 2 blocks), "), "%s", result.text);
	cr_expect(strstr(result.text, "gone: double-free: 1 report, "), "%s", result.text);
	cr_expect(strstr(result.text, "1 new, 1 grown, 1 gone, 0 shrunk, 0 same\n"), "%s", result.text);
	run_destroy(&result);

	result = COMMAND("diff", in_folder("new"), in_folder("new"));
	cr_expect(result.status == 0 && strstr(result.text, "0 new, 0 grown, 0 gone, 0 shrunk, 2 same"), "status %d: %s", result.status, result.text);
	run_destroy(&result);
	result = COMMAND("diff", "--format=json", in_folder("old"), in_folder("new"));
	cr_expect(result.status == 1 && run_count(result.text, "\"type\":\"difference\"") == 3, "%s", result.text);
	run_destroy(&result);
	result = COMMAND("diff", in_folder("old"), in_folder("none"));
	cr_expect(result.status == 2 && strstr(result.report, "none: No such file"), "status %d: %s", result.status, result.report);
	run_destroy(&result);
	result = COMMAND("diff", in_folder("old"));
	cr_expect(result.status == 2);
	run_destroy(&result);
}

/* Waits are for what happens, not for times: each loop ends with it, or fails the test by its end. */
Test(report, leaks_asks_a_running_process)
{
	struct run_result result = run_script(
		"\"$1\" run --signal_leaks=10 --log=\"$2\"/log -- sleep 60 & pid=$!; n=0;"
		"until \"$1\" leaks --pid $pid 2> \"$2\"/err; do n=$((n+1)); [ $n -lt 300 ] || exit 3; sleep 0.1; done;"
		"until grep -q 'malloc-debug: no memory leaks' \"$2\"/log; do n=$((n+1)); [ $n -lt 600 ] || exit 4; sleep 0.1; done; kill $pid");
	cr_expect(result.status == 0, "status %d: %s", result.status, result.report);
	cr_expect(strstr(result.text, "Signal 10 is sent") && strstr(result.text, "/log"), "%s", result.text);
	run_destroy(&result);

	/* one that does not listen is not killed by the question */
	result = run_script("sleep 60 & pid=$!; \"$1\" leaks -p $pid; status=$?; kill -0 $pid || exit 9; kill $pid; exit $status");
	cr_expect(result.status == 1 && strstr(result.report, "does not run with malloc-debug"), "status %d: %s", result.status, result.report);
	run_destroy(&result);
	result = run_script("\"$1\" run --log=\"$2\"/log2 -- sleep 60 & pid=$!; n=0; until grep -q libmalloc_debug /proc/$pid/maps; do n=$((n+1));"
			    "[ $n -lt 300 ] || exit 3; sleep 0.1; done;"
			    "\"$1\" leaks -p $pid; status=$?; kill -0 $pid || exit 9; kill $pid; exit $status");
	cr_expect(result.status == 1 && strstr(result.report, "started without signal_leaks"), "status %d: %s", result.status, result.report);
	run_destroy(&result);
	result = COMMAND("leaks", "-p", "999999999");
	cr_expect(result.status == 1 && strstr(result.report, "there is none"), "%s", result.report);
	run_destroy(&result);
	result = COMMAND("leaks", "-p", "one");
	cr_expect(result.status == 2 && strstr(result.report, "no process number"), "%s", result.report);
	run_destroy(&result);
}

Test(report, wrong_use_is_said)
{
	struct run_result result = COMMAND("report");
	cr_expect(result.status == 2 && strstr(result.report, "no file"), "%s", result.report);
	run_destroy(&result);
	result = COMMAND("report", "--fromat=json", "x");
	cr_expect(result.status == 2 && strstr(result.report, "the nearest is --format"), "%s", result.report);
	run_destroy(&result);
	result = COMMAND("report", "--format=yaml", "x");
	cr_expect(result.status == 2 && strstr(result.report, "text|json|sarif|html"), "%s", result.report);
	run_destroy(&result);
	result = COMMAND("report", "--format");
	cr_expect(result.status == 2 && strstr(result.report, "is missing"), "%s", result.report);
	run_destroy(&result);
	result = COMMAND("report", in_folder("none"));
	cr_expect(result.status == 1 && strstr(result.report, "none: No such file") && !*result.text, "%s%s", result.text, result.report);
	run_destroy(&result);
	result = COMMAND("report", folder);
	cr_expect(result.status == 1 && strstr(result.report, "Is a directory"), "%s", result.report);
	run_destroy(&result);
	write_file("empty", "");
	result = COMMAND("report", in_folder("empty"));
	cr_expect(result.status == 0 && strstr(result.text, "0 reports"), "status %d: %s", result.status, result.text);
	run_destroy(&result);
	result = COMMAND("report", "-o", "/dev/full", in_folder("empty"));
	cr_expect(result.status == 1 && strstr(result.report, "No space left"), "status %d: %s", result.status, result.report);
	run_destroy(&result);
}

Test(report, map_is_shown_as_text_and_drawing)
{
	char option[600];

	snprintf(option, sizeof option, "--map_file=%s/map.json", folder);
	struct run_result result = COMMAND("run", "--show=map", option, "--", run_build_path("examples/leak"));
	run_destroy(&result);
	result = COMMAND("map", in_folder("map.json"));
	cr_expect(result.status == 0 && expect_find(&(const char *){ result.text }, "live blocks") && strstr(result.text, "leak.c:31 in request_create"),
		"%s%s", result.text, result.report);
	run_destroy(&result);
	result = COMMAND("map", "--format=svg", in_folder("map.json"));
	cr_expect(result.status == 0 && strstr(result.text, "<svg") && strstr(result.text, "</svg>"), "%s", result.report);
	run_destroy(&result);
	result = COMMAND("map", "--html", in_folder("map.html"), in_folder("map.json"));
	cr_expect(result.status == 0 && access(in_folder("map.html"), R_OK) == 0, "%s", result.report);
	run_destroy(&result);
}
