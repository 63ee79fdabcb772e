/* SPDX-License-Identifier: MIT
 *
 * The same shape as the library's own documents (report/sarif.h), whose head with its rules is used: a result for each group, with
 * occurrenceCount. Messages have no addresses, so that they are the same in all runs.
 */
#include <stdlib.h>
#include <string.h>

#include "report/fingerprint.h"
#include "report/json.h"
#include "report/sarif.h"
#include "report/stack_text.h"
#include "src/error.h"
#include "tools/memory.h"
#include "tools/merge_write.h"
#include "tools/view_parts.h"

#define TEXT_BYTES (4u << 20)

struct rule {
	int index; /* in the head's list; -1: an error of a later version */
	const char *level, *title, *hint;
};

/* What is no error of the table follows it in the head. */
static struct rule find_rule(const char *name)
{
	static const struct rule others[] = {
		{ MD_ERROR_COUNT, "error", "memory leak", "Nothing points to the blocks any more: free them before the last pointer goes." },
		{ MD_ERROR_COUNT + 1, "warning", "possible memory leak", "Only the inside of the blocks is pointed to." },
		{ MD_ERROR_COUNT + 2, "note", "memory in use at the end", "The blocks were never freed, but are still pointed to." },
		{ MD_ERROR_COUNT + 3, "warning", "memory in use that grows", "Look for a list, cache or queue that nobody empties." },
	};
	static const char *const names[] = { "direct-leak", "possible-leak", "still-reachable", "memory-growth" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(names[i], name))
			return others[i];
	for (int i = 0; i < MD_ERROR_COUNT; i++) {
		const struct md_error_info *info = md_error_info((enum md_error)i);

		if (!strcmp(info->slug, name))
			return (struct rule){ i, md_error_is_bad_request((enum md_error)i) ? "warning" : "error", info->title, info->hint };
	}
	return (struct rule){ -1, "error", name, "" };
}

static void put_text(struct md_json *json, const char *key, const char *text)
{
	md_json_object(json, key);
	md_json_string(json, "text", text);
	md_json_end(json);
}

static bool is_relative(const char *path)
{
	return path[0] != '/' && path[0] != '.' && path[0] != '\0';
}

static void put_number(struct md_json *json, const char *key, const struct md_value *frame, const char *name)
{
	uint64_t value;

	if (md_value_uint(frame, name, &value))
		md_json_uint(json, key, value);
}

/* frame may be NULL: then it is the program, because code scanning takes no result without a place. */
static void put_location(struct md_json *json, const char *key, const struct md_value *frame, const char *program, const char *message)
{
	const char *file = md_value_string(frame, "file"), *module = md_value_string(frame, "module"),
		   *function = md_value_string(frame, "function");
	const char *path = file ? file : module ? module : program;

	md_json_object(json, key);
	md_json_object(json, "physicalLocation");
	if (path && *path) {
		md_json_object(json, "artifactLocation");
		md_json_uri(json, "uri", path);
		if (is_relative(path))
			md_json_string(json, "uriBaseId", "%SRCROOT%");
		md_json_end(json);
	}
	if (file && md_value_uint_or(frame, "line", 0)) {
		md_json_object(json, "region");
		put_number(json, "startLine", frame, "line");
		if (md_value_uint_or(frame, "column", 0))
			put_number(json, "startColumn", frame, "column");
		md_json_end(json);
	}
	md_json_end(json);
	if (function) {
		md_json_array(json, "logicalLocations");
		md_json_object(json, NULL);
		md_json_string(json, "fullyQualifiedName", function);
		md_json_string(json, "kind", "function");
		md_json_end(json);
		md_json_end(json);
	}
	if (message)
		put_text(json, "message", message);
	md_json_end(json);
}

/* One moment in the life of a block. */
struct moment {
	const char *verb, *kind;
	const struct md_value *at; /* has function, thread, stack; NULL: there is none */
};

static const char *describe_moment(const struct moment *moment, char buffer[256])
{
	const char *function = md_value_string(moment->at, "function");
	struct md_text text;

	md_text_init(&text, buffer, 255, false);
	md_text_put(&text, moment->verb);
	if (function)
		md_textf(&text, " by %S", function);
	md_text_put(&text, " in thread ");
	md_view_thread(&text, moment->at, "thread");
	buffer[text.length] = '\0';
	return buffer;
}

static void put_flow(struct md_json *json, const struct moment *moments, size_t count, const char *program)
{
	char buffer[256];
	bool begun = false;

	for (size_t i = 0; i < count; i++) {
		const struct md_value *site = md_view_site_frame(md_value_get(moments[i].at, "stack"));

		if (!site)
			continue;
		if (!begun) {
			md_json_array(json, "codeFlows");
			md_json_object(json, NULL);
			md_json_array(json, "threadFlows");
			md_json_object(json, NULL);
			md_json_array(json, "locations");
			begun = true;
		}
		md_json_object(json, NULL);
		put_location(json, "location", site, program, describe_moment(&moments[i], buffer));
		md_json_array(json, "kinds");
		md_json_string(json, NULL, "memory");
		md_json_string(json, NULL, moments[i].kind);
		md_json_end(json);
		md_json_uint(json, "executionOrder", i + 1);
		md_json_string(json, "importance", "essential");
		md_json_end(json);
	}
	for (unsigned i = 0; begun && i < 5; i++)
		md_json_end(json);
}

