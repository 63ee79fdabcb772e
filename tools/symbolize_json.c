/* SPDX-License-Identifier: MIT
 *
 * A line is copied but for its edits: first frames, which may become several (functions that were inlined), then, in a second pass over the
 * result, what follows from names: fingerprints, and the place that a report points to.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/fingerprint.h"
#include "report/json.h"
#include "report/names.h"
#include "tools/json_fingerprint.h"
#include "tools/memory.h"
#include "tools/symbolize.h"
#include "tools/view_parts.h"

#define STRING_BYTES (64u << 10)

/* Copies of the line up to an edit; at is what of it is written. */
struct copy {
	struct md_symbolize *state;
	const char *line;
	size_t at;
	FILE *to;
	bool changed;
};

static void copy_up_to(struct copy *copy, size_t end)
{
	fwrite(copy->line + copy->at, 1, end - copy->at, copy->to);
	copy->at = end;
}

/* With quotes and escapes. */
static void put_string(FILE *to, const char *string)
{
	static char buffer[STRING_BYTES];
	struct md_json json;
	struct md_text text;

	md_text_init(&text, buffer, sizeof buffer, false);
	md_json_init(&json, &text, 0);
	md_json_array(&json, NULL);
	md_json_string(&json, NULL, string);
	md_json_end(&json);
	fwrite(buffer + 1, 1, text.length - 2, to); /* without the brackets of the array */
}

static bool is_name(const char *member)
{
	static const char *const names[] = { "function", "file", "line", "column", "inlined" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(member, names[i]))
			return true;
	return false;
}

/* One frame with a name; the other members as they are. */
static void put_frame(struct copy *copy, const struct md_value *frame, const struct md_name *name, bool inlined)
{
	bool begun = false;

	putc('{', copy->to);
	for (const struct md_value *member = frame->first; member; member = member->next) {
		if (is_name(member->name))
			continue;
		if (begun)
			putc(',', copy->to);
		begun = true;
		put_string(copy->to, member->name);
		putc(':', copy->to);
		fwrite(copy->line + member->begin, 1, member->end - member->begin, copy->to);
	}
	if (name->function[0]) {
		fputs(",\"function\":", copy->to);
		put_string(copy->to, name->function);
	}
	if (name->file[0]) {
		fputs(",\"file\":", copy->to);
		put_string(copy->to, name->file);
		if (name->line)
			fprintf(copy->to, ",\"line\":%" PRIu32, name->line);
		if (name->line && name->column)
			fprintf(copy->to, ",\"column\":%" PRIu32, name->column);
	}
	fputs(inlined ? ",\"inlined\":true}" : "}", copy->to);
}

/* only_one: others name the frame by its place in a list, and it must not become several: functions that were inlined into it are left out, but
 * for the innermost. */
static void edit_frame(struct copy *copy, const struct md_value *frame, bool only_one)
{
	static struct md_symbol_answer answer;
	bool has_function = md_value_string(frame, "function");
	uint64_t offset = 0;

	md_value_address(frame, "offset", &offset);
	copy->state->missing += !has_function;
	md_symbolize_find(&answer, md_value_string(frame, "module"), md_value_string(frame, "build_id"), offset);

	size_t count = only_one && answer.entry_count > 1 ? 1 : answer.entry_count;
	bool better = answer.entry_count > 0 && (!has_function ? answer.entries[0].function[0] != '\0' : answer.entries[0].file[0] != '\0');

	if (better) {
		copy->state->found += !has_function;
		copy->state->improved += has_function;
		copy->changed = true;
		copy_up_to(copy, frame->begin);
		for (size_t i = 0; i < count; i++) {
			if (i)
				putc(',', copy->to);
			put_frame(copy, frame, &answer.entries[i], i + 1 < count);
		}
		copy->at = frame->end;
	}
	md_symbol_answer_clear(&answer);
}

/* Frames are told by their members, wherever they stand. */
static bool is_frame(const struct md_value *value)
{
	uint64_t offset;

	return value->kind == MD_VALUE_OBJECT && md_value_string(value, "pc") && md_value_string(value, "module") &&
		md_value_address(value, "offset", &offset);
}

static void edit_frames(struct copy *copy, const struct md_value *value)
{
	for (const struct md_value *child = value->first; child; child = child->next) {
		if (value->kind == MD_VALUE_ARRAY && is_frame(child)) {
			if (!md_value_string(child, "function") || !md_value_string(child, "file"))
				edit_frame(copy, child, value->name && !strcmp(value->name, "frames"));
		} else {
			edit_frames(copy, child);
		}
	}
}

/* --- what follows from names --------------------------------------------------------------- */

static void replace_fingerprint(struct copy *copy, const struct md_value *object, uint64_t fingerprint)
{
	const struct md_value *member = md_value_get(object, "fingerprint");
	char digits[17];

	if (!member)
		return;
	copy_up_to(copy, member->begin);
	md_fingerprint_text(fingerprint, digits);
	put_string(copy->to, digits);
	copy->at = member->end;
}

static void replace_site(struct copy *copy, const struct md_value *report)
{
	static char buffer[STRING_BYTES / 8];
	const struct md_value *member = md_value_get(report, "site");
	const char *role = md_value_string(report, "role");
	struct md_text text;

	if (!member || !role)
		return;
	md_text_init(&text, buffer, sizeof buffer - 1, false);
	md_view_site(&text, md_value_get(!strcmp(role, "call") ? md_value_get(report, "call") : md_value_get(md_value_get(report, "block"), role), "stack"));
	buffer[text.length] = '\0';
	copy_up_to(copy, member->begin);
	put_string(copy->to, buffer);
	copy->at = member->end;
}

/* Members in the order in which they stand, because what is copied goes forward only. */
static void edit_report(struct copy *copy, const struct md_value *report)
{
	const char *type = md_value_string(report, "type");

	if (!type)
		return;
	for (const struct md_value *member = report->first; member; member = member->next) {
		if (!strcmp(type, "error") && !strcmp(member->name, "fingerprint"))
			replace_fingerprint(copy, report, md_json_fingerprint_error(report));
		else if (!strcmp(type, "error") && !strcmp(member->name, "site"))
			replace_site(copy, report);
		else if (!strcmp(type, "leaks") && !strcmp(member->name, "groups"))
			for (const struct md_value *group = member->first; group; group = group->next)
				replace_fingerprint(copy, group, md_json_fingerprint_stack(md_json_leak_slug(group), md_value_get(group, "stack")));
		else if (!strcmp(type, "growth") && !strcmp(member->name, "stacks"))
			for (const struct md_value *stack = member->first; stack; stack = stack->next)
				replace_fingerprint(copy, stack, md_json_fingerprint_stack("memory-growth", md_value_get(stack, "stack")));
	}
}

bool md_symbolize_json(struct md_symbolize *state, FILE *to, const char *line, size_t bytes)
{
	const struct md_value *report = md_json_read(&state->reader, line, bytes);
	char *named = NULL;
	size_t named_bytes = 0;
	struct copy first = { .state = state, .line = line, .to = report ? open_memstream(&named, &named_bytes) : NULL };

	if (!first.to)
		return false;
	edit_frames(&first, report);
	copy_up_to(&first, bytes);
	if (fclose(first.to)) {
		free(named);
		return false;
	}

	struct copy second = { .state = state, .line = named, .to = to };

	report = first.changed ? md_json_read(&state->second, named, named_bytes) : NULL;
	if (report)
		edit_report(&second, report);
	copy_up_to(&second, named_bytes);
	free(named);
	return true;
}
