/* SPDX-License-Identifier: MIT */
#include "tests/system/support/expect.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *source, const char *what, const char *line)
{
	fprintf(stderr, "expect: %s: %s: %s\n", source, what, line);
	abort();
}

static void add(const char *source, const char **list, size_t max, const char *text)
{
	size_t count = 0;

	while (list[count])
		count++;
	if (count + 1 == max)
		fail(source, "too many lines", text);
	list[count] = text;
}

/* Takes one "key: value" line; the value's text stays in place. */
static void take(const char *source, struct expectation *e, const char *key, char *value, bool *has_errors)
{
	char *save;

	if (!strcmp(key, "args")) {
		for (char *word = strtok_r(value, " ", &save); word; word = strtok_r(NULL, " ", &save))
			add(source, e->arguments, RUN_WORDS_MAX, word);
	} else if (!strcmp(key, "options")) {
		for (char *word = strtok_r(value, " ", &save); word; word = strtok_r(NULL, " ", &save))
			snprintf(e->options + strlen(e->options), sizeof e->options - strlen(e->options), "%s%s", *e->options ? ":" : "", word);
	} else if (!strcmp(key, "status")) {
		e->status = atoi(value);
	} else if (!strcmp(key, "signal")) {
		e->signal = atoi(value);
		e->status = -1;
	} else if (!strcmp(key, "expect")) {
		add(source, e->report, EXPECT_LINES_MAX, value);
	} else if (!strcmp(key, "output")) {
		add(source, e->output, EXPECT_LINES_MAX, value);
	} else if (!strcmp(key, "errors")) {
		e->errors = strcmp(value, "any") ? atoi(value) : -1;
		*has_errors = true;
	} else if (!strcmp(key, "plain")) {
		e->plain = strcmp(value, "no") != 0;
	} else if (strcmp(key, "build")) {
		fail(source, "no such key", key);
	}
}

struct expectation *expect_read(const char *source)
{
	struct expectation *e = calloc(1, sizeof *e);
	bool has_errors = false;
	char *save;

	e->words = run_file_read(run_source_path(source));
	if (!e->words)
		fail(source, "cannot be read", "");
	e->plain = true;
	for (char *line = strtok_r(e->words, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t length = strncmp(line, "// ", 3) ? 0 : strspn(line + 3, "abcdefghijklmnopqrstuvwxyz");

		if (!length || strncmp(line + 3 + length, ": ", 2))
			continue;
		line[3 + length] = '\0';
		take(source, e, line + 3, line + 3 + length + 2, &has_errors);
	}
	for (int i = 0; e->report[i] && !has_errors; i++)
		e->errors += strstr(e->report[i], "ERROR: malloc-debug:") != NULL;
	return e;
}

void expect_destroy(struct expectation *expectation)
{
	free(expectation->words);
	free(expectation);
}

struct run_result expect_run(const struct expectation *expectation, const char *program, const char *options)
{
	char all[2048];
	struct run_setup setup = { .program = program, .options = all };

	snprintf(all, sizeof all, "%s%s%s", options ? options : "", options && *expectation->options ? ":" : "", expectation->options);
	memcpy(setup.arguments, expectation->arguments, sizeof setup.arguments);
	return run_program(&setup);
}

/* Matches pattern at `at`; returns the end of the match or NULL. */
static const char *match_here(const char *at, const char *pattern)
{
	for (; *pattern && *pattern != '*'; pattern++, at++)
		if (*at != *pattern)
			return NULL;
	if (!*pattern)
		return isdigit((unsigned char)pattern[-1]) && isdigit((unsigned char)*at) ? NULL : at;
	for (;; at++) {
		const char *end = match_here(at, pattern + 1);

		if (end)
			return end;
		if (*at == '\0' || *at == '\n')
			return NULL;
	}
}

bool expect_find(const char **at, const char *pattern)
{
	for (const char *start = *at; *start; start++) {
		const char *end = match_here(start, pattern);

		if (end) {
			*at = end;
			return true;
		}
	}
	return false;
}

const char *expect_difference(const struct expectation *expectation, const struct run_result *result)
{
	static char what[1024];
	const char *at = result->report;

	if (result->timed_out)
		return "it did not end in time";
	if (result->signal != expectation->signal || result->status != expectation->status) {
		snprintf(what, sizeof what, "status %d, signal %d in place of %d, %d", result->status, result->signal, expectation->status,
			expectation->signal);
		return what;
	}
	for (int i = 0; expectation->report[i]; i++)
		if (!expect_find(&at, expectation->report[i])) {
			snprintf(what, sizeof what, "the report lacks (here, in this order): %s", expectation->report[i]);
			return what;
		}
	at = result->text;
	for (int i = 0; expectation->output[i]; i++)
		if (!expect_find(&at, expectation->output[i])) {
			snprintf(what, sizeof what, "the output lacks (here, in this order): %s", expectation->output[i]);
			return what;
		}
	if (expectation->errors >= 0 && run_count_reports(result->report) != (size_t)expectation->errors) {
		snprintf(what, sizeof what, "%zu reports in place of %d", run_count_reports(result->report), expectation->errors);
		return what;
	}
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t expect_sources(const char *folder, const char *prefix, const char *names[EXPECT_NAMES_MAX])
{
	DIR *directory = opendir(run_source_path(folder));
	struct dirent *entry;
	size_t count = 0;

	if (!directory)
		fail(folder, "cannot be read", "");
	while ((entry = readdir(directory))) {
		const char *dot = strrchr(entry->d_name, '.');
		char path[PATH_MAX];

		if (!dot || (strcmp(dot, ".c") && strcmp(dot, ".cc")) || strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		if (count == EXPECT_NAMES_MAX)
			fail(folder, "too many files", entry->d_name);
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		names[count++] = strdup(path);
	}
	closedir(directory);
	qsort(names, count, sizeof *names, compare_names);
	return count;
}

const char *expect_program(const char *build_folder, const char *source)
{
	static char path[PATH_MAX];
	const char *name = strrchr(source, '/');

	name = name ? name + 1 : source;
	snprintf(path, sizeof path, "%s/%.*s", build_folder, (int)(strrchr(name, '.') - name), name);
	return path;
}
