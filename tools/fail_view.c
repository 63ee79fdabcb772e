/* SPDX-License-Identifier: MIT */
#include "tools/fail_view.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "report/json.h"
#include "report/text.h"
#include "tools/lines.h"
#include "tools/memory.h"
#include "tools/symbolize.h"

#define LINE_MAX_BYTES (64u << 20)
#define TEXT_BYTES ((size_t)256 << 10)

static char buffer[TEXT_BYTES];

static const struct {
	const char *word;
	bool is_defect;
} outcomes[MD_FAIL_OUTCOMES] = {
	[MD_FAIL_FINE] = { "fine", false },
	[MD_FAIL_NOT_REACHED] = { "not reached", false },
	[MD_FAIL_OUTPUT] = { "other output", false },
	[MD_FAIL_EXIT] = { "wrong exit", true },
	[MD_FAIL_LEAK] = { "leak", true },
	[MD_FAIL_ABORT] = { "abort", true },
	[MD_FAIL_ERROR] = { "error", true },
	[MD_FAIL_HANG] = { "hang", true },
	[MD_FAIL_CRASH] = { "crash", true },
};

const char *md_fail_outcome_word(enum md_fail_outcome outcome)
{
	return outcomes[outcome].word;
}

bool md_fail_outcome_is_defect(enum md_fail_outcome outcome)
{
	return outcomes[outcome].is_defect;
}

/* --- reading ----------------------------------------------------------------------------- */

/* 16 digits; 0 for others. */
static uint64_t read_fingerprint(const struct md_value *object)
{
	const char *digits = md_value_string(object, "fingerprint");

	return digits ? strtoull(digits, NULL, 16) : 0;
}

static void add(struct md_fail_result *result, bool is_leak, uint64_t fingerprint, const struct md_text *text)
{
	result->reports = md_memory_resize(result->reports, result->count + 1, sizeof *result->reports);
	result->reports[result->count++] =
		(struct md_fail_report){ .fingerprint = fingerprint, .is_leak = is_leak, .text = md_memory_copy(text->buffer, text->length) };
}

static void add_error(struct md_fail_result *result, const struct md_value *report)
{
	const char *slug = md_value_string(report, "error"), *site = md_value_string(report, "site");
	struct md_text text;

	md_text_init(&text, buffer, TEXT_BYTES, false);
	md_textf(&text, "%S in %S", slug ? slug : "error", site ? site : "?");
	add(result, false, read_fingerprint(report), &text);
}

static void add_leaks(struct md_fail_result *result, const struct md_value *report)
{
	struct md_text text;

	for (const struct md_value *group = md_value_elements(report, "groups"); group; group = group->next) {
		const char *kind = md_value_string(group, "kind");

		if (!kind || strcmp(kind, "direct"))
			continue;
		md_text_init(&text, buffer, TEXT_BYTES, false);
		md_textf(&text, "leak of %B allocated in ", md_value_uint_or(group, "bytes", 0));
		md_view_site(&text, md_value_get(group, "stack"));
		add(result, true, read_fingerprint(group), &text);
	}
}

void md_fail_result_read(struct md_fail_result *result, const char *path)
{
	struct md_json_reader reader = { 0 };
	struct md_lines lines;
	const char *line;
	size_t bytes;

	if (md_lines_open(&lines, path, LINE_MAX_BYTES))
		return;
	while ((line = md_lines_next(&lines, &bytes))) {
		const struct md_value *report = md_json_read(&reader, line, bytes);
		const char *type = md_value_string(report, "type");

		if (type && !strcmp(type, "error"))
			add_error(result, report);
		else if (type && !strcmp(type, "leaks"))
			add_leaks(result, report);
	}
	md_lines_close(&lines);
	md_json_reader_destroy(&reader);
}

void md_fail_result_clear(struct md_fail_result *result)
{
	for (size_t i = 0; i < result->count; i++)
		free(result->reports[i].text);
	free(result->reports);
	result->reports = NULL;
	result->count = 0;
}

