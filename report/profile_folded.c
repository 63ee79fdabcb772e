/* SPDX-License-Identifier: MIT */
#include "report/profile_folded.h"

#include <string.h>

#define NAMES_MAX 32
#define NUMBER_BYTES 32 /* kept for what ends a line */

/* A name that must not separate frames or end the line. */
static void put_name(struct md_text *out, const char *name)
{
	size_t from = out->length;

	md_text_safe(out, name);
	for (size_t i = from; i < out->length; i++)
		if (out->buffer[i] == ';')
			out->buffer[i] = ':';
}

static void put_unnamed(struct md_text *out, const struct md_profile_report *report, struct md_frame frame)
{
	const struct md_module *module = md_modules_get(report->printer->modules, frame.module);
	const char *slash = strrchr(module->path, '/');
	uintptr_t address = frame.pc ? frame.pc - 1 : 0;

	md_text_char(out, '[');
	if (frame.module == MD_MODULE_NONE || !module->path[0]) {
		md_text_put(out, "unknown");
	} else {
		put_name(out, slash ? slash + 1 : module->path);
		md_textf(out, "+0x%lx", (uint64_t)(address - module->bias));
	}
	md_text_char(out, ']');
}

static void put_frame(struct md_text *out, const struct md_profile_report *report, struct md_frame frame)
{
	struct md_name names[NAMES_MAX];
	size_t count = md_names_get(report->printer->names, frame, names, NAMES_MAX), named = 0;

	for (size_t i = count; i-- > 0;) { /* the outermost comes last */
		if (!names[i].function[0])
			continue;
		if (named++)
			md_text_char(out, ';');
		put_name(out, names[i].function);
	}
	if (!named)
		put_unnamed(out, report, frame);
}

void md_profile_folded_row(const struct md_profile_report *report, const struct md_profile_row *row, struct md_text *out)
{
	uint64_t bytes = report->live ? row->live_bytes : row->all_bytes;
	size_t room = out->capacity - out->length, depth = 0;
	md_stack_id stack = { row->stack };
	struct md_frame frame;
	struct md_text line;

	if (!bytes)
		return;
	if (room > MD_PROFILE_FOLDED_LINE)
		room = MD_PROFILE_FOLDED_LINE;
	if (room < 2 * NUMBER_BYTES) {
		out->cut = true;
		return;
	}
	md_text_init(&line, out->buffer + out->length, room - NUMBER_BYTES, false);
	while (depth < MD_STACK_FRAMES_MAX && md_stack_store_frame(report->printer->stacks, stack, depth, &frame))
		depth++;
	if (!depth)
		md_text_put(&line, "[no stack]");
	for (size_t i = depth; i-- > 0;) {
		size_t before = line.length;

		md_stack_store_frame(report->printer->stacks, stack, i, &frame);
		if (i + 1 < depth)
			md_text_char(&line, ';');
		put_frame(&line, report, frame);
		if (line.cut) { /* whole frames only */
			line.length = before;
			break;
		}
	}
	out->length += line.length;
	md_textf(out, " %lu\n", bytes);
}
