/* SPDX-License-Identifier: MIT */
#include "report/suppress_text.h"

#include "report/report_text.h"
#include "report/stack_text.h"

#define FRAMES_MAX 24 /* Valgrind takes no more lines */

static bool is_known(const char *name)
{
	return name && name[0];
}

static const char *kind_name(uint64_t kind)
{
	for (int error = 0; error < MD_ERROR_COUNT; error++)
		if (kind & MD_SUPPRESS_ERROR(error))
			return md_error_info((enum md_error)error)->slug;
	return "leak";
}

static const char *name_of(const struct md_suppress_frame *frame)
{
	return is_known(frame->function) ? frame->function : is_known(frame->symbol) ? frame->symbol : NULL;
}

bool md_suppress_line_text(struct md_text *text, uint64_t kind, const struct md_suppress_frame *frames, size_t count)
{
	const struct md_suppress_frame *best = NULL;
	int best_rank = 0;

	for (size_t i = 0; i < count; i++) {
		const struct md_suppress_frame *frame = &frames[i];
		bool system = (is_known(frame->module) && md_module_is_system(frame->module)) ||
			(is_known(frame->file) && md_file_is_system(frame->file));
		int rank = name_of(frame) ? (system ? 2 : 4) : is_known(frame->module) ? (system ? 1 : 3) : 0;

		if (rank > best_rank) {
			best = frame;
			best_rank = rank;
		}
	}
	if (best && name_of(best))
		md_textf(text, "%s:^%S$\n", kind_name(kind), name_of(best));
	else if (best)
		md_textf(text, "%s:%S\n", kind_name(kind), md_report_file_name(best->module));
	return best != NULL;
}

static void put_kind(struct md_text *text, uint64_t kind)
{
	static const char *const leak_kinds[MD_LEAK_KINDS] = {
		[MD_LEAK_DIRECT] = "definite",
		[MD_LEAK_INDIRECT] = "indirect",
		[MD_LEAK_POSSIBLE] = "possible",
		[MD_LEAK_REACHABLE] = "reachable",
	};

	if (!(kind & MD_SUPPRESS_LEAKS)) {
		md_textf(text, "   malloc-debug:%s\n", kind_name(kind));
		return;
	}
	md_text_put(text, "   Memcheck:Leak\n");
	for (int i = 0; i < MD_LEAK_KINDS; i++)
		if (kind == MD_SUPPRESS_LEAK(i) && leak_kinds[i])
			md_textf(text, "   match-leak-kinds: %s\n", leak_kinds[i]);
}

void md_suppress_entry_text(
	struct md_text *text, uint64_t kind, const char *name, enum md_api api, const struct md_suppress_frame *frames, size_t count)
{
	const char *call = md_suppress_symbol(api);

	if (count > FRAMES_MAX - 1)
		count = FRAMES_MAX - 1;
	md_textf(text, "{\n   malloc-debug: %S\n",
		name); /* in front of the name, because one that begins with a brace or # would be taken for something else */
	put_kind(text, kind);
	md_textf(text, "   fun:%s\n", call ? call : "*");
	for (size_t i = 0; i < count; i++) {
		const struct md_suppress_frame *frame = &frames[i];

		if (is_known(frame->symbol) || is_known(frame->function))
			md_textf(text, "   fun:%S\n", is_known(frame->symbol) ? frame->symbol : frame->function);
		else
			md_textf(text, "   obj:%S\n", is_known(frame->module) ? frame->module : "*");
	}
	md_text_put(text, "}\n");
}
