/* SPDX-License-Identifier: MIT
 *
 * malloc-debug symbolize: names of a stripped program are found later, in its debug file, and the report becomes the one that the unstripped
 * program would have written.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/system/support/expect.h"

static char *folder;

/* Leaves in the folder: full.json, of the unstripped program; stripped.json and stripped.txt, of the stripped one; by-id and by-name, folders
 * with its debug file; other, with that of another build. Under both names the program is the same file, so that offsets and build-ids are. */
static const char prepare[] =
	"set -e; mkdir -p \"$2\"/by-name \"$2\"/other \"$2\"/bin; cd \"$2\"\n"
	"cat > p.c <<'END'\n"
	"#include <stdlib.h>\n"
	"static inline __attribute__((always_inline)) void release(char *block)\n"
	"{\n"
	"	free(block);\n"
	"}\n"
	"static __attribute__((noinline)) void twice(char *block)\n"
	"{\n"
	"	release(block);\n"
	"	__asm__ volatile(\"\" : : : \"memory\");\n"
	"	release(block);\n"
	"	__asm__ volatile(\"\" : : : \"memory\");\n"
	"}\n"
	"int main(void)\n"
	"{\n"
	"	twice(malloc(10));\n"
	"	return 0;\n"
	"}\n"
	"END\n"
	"cc -O1 -g -w -fno-builtin -Wl,--build-id p.c -o bin/full\n"
	"objcopy --only-keep-debug bin/full by-name/stripped.debug\n"
	"strip --strip-all -o bin/stripped bin/full\n"
	"sed 's/malloc(10)/malloc(11)/' p.c > q.c; cc -O1 -g -w -fno-builtin -Wl,--build-id q.c -o other/stripped\n"
	"id=$(readelf -n bin/full | sed -n 's/.*Build ID: //p'); rest=${id#??}; mkdir -p by-id/.build-id/${id%$rest}\n"
	"cp by-name/stripped.debug by-id/.build-id/${id%$rest}/$rest.debug; echo $id > id\n"
	"\"$1\" run --no-leaks --json=full.json -- bin/full 2> full.txt\n"
	"\"$1\" run --no-leaks --json=stripped.json -- bin/stripped 2> stripped.txt\n";

static struct run_result run_script(const char *script)
{
	struct run_setup setup = { .program = "/bin/sh", .plain = true, .seconds_max = 60,
		.arguments = { "-c", script, "sh", run_build_path("malloc-debug"), folder } };

	return run_program(&setup);
}

static void make_folder(void)
{
	folder = run_folder_make();
	struct run_result result = run_script(prepare);
	cr_assert(result.status == 0, "status %d: %s%s", result.status, result.text, result.report);
	run_destroy(&result);
}

static void remove_folder(void)
{
	run_folder_remove(folder);
}

TestSuite(symbolize, .init = make_folder, .fini = remove_folder, .timeout = 120);

static char *read_file(const char *name)
{
	char path[600];
	char *text;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	text = run_file_read(path);
	cr_assert(text, "%s", path);
	return text;
}

/* "name":"..." of a JSON line; in one of two static buffers in turn. */
static const char *get(const char *line, const char *name)
{
	static char values[2][256];
	static unsigned turn;
	char *value = values[turn++ % 2], key[64];
	const char *at;

	snprintf(key, sizeof key, "\"%s\":\"", name);
	at = strstr(line, key);
	cr_assert(at, "no %s in %s", name, line);
	snprintf(value, sizeof values[0], "%.*s", (int)strcspn(at + strlen(key), "\""), at + strlen(key));
	return value;
}

static void expect_as_full(const char *line)
{
	char *full = read_file("full.json");

	cr_expect_str_eq(get(line, "fingerprint"), get(full, "fingerprint"));
	cr_expect_str_eq(get(line, "site"), get(full, "site"));
	cr_expect(strstr(get(line, "site"), "/p.c:"), "%s", get(line, "site"));
	/* the function that was inlined is a frame of its own, and each frame has as many names as in the full report */
	cr_expect(strstr(line, "\"inlined\":true"), "%s", line);
	cr_expect(run_count(line, "\"function\":\"release\"") == run_count(full, "\"function\":\"release\""));
	cr_expect(run_count(line, "\"function\":\"twice\"") == run_count(full, "\"function\":\"twice\""));
	free(full);
}

Test(symbolize, json_becomes_that_of_the_full_program)
{
	static const char *const folders[] = { "by-id", "by-name" };
	char *before = read_file("stripped.json"), *full = read_file("full.json");

	cr_assert(!strstr(before, "twice") && strcmp(get(before, "fingerprint"), get(full, "fingerprint")));
	free(before);
	free(full);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		char script[128];

		snprintf(script, sizeof script, "cd \"$2\"; exec \"$1\" symbolize --debug-dir %s stripped.json", folders[i]);
		struct run_result result = run_script(script);
		cr_expect(result.status == 0 && strstr(result.report, "missing names found"), "%s", result.report);
		expect_as_full(result.text);
		cr_expect(run_count(result.text, "\n") == 1, "%s", result.text);
		run_destroy(&result);
	}
}

