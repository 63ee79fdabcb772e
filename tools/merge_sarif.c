/* SPDX-License-Identifier: MIT
 *
 * The same shape as the library's own documents (report/sarif.h), whose head with its rules is used: a result for each group, with
 * occurrenceCount. Messages have no addresses, so that they are the same in all runs.
 */
#include <stdlib.h>
#include <string.h>

#include "report/json.h"
#include "report/sarif.h"
#include "report/sarif_parts.h"
#include "tools/memory.h"
#include "tools/merge_write.h"
#include "tools/view_parts.h"

#define TEXT_BYTES (4u << 20)

/* index is -1 for an error of a later version. */
static struct md_sarif_rule find_rule(const char *name, int *index)
{
	*index = md_sarif_rule_find(name);
	return *index >= 0 ? md_sarif_rule((unsigned)*index) : (struct md_sarif_rule){ .id = name, .title = name, .help = "", .level = "error" };
}

/* What a group's message ends with, unless its report has a hint of its own. */
static const char *help_of_group(int index, const struct md_sarif_rule *rule)
{
	switch (index) {
	case MD_SARIF_DIRECT:
		return "Nothing points to the blocks any more: free them before the last pointer goes.";
	case MD_SARIF_POSSIBLE:
		return "Only the inside of the blocks is pointed to.";
	case MD_SARIF_REACHABLE:
		return "The blocks were never freed, but are still pointed to.";
	case MD_SARIF_GROWTH:
		return "Look for a list, cache or queue that nobody empties.";
	default:
		return rule->help;
	}
}

/* frame may be NULL: then it is the program, because code scanning takes no result without a place. */
static struct md_entry entry_of(const struct md_value *frame, const char *program)
{
	struct md_entry entry = md_view_entry(frame);

	if (!entry.module[0] && program)
		entry.module = program;
	return entry;
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
		struct md_entry entry;

		if (!site)
			continue;
		entry = entry_of(site, program);
		md_sarif_flow_step(json, &begun, i + 1, &entry, describe_moment(&moments[i], buffer), moments[i].kind);
	}
	md_sarif_flow_end(json, begun);
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
		md_sarif_text(json, "message", describe_moment(&moments[i], buffer));
		md_json_array(json, "frames");
		for (; frame; frame = frame->next) {
			struct md_entry entry = entry_of(frame, program);

			md_json_object(json, NULL);
			md_sarif_location(json, "location", &entry, NULL);
			md_json_string(json, "module", md_value_string(frame, "module"));
			md_json_end(json);
		}
		md_json_end(json);
		md_json_end(json);
	}
	md_json_end(json);
}

static void put_message(
	struct md_text *text, int index, const struct md_sarif_rule *rule, const struct md_group *group, const struct md_value *report)
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
	md_textf(text, ". %S", hint && *hint ? hint : help_of_group(index, rule));
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
	int index;
	struct md_sarif_rule rule = find_rule(group->name, &index);
	struct md_entry site = entry_of(md_view_site_frame(find_site_stack(group, report, part)), program);
	char sentence[1024];
	struct md_text message;
	struct md_json json;

	md_text_init(&message, sentence, sizeof sentence, false);
	put_message(&message, index, &rule, group, report);
	md_sarif_open(&json, text, index, &rule, &message, group->fingerprint);
	md_json_uint(&json, "occurrenceCount", group->reports);
	md_json_array(&json, "locations");
	md_sarif_location(&json, NULL, &site, NULL);
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
