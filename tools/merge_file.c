/* SPDX-License-Identifier: MIT
 *
 * Files of reports for tools/merge.h: which of their lines are reports, and what a file is that has none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tools/lines.h"
#include "tools/log_text.h"
#include "tools/memory.h"
#include "tools/merge.h"
#include "tools/progress.h"

static void add_damage(struct md_merge *merge, const char *path, uint64_t line, const char *problem)
{
	if (merge->damaged < MD_MERGE_DAMAGED_MAX)
		merge->damaged_at[merge->damaged] = md_memory_print("%s:%" PRIu64 ": %s", path, line, problem);
	merge->damaged++;
}

/* Adds one line, which begins as an object with members does. Returns false if it is no report, nor what is left of one. */
static bool add_line(struct md_merge *merge, const char *path, uint64_t number, const char *line, size_t bytes)
{
	const char *problem = md_merge_add(merge, line, bytes);

	if (problem == md_merge_no_report)
		return false;
	if (problem)
		add_damage(merge, path, number, problem);
	return true;
}

/* What a file is that has no report in it, by its lines; each says more than the one before. */
enum content { CONTENT_NONE, CONTENT_OTHER, CONTENT_BINARY, CONTENT_SARIF, CONTENT_REPORTS };

static enum content look_at(const char *line, size_t bytes)
{
	static const char sarif[] = "{\"$schema\":\"https://json.schemastore.org/sarif";

	if (bytes >= sizeof sarif - 1 && !memcmp(line, sarif, sizeof sarif - 1))
		return CONTENT_SARIF;
	return memchr(line, '\0', bytes) ? CONTENT_BINARY : CONTENT_OTHER;
}

static const char unfinished[] = "the report before has no end";

/* The same for a line of a text log; what grows is only told by JSON. */
static bool add_text(struct md_merge *merge, struct md_log_text *log, const char *path, uint64_t number, const char *line, size_t bytes)
{
	const char *report;

	switch (md_log_text_add(log, line, bytes, &report, &bytes)) {
	case MD_LOG_REPORT:
		return add_line(merge, path, number, report, bytes);
	case MD_LOG_CUT:
		add_damage(merge, path, number, unfinished);
		return true;
	case MD_LOG_OTHER:
		merge->passed_over++;
		return true;
	default:
		return false;
	}
}

/* Text does not say when its processes started; they are as old as the file. */
static double get_time(int fd)
{
	struct stat status;

	return fstat(fd, &status) || !S_ISREG(status.st_mode) ? (double)time(NULL) : (double)status.st_mtime;
}

static bool is_blank(const char *line, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
	return true;
}

int md_merge_file(struct md_merge *merge, const char *path, size_t total)
{
	static const char *const problems[] = { [CONTENT_OTHER] = "there is no report in it",
		[CONTENT_BINARY] = "it is binary, not a file of reports",
		[CONTENT_SARIF] = "it is SARIF; reports as JSON lines can be merged: malloc-debug run --json FILE",
		[CONTENT_REPORTS] = NULL };
	enum content content = CONTENT_NONE, seen;
	struct md_log_text *log;
	struct md_lines lines;
	const char *line;
	size_t bytes;
	int error = md_lines_open(&lines, path, MD_MERGE_LINE_MAX);

	merge->problem = NULL;
	if (error)
		return error;
	merge->files++;
	log = md_log_text_open(get_time(lines.fd));
	while ((line = md_lines_next(&lines, &bytes))) {
		if (total)
			md_progress("%zu of %zu files, %" PRIu64 " reports", merge->files, total, merge->reports);
		if (lines.too_long) {
			add_damage(merge, path, lines.number, "the line is longer than any report");
			continue;
		}
		if (is_blank(line, bytes))
			continue;
		seen = look_at(line, bytes);
		if (seen != CONTENT_SARIF && bytes > 1 && line[0] == '{' && line[1] == '"' && add_line(merge, path, lines.number, line, bytes))
			seen = CONTENT_REPORTS;
		else if (seen == CONTENT_OTHER && add_text(merge, log, path, lines.number, line, bytes))
			seen = CONTENT_REPORTS;
		content = seen > content ? seen : content;
	}
	if (md_log_text_is_inside(log)) {
		add_damage(merge, path, lines.number, unfinished);
		content = CONTENT_REPORTS;
	}
	md_log_text_close(log);
	merge->problem = problems[content];
	error = lines.error;
	md_lines_close(&lines);
	return error;
}