/* On a machine where the program itself is not. */
Test(symbolize, needs_only_the_debug_file)
{
	struct run_result result = run_script("cd \"$2\"; rm bin/stripped bin/full; exec \"$1\" symbolize -d by-id stripped.json");
	cr_expect(result.status == 0);
	expect_as_full(result.text);
	run_destroy(&result);
}

Test(symbolize, text_gets_names_and_numbers)
{
	struct run_result result = run_script("cd \"$2\"; exec \"$1\" symbolize --debug-dir=by-name stripped.txt");
	char *full = read_file("full.txt"), *before = read_file("stripped.txt");

	cr_expect(result.status == 0);
	/* function, file and line of each frame of the program are those of the full report, under the same numbers */
	for (const char *at = full; (at = strstr(at, "    #")); at++) {
		char number[16], place[512];
		const char *in = strstr(at, " in ");

		snprintf(number, sizeof number, "    #%d 0x", atoi(at + 5));
		snprintf(place, sizeof place, "%.*s\n", (int)strcspn(in, "\n"), in);
		if (!strstr(place, "/p.c:"))
			continue;
		bool found = false;
		for (const char *other = result.text; !found && (other = strstr(other, number)); other++)
			found = !strncmp(strstr(other, " in "), place, strlen(place));
		cr_expect(found, "missing:%s%s%s", number, place, result.text);
	}
	/* nothing else has changed */
	cr_expect(strstr(result.text, "==ERROR: malloc-debug: double-free"));
	cr_expect(run_count(result.text, "SUMMARY:") == run_count(before, "SUMMARY:"));
	free(full);
	free(before);
	run_destroy(&result);
}

Test(symbolize, another_build_gives_no_names)
{
	struct run_result result = run_script("cd \"$2\"; mkdir empty; exec \"$1\" symbolize -d other -d empty stripped.json");
	char *before = read_file("stripped.json");

	cr_expect(result.status == 0 && strstr(result.report, " 0 of "), "%s", result.report);
	cr_expect_str_eq(result.text, before);
	free(before);
	run_destroy(&result);
	result = run_script("cd \"$2\"; rm bin/stripped; exec \"$1\" symbolize -d other stripped.json");
	cr_expect(result.status == 0 && strstr(result.report, "bin/stripped: No such file"), "%s", result.report);
	run_destroy(&result);
}

/* A stand-in for debuginfod-find, which prints the path of what it fetched. */
Test(symbolize, debuginfod_is_asked_only_on_request)
{
	struct run_result result = run_script(
		"cd \"$2\"; mkdir tools; printf '#!/bin/sh\\n[ \"$1\" = debuginfo ] && [ \"$2\" = %s ] && echo %s/by-name/stripped.debug\\n' $(cat id) \"$2\""
		"> tools/debuginfod-find; chmod +x tools/debuginfod-find; PATH=$2/tools:$PATH; export PATH;"
		"\"$1\" symbolize stripped.json | grep -c twice; DEBUGINFOD_URLS=http://127.0.0.1:1 exec \"$1\" symbolize --debuginfod stripped.json");
	cr_expect(result.status == 0 && !strncmp(result.text, "0\n", 2), "%s%s", result.text, result.report);
	expect_as_full(result.text);
	run_destroy(&result);
	result = run_script("PATH=/nowhere exec \"$1\" symbolize --debuginfod \"$2\"/stripped.json");
	cr_expect(result.status == 2 && strstr(result.report, "there is no debuginfod-find"), "status %d: %s", result.status, result.report);
	run_destroy(&result);
}

Test(symbolize, lines_that_are_no_report_stay)
{
	struct run_result result = run_script("printf 'text\\n{\"damaged\\n{\"type\":\"later\",\"x\":[1, 2]}\\n    #0 nothing\\n    #1 0x12 in f (/no/such+0x10)\\n#2 0x'"
					      "| \"$1\" symbolize -");
	cr_expect(result.status == 0);
	cr_expect_str_eq(result.text, "text\n{\"damaged\n{\"type\":\"later\",\"x\":[1, 2]}\n    #0 nothing\n    #1 0x12 in f (/no/such+0x10)\n#2 0x\n");
	run_destroy(&result);
}

Test(symbolize, wrong_use_is_said)
{
	struct run_result result = run_script("\"$1\" symbolize; \"$1\" symbolize a b; \"$1\" symbolize --debugdir=x a; \"$1\" symbolize \"$2\"/none");
	cr_expect(result.status == 1, "status %d", result.status);
	cr_expect(strstr(result.report, "no file;") && strstr(result.report, "b: it takes one file") &&
			strstr(result.report, "the nearest is --debug-dir") && strstr(result.report, "none: No such file"),
		"%s", result.report);
	run_destroy(&result);
}
