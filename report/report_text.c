/* SPDX-License-Identifier: MIT */
#include "report/report_text.h"

#include <string.h>

#include "report/phrases.h"

struct md_stack_printer md_report_printer(const struct md_report *report)
{
	return (struct md_stack_printer){
		.stacks = report->stacks,
		.modules = report->modules,
		.names = report->names,
		.strip_path = report->strip_path,
	};
}

const struct md_thread_view *md_report_find_thread(const struct md_report *report, md_thread_id id)
{
	for (size_t i = 0; i < report->thread_count && i < MD_REPORT_THREADS_MAX; i++)
		if (id.value != MD_THREAD_NONE.value && report->threads[i].id.value == id.value)
			return &report->threads[i];
	return NULL;
}

const char *md_report_file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The name of a thread if it tells something: one that was never named has its program's name, which the kernel cuts. */
const char *md_report_thread_name(const struct md_report *report, const struct md_thread_view *thread)
{
	if (!thread || strncmp(thread->name, md_report_file_name(report->program), sizeof thread->name - 1) == 0)
		return "";
	return thread->name;
}

void md_report_thread_text(struct md_text *text, const struct md_report *report, md_thread_id id)
{
	const char *name = md_report_thread_name(report, md_report_find_thread(report, id));

	if (id.value == MD_THREAD_NONE.value) {
		md_text_put(text, "an unknown thread");
		return;
	}
	md_text_put(text, "thread ");
	md_phrase_thread(text, id);
	if (name[0])
		md_textf(text, " (%S)", name);
}

void md_report_when_text(struct md_text *text, double seconds)
{
	if (!(seconds >= 0))
		return;
	md_text_put(text, ", ");
	md_phrase_seconds(text, seconds, 3);
	md_text_put(text, " after start");
}

void md_report_owner_text(struct md_text *text, const struct md_report *report, const char *verb, enum md_api api, md_thread_id thread,
	double seconds, md_stack_id stack)
{
	struct md_stack_printer printer = md_report_printer(report);

	md_text_color(text, MD_MAGENTA);
	md_text_put(text, verb);
	if (api != MD_API_NONE)
		md_textf(text, " by %s", md_api_name(api));
	md_text_put(text, " in ");
	md_report_thread_text(text, report, thread);
	md_report_when_text(text, seconds);
	md_text_put(text, ", here:\n");
	md_text_color(text, MD_PLAIN);
	md_stack_text(text, &printer, stack);
	md_text_char(text, '\n');
}

bool md_report_has_free(const struct md_finding *finding)
{
	const struct md_block_view *block = &finding->block;

	if (!block->valid || !md_block_is_freed(block))
		return false;
	return finding->noticed != MD_NOTICED_AT_FREE && finding->error != MD_ERROR_ALLOC_DEALLOC_MISMATCH &&
		finding->error != MD_ERROR_NEW_DELETE_TYPE_MISMATCH && finding->error != MD_ERROR_FREE_SIZE_MISMATCH;
}

md_stack_id md_report_site(const struct md_report *report, const char **role)
{
	const struct md_finding *finding = report->finding;
	const struct md_block_view *block = &finding->block;

	*role = "call";
	if (!md_finding_is_late(finding) || !block->valid)
		return finding->call.stack;
	if (finding->error == MD_ERROR_HEAP_USE_AFTER_FREE && block->free_stack.value) {
		*role = "freed";
		return block->free_stack;
	}
	if (!block->alloc_stack.value)
		return finding->call.stack;
	*role = "allocated";
	return block->alloc_stack;
}