/* --- writing ----------------------------------------------------------------------------- */

static void put_end(struct md_text *text, int status)
{
	if (WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status));

		md_textf(text, name ? "SIG%s" : "signal %s", name ? name : "?");
	} else {
		md_textf(text, "exit status %u", (unsigned)WEXITSTATUS(status));
	}
}

/* The line with names for its frames; the line itself where there are none. For free(). */
static char *find_names(const char *line)
{
	struct md_symbolize state = { 0 };
	char *named = NULL;
	size_t bytes = 0;
	FILE *memory = open_memstream(&named, &bytes);

	if (!memory || !md_symbolize_json(&state, memory, line, strlen(line)))
		fputs(line, memory ? memory : stderr);
	if (memory)
		fclose(memory);
	md_json_reader_destroy(&state.reader);
	md_json_reader_destroy(&state.second);
	return named ? named : md_memory_copy(line, strlen(line));
}

void md_fail_result_print(const struct md_fail_result *result)
{
	struct md_json_reader reader = { 0 };
	struct md_text text;

	if (!md_fail_outcome_is_defect(result->outcome) && result->outcome != MD_FAIL_OUTPUT)
		return;
	char *named = find_names(result->line);
	const struct md_value *report = md_json_read(&reader, named, strlen(named));
	const char *function = md_value_string(report, "function");

	md_text_init(&text, buffer, TEXT_BYTES, false);
	md_textf(&text, "%s (", md_fail_outcome_word(result->outcome));
	if (result->outcome == MD_FAIL_HANG)
		md_text_put(&text, "did not end");
	else
		put_end(&text, result->status);
	md_textf(&text, ") if %S of %B fails in ", function ? function : "a request", md_value_uint_or(report, "bytes", 0));
	md_view_site(&text, md_value_get(report, "stack"));
	md_textf(&text, "\n    again: malloc-debug run --fail-stack=0x%lx --fail-count=1 ...\n", result->key);
	md_view_stack(&text, md_value_get(report, "stack"));
	fwrite(text.buffer, 1, text.length, stdout);
	for (size_t i = 0; i < result->count; i++)
		printf("    then: %s\n", result->reports[i].text);
	printf("\n");
	fflush(stdout);
	md_json_reader_destroy(&reader);
	free(named);
}

void md_fail_result_json(const struct md_fail_result *result, FILE *to)
{
	char *named = find_names(result->line);
	struct md_json_reader reader = { 0 };
	const struct md_value *report = md_json_read(&reader, named, strlen(named)), *stack = md_value_get(report, "stack");
	struct md_text text;
	struct md_json json;

	md_text_init(&text, buffer, TEXT_BYTES, false);
	md_json_init(&json, &text, 0);
	md_json_object(&json, NULL);
	md_json_string(&json, "type", "fail-sweep");
	md_json_string(&json, "outcome", md_fail_outcome_word(result->outcome));
	if (result->outcome != MD_FAIL_HANG && WIFSIGNALED(result->status))
		md_json_uint(&json, "signal", (uint64_t)WTERMSIG(result->status));
	else if (result->outcome != MD_FAIL_HANG)
		md_json_uint(&json, "status", (uint64_t)WEXITSTATUS(result->status));
	md_json_address(&json, "key", result->key);
	md_json_string(&json, "function", md_value_string(report, "function"));
	md_json_uint(&json, "bytes", md_value_uint_or(report, "bytes", 0));
	md_json_array(&json, "reports");
	for (size_t i = 0; i < result->count; i++)
		md_json_string(&json, NULL, result->reports[i].text);
	md_json_end(&json);
	fwrite(text.buffer, 1, text.length, to); /* the object is still open */
	if (stack)
		fprintf(to, ",\"stack\":%.*s", (int)(stack->end - stack->begin), named + stack->begin);
	fputs("}\n", to);
	md_json_reader_destroy(&reader);
	free(named);
}