static void put_stacks(struct md_json *json, const struct moment *moments, size_t count, const char *program)
{
	char buffer[256];

	md_json_array(json, "stacks");
	for (size_t i = 0; i < count; i++) {
		const struct md_value *frame = md_value_elements(moments[i].at, "stack");

		if (!frame)
			continue;
		md_json_object(json, NULL);
		put_text(json, "message", describe_moment(&moments[i], buffer));
		md_json_array(json, "frames");
		for (; frame; frame = frame->next) {
			md_json_object(json, NULL);
			put_location(json, "location", frame, program, NULL);
			md_json_string(json, "module", md_value_string(frame, "module"));
			md_json_end(json);
		}
		md_json_end(json);
		md_json_end(json);
	}
	md_json_end(json);
}

static void put_message(struct md_text *text, const struct rule *rule, const struct md_group *group, const struct md_value *report)
{
	const struct md_value *access = md_value_get(report, "access"), *block = md_value_get(report, "block");
	const char *kind = md_value_string(access, "kind"), *hint = md_value_string(report, "hint");
	uint64_t addr, bytes;

	md_text_safe(text, rule->title);
	if (group->kind == MD_GROUP_ERROR) {
		if (kind)
			md_textf(text, ": %S", kind);
		if (kind && md_value_uint(access, "bytes", &bytes))
			md_textf(text, " of %B", bytes);
		if (md_value_address(report, "address", &addr) && block) {
			md_text_put(text, kind ? ", " : ": ");
			md_view_relation(text, addr, block);
		}
	}
	md_textf(text, ". %S", hint && *hint ? hint : rule->hint);
}

/* The stack of the place to fix. */
static const struct md_value *find_site_stack(const struct md_group *group, const struct md_value *report, const struct md_value *part)
{
	const char *role = md_value_string(report, "role");
	const struct md_value *block = md_value_get(report, "block");

	if (group->kind != MD_GROUP_ERROR)
		return md_value_get(part, "stack");
	if (role && strcmp(role, "call"))
		return md_value_get(md_value_get(block, role), "stack");
	return md_value_get(md_value_get(report, "call"), "stack");
}

static void copy_string(struct md_json *json, const struct md_value *object, const char *name)
{
	md_json_string(json, name, md_value_string(object, name));
}

static void put_result(struct md_text *text, const struct md_group *group, const struct md_value *report, const struct md_value *part)
{
	const struct md_value *process = md_value_get(report, "process"), *block = md_value_get(report, "block");
	const struct moment moments[] = { { "allocated", "acquire", group->kind == MD_GROUP_ERROR ? md_value_get(block, "allocated") : part },
		{ "freed", "release", md_value_get(block, "freed") }, { "used", "usage", md_value_get(report, "call") } };
	const char *program = md_value_string(process, "program");
	struct rule rule = find_rule(group->name);
	char digits[17], sentence[1024];
	struct md_text message;
	struct md_json json;

	md_text_init(&message, sentence, sizeof sentence, false);
	put_message(&message, &rule, group, report);
	md_json_init(&json, text, 0);
	md_json_object(&json, NULL);
	md_json_string(&json, "ruleId", group->name);
	if (rule.index >= 0)
		md_json_uint(&json, "ruleIndex", (unsigned)rule.index);
	md_json_string(&json, "level", rule.level);
	md_json_object(&json, "message");
	md_json_string_n(&json, "text", message.buffer, message.length);
	md_json_end(&json);
	md_fingerprint_text(group->fingerprint, digits);
	md_json_object(&json, "partialFingerprints");
	md_json_string(&json, MD_FINGERPRINT_NAME, digits);
	md_json_end(&json);
	md_json_uint(&json, "occurrenceCount", group->reports);
	md_json_array(&json, "locations");
	put_location(&json, NULL, md_view_site_frame(find_site_stack(group, report, part)), program, NULL);
	md_json_end(&json);
	md_json_object(&json, "properties");
	md_json_uint(&json, "processes", group->processes);
	md_json_uint(&json, "hosts", group->hosts);
	md_json_seconds(&json, "first", group->first);
	md_json_seconds(&json, "last", group->last);
	copy_string(&json, process, "program");
	copy_string(&json, process, "host");
	copy_string(&json, report, "noticed");
	if (group->kind != MD_GROUP_ERROR) {
		md_json_uint(&json, "blocks", group->blocks);
		md_json_uint(&json, "bytes", group->bytes);
	}
	md_json_end(&json);
	if (group->kind == MD_GROUP_ERROR)
		put_flow(&json, moments, 3, program);
	put_stacks(&json, moments, group->kind == MD_GROUP_ERROR ? 3 : 1, program);
	md_json_end(&json);
}

bool md_merge_write_sarif(FILE *to, const struct md_merge *merge, struct md_merge_choice choice)
{
	struct md_json_reader reader = { 0 };
	char *buffer = md_memory_new(TEXT_BYTES, 1);
	struct md_text text;
	bool good, first = true;

	md_text_init(&text, buffer, TEXT_BYTES, false);
	md_sarif_head(&text);
	good = fwrite(buffer, 1, text.length, to) == text.length;
	for (size_t i = 0; good && i < merge->group_count; i++) {
		const struct md_value *part, *report;

		if (!md_merge_is_chosen(choice, merge->groups[i]))
			continue;
		report = md_group_report(merge->groups[i], &reader, &part);
		md_text_init(&text, buffer, TEXT_BYTES, false);
		if (!first)
			md_text_put(&text, md_sarif_separator);
		first = false;
		put_result(&text, merge->groups[i], report, part);
		good = fwrite(buffer, 1, text.length, to) == text.length;
	}
	good = good && fputs(md_sarif_tail, to) >= 0;
	md_json_reader_destroy(&reader);
	free(buffer);
	return good;
}
