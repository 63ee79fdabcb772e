/* SPDX-License-Identifier: MIT
 *
 * Maps and histories as JSON and as pages, by options and by the calls of the header.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/support/expect.h"

#define PYTHON "/usr/bin/python3" /* the one that Debian's python3-jsonschema is for */

static char *folder;

static void make_folder(void)
{
	folder = run_folder_make();
}

static void remove_folder(void)
{
	run_folder_remove(folder);
}

TestSuite(pictures, .init = make_folder, .fini = remove_folder, .timeout = 120);

static const char *in_folder(const char *name)
{
	static char paths[8][512];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

/* Runs a script of tests/system/support on a file in the folder, and expects it to print `wanted`. */
static void expect_check(
	const char *script, const char *schema, const char *file, const char *first, const char *second, const char *wanted)
{
	struct run_setup setup = { .program = PYTHON,
		.plain = true,
		.seconds_max = 100,
		.arguments = { run_source_path(script), schema ? schema : in_folder(file), schema ? in_folder(file) : first,
			schema ? first : second, schema ? second : NULL } };
	struct run_result result = run_program(&setup);

	cr_expect(result.status == 0 && strstr(result.text, wanted), "%s %s: %s%s", script, file, result.text, result.report);
	run_destroy(&result);
}

/* live, blocks_max: see check_pictures.py. */
static void expect_picture(const char *file, const char *live, const char *blocks_max, const char *wanted)
{
	char schema[512];

	snprintf(schema, sizeof schema, "%s", run_source_path("report/report.schema.json"));
	expect_check("tests/system/support/check_pictures.py", schema, file, live, blocks_max, wanted);
}

static void expect_page(const char *file, const char *word)
{
	expect_check("tests/system/support/check_page.py", NULL, file, "1", word, "page with 1 lines");
}

static void expect_in_file(const char *file, const char *words)
{
	char *text = run_file_read(in_folder(file));

	cr_expect(text && strstr(text, words), "not in %s: %s", file, words);
	free(text);
}

/* Runs programs/api_pictures with `count` blocks. */
static void make_pictures(const char *count, const char *options)
{
	struct run_setup setup = { .program = "programs/api_pictures", .arguments = { folder, count }, .options = options };
	struct run_result result = run_program(&setup);

	cr_expect(result.status == 0 && !strstr(result.text, "failed"), "status %d: %s%s", result.status, result.text, result.report);
	cr_expect(strstr(result.text, "\"total\":1,") && strstr(result.text, "one event: 1\n"), "%s", result.text);
	cr_expect(strstr(result.text, "wrong: 1 1 1\n"), "%s", result.text);
	cr_expect(!*result.report, "on standard error: %s", result.report);
	run_destroy(&result);
}

Test(pictures, calls_write_all_formats)
{
	make_pictures("30", NULL);
	expect_picture("map.json", "20", "0", "map ");
	expect_picture("history.json", "-1", "0", "history ");
	expect_page("map.html", "make_other");
	expect_page("history.html", "make_one");
	expect_in_file("map.text", "Zones of the heap");
	expect_in_file("history.text", "make_one");
}

/* Alike neighbours first, then whatever is near. */
Test(pictures, large_heaps_are_put_together)
{
	make_pictures("3000", "map_blocks=200");
	expect_picture("map.json", "-1", "200", "map ");
	make_pictures("20000", "map_blocks=1");
	expect_picture("map.json", "-1", "1", "map ");
	make_pictures("3000", NULL);
	expect_picture("map.json", "2000", "0", "map ");
}

/* Frames can be named later. */
Test(pictures, json_without_names)
{
	make_pictures("30", "symbolize=0");
	expect_picture("map.json", "-1", "0", "map ");
	expect_in_file("map.json", "\"offset\":");
	expect_page("map.html", "api_pictures");
}

Test(pictures, options_write_json)
{
	char options[1024];

	snprintf(options, sizeof options, "show=map,history:json_file=%s/all.json", folder);
	struct run_result result = run_preloaded("programs/ok_malloc_zero", options);

	cr_expect(result.status == 0 && strstr(result.report, "Zones of the heap") && strstr(result.report, "History: "), "%s",
		result.report);
	run_destroy(&result);
	expect_picture("all.json", "-1", "0", "map ");

	snprintf(options, sizeof options, "show=map,history:format=json:log=%s/log", folder);
	result = run_preloaded("programs/ok_malloc_zero", options);
	cr_expect(result.status == 0 && !*result.report, "%s", result.report);
	run_destroy(&result);
	expect_picture("log", "-1", "0", "map ");
	char *log = run_file_read(in_folder("log"));
	cr_expect(log && !strstr(log, "\"message\"") && !strstr(log, "Zones of the heap"), "%s", log);
	free(log);
}

Test(pictures, map_file_by_its_name)
{
	char options[1024];

	for (int i = 0; i < 3; i++) {
		snprintf(options, sizeof options, "show=map:map_file=%s/heap.%s", folder, i ? "html" : "json");
		struct run_result result = run_preloaded("programs/ok_malloc_zero", options);

		cr_expect(result.status == 0 && !*result.report, "%s", result.report);
		run_destroy(&result);
	}
	expect_picture("heap.json", "-1", "0", "map ");
	expect_page("heap.html", "ok_malloc_zero");
	char *page = run_file_read(in_folder("heap.html"));

	cr_expect_eq(run_count(page, "<!DOCTYPE"), 1, "the second page does not stand in the first one's place");
	free(page);
	snprintf(options, sizeof options, "show=map:map_file=%s/no/such.json", folder);
	struct run_result result = run_preloaded("programs/ok_malloc_zero", options);
	cr_expect(result.status == 0 && strstr(result.report, "cannot write the map"), "%s", result.report);
	run_destroy(&result);
}

#define CHROMIUM "/usr/bin/chromium"

/* Runs a program that must succeed and print `wanted`. */
static void expect_prints(struct run_setup setup, const char *wanted)
{
	setup.plain = true;
	setup.seconds_max = 110;
	struct run_result result = run_program(&setup);

	cr_assert(result.status == 0 && strstr(result.text, wanted), "%s: status %d: %s%s", setup.program, result.status, result.text,
		result.report);
	run_destroy(&result);
}

/* 400 reports of all kinds, with names that try to be markup and code, as a page and as a drawing. */
static void make_hostile(void)
{
	char script[512], reports[512];

	snprintf(script, sizeof script, "%s", run_source_path("tests/html/make_reports.py"));
	snprintf(reports, sizeof reports, "%s", in_folder("reports.json"));
	expect_prints((struct run_setup){ .program = PYTHON, .arguments = { script, "400", reports } }, "");
	expect_prints((struct run_setup){ .program = "tests/html/render", .arguments = { "html", in_folder("page.html"), reports } }, "");
	expect_prints((struct run_setup){ .program = "tests/html/render", .arguments = { "svg", in_folder("map.svg"), reports } }, "");
}

Test(pictures, hostile_names_stay_text)
{
	make_hostile();
	expect_check("tests/system/support/check_page.py", NULL, "page.html", "410", "</script><script>window.hurt=1</script>",
		"page with 410 lines, 1 damaged");
	expect_in_file("page.html", "<title>Test &lt;&amp;> page</title>");
	expect_check("tests/system/support/check_svg.py", NULL, "map.svg", in_folder("reports.json"), NULL, "drawing of ");
}

/* Clicks and keys; what is shown is what the data say; nothing is loaded, and no name is run. */
Test(pictures, page_in_a_browser, .timeout = 240)
{
	if (access(CHROMIUM, X_OK))
		cr_skip_test("there is no " CHROMIUM ": pages are not tested in a browser");
	make_hostile();
	expect_check("tests/html/check_browser.py", CHROMIUM, "page.html", in_folder("reports.json"), NULL, "checks passed");
}

/* The page that the library itself writes, of more blocks than are listed one by one. */
Test(pictures, page_of_the_library_in_a_browser, .timeout = 240)
{
	if (access(CHROMIUM, X_OK))
		cr_skip_test("there is no " CHROMIUM ": pages are not tested in a browser");
	make_pictures("20000", "map_blocks=3000");
	expect_check("tests/html/check_browser.py", CHROMIUM, "map.html", in_folder("map.json"), NULL, "checks passed");
}
