/* SPDX-License-Identifier: MIT */
#include "report/asan_text.h"

#include <string.h>

#include "report/access_text.h"
#include "report/entries.h"
#include "report/phrases.h"
#include "report/report_text.h"

#define ERROR "==%u==ERROR: AddressSanitizer: "

/* --- first line ---------------------------------------------------------------- */

static uintptr_t register_named(const struct md_crash *crash, const char *name)
{
	for (size_t i = 0; crash && i < crash->register_count; i++)
		if (strcmp(crash->register_names[i], name) == 0)
			return crash->registers[i];
	return 0;
}

static uintptr_t pc_of(const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	struct md_frame frame = { 0 };

	if (finding->crash)
		return finding->crash->pc;
	if (finding->access.pc)
		return finding->access.pc;
	md_stack_store_frame(report->stacks, finding->call.stack, 0, &frame);
	return frame.pc;
}

static void put_machine(struct md_text *text, const struct md_report *report)
{
	const struct md_crash *crash = report->finding->crash;
	uintptr_t bp = register_named(crash, "rbp");

	md_textf(text, "pc %p bp %p sp %p", pc_of(report), bp, crash ? crash->sp : 0);
}

/* "operator new []": AddressSanitizer's way to write it, without ours of telling forms apart. */
static void put_operator(struct md_text *text, enum md_api api)
{
	const char *name = md_api_name(api), *form = strstr(name, " (");
	size_t length = form ? (size_t)(form - name) : strlen(name);

	if (length > 2 && memcmp(name + length - 2, "[]", 2) == 0) {
		md_text_put_n(text, name, length - 2);
		md_text_put(text, " []");
	} else {
		md_text_put_n(text, name, length);
	}
}

static void put_overlap(struct md_text *text, const struct md_access *access)
{
	md_textf(text, "memory ranges [%p,%p) and [%p, %p) overlap\n", access->addr, access->addr + access->bytes, access->source,
		access->source + access->source_bytes);
}

static void put_crash_header(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	bool is_access = finding->error == MD_ERROR_SEGV || finding->error == MD_ERROR_BUS;

	md_textf(text, ERROR "%s on %s %p (", report->pid, md_error_info(finding->error)->slug,
		finding->error == MD_ERROR_STACK_OVERFLOW ? "address" : "unknown address",
		finding->crash->known ? finding->addr
			: is_access   ? 0
				      : pc_of(report));
	put_machine(text, report);
	md_text_char(text, ' ');
	md_phrase_thread(text, finding->thread);
	md_text_put(text, ")\n");
	if (!finding->crash->known || finding->error == MD_ERROR_STACK_OVERFLOW)
		return;
	md_textf(text, "==%u==The signal is caused by a %s memory access.\n", report->pid,
		finding->access.kind == MD_ACCESS_READ || finding->access.kind == MD_ACCESS_WRITE ? md_access_word(finding->access.kind)
												  : "UNKNOWN");
	if (finding->place == MD_PLACE_NULL_PAGE)
		md_textf(text, "==%u==Hint: address points to the zero page.\n", report->pid);
}

/* AddressSanitizer names requests by sentences. */
static void put_request_header(struct md_text *text, const struct md_report *report)
{
	const struct md_call *call = &report->finding->call;

	md_textf(text, ERROR, report->pid);
	switch (report->finding->error) {
	case MD_ERROR_INVALID_ALIGNMENT:
		md_textf(text, "invalid-allocation-alignment: %lu, alignment must be a power of two", (uint64_t)call->alignment);
		break;
	case MD_ERROR_CALLOC_OVERFLOW:
		md_text_put(text, "calloc-overflow: count * size cannot be represented in type size_t");
		break;
	case MD_ERROR_REALLOCARRAY_OVERFLOW:
		md_text_put(text, "reallocarray-overflow: count * size cannot be represented in type size_t");
		break;
	case MD_ERROR_PVALLOC_OVERFLOW:
		md_textf(text, "pvalloc-overflow: size 0x%lx rounded up to system page size cannot be represented in type size_t",
			(uint64_t)call->size);
		break;
	case MD_ERROR_OUT_OF_MEMORY:
		md_textf(text, "out-of-memory: allocator is out of memory trying to allocate 0x%lx bytes", (uint64_t)call->size);
		break;
	default:
		md_textf(text, "requested allocation size 0x%lx exceeds maximum supported size", (uint64_t)call->size);
	}
	md_text_put(text, " (thread ");
	md_phrase_thread(text, report->finding->thread);
	md_text_put(text, ")\n");
}

static void put_types(struct md_text *text, const struct md_finding *finding)
{
	md_textf(text,
		"  object passed to delete has wrong type:\n"
		"  size of the allocated type:   %lu bytes;\n"
		"  size of the deallocated type: %lu bytes.\n",
		(uint64_t)finding->block.size, (uint64_t)finding->call.size);
}

static void put_access_header(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	const struct md_access *access = &finding->access;
	bool seen = finding->noticed == MD_NOTICED_AT_ACCESS;
	uint64_t bytes = seen ? access->bytes : finding->damaged_end > finding->addr ? finding->damaged_end - finding->addr : 1;

	md_textf(text, ERROR "%s on address %p at ", report->pid, md_error_info(finding->error)->slug, finding->addr);
	put_machine(text, report);
	md_textf(text, "\n%s of size %lu at %p thread ", seen ? md_access_word(access->kind) : "WRITE", bytes ? bytes : 1,
		seen && access->addr ? access->addr : finding->addr);
	md_phrase_thread(text, finding->thread);
	md_text_char(text, '\n');
}

static void put_header(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	const char *slug = md_error_info(finding->error)->slug;

	if (md_error_is_bad_request(finding->error)) {
		put_request_header(text, report);
		return;
	}
	if (finding->crash) {
		put_crash_header(text, report);
		return;
	}
	switch (finding->error) {
	case MD_ERROR_DOUBLE_FREE:
		md_textf(text, ERROR "attempting double-free on %p in thread ", report->pid, finding->addr);
		break;
	case MD_ERROR_BAD_FREE:
		md_textf(text, ERROR "attempting free on address which was not malloc()-ed: %p in thread ", report->pid, finding->addr);
		break;
	case MD_ERROR_ALLOC_DEALLOC_MISMATCH:
		md_textf(text, ERROR "alloc-dealloc-mismatch (", report->pid);
		put_operator(text, finding->block.alloc_api);
		md_text_put(text, " vs ");
		put_operator(text, finding->call.api);
		md_textf(text, ") on %p\n", finding->addr);
		return;
	case MD_ERROR_NEW_DELETE_TYPE_MISMATCH:
	case MD_ERROR_FREE_SIZE_MISMATCH:
		md_textf(text, ERROR "%s on %p in thread ", report->pid, slug, finding->addr);
		break;
	case MD_ERROR_BAD_USABLE_SIZE:
		md_textf(text, ERROR "attempting to call malloc_usable_size() for pointer which is not owned: %p\n", report->pid,
			finding->addr);
		return;
	case MD_ERROR_NEGATIVE_SIZE_PARAM:
		md_textf(text, ERROR "negative-size-param: (size=%ld)\n", report->pid, (int64_t)finding->access.bytes);
		return;
	case MD_ERROR_MEMCPY_PARAM_OVERLAP:
	case MD_ERROR_STRCPY_PARAM_OVERLAP:
	case MD_ERROR_STRCAT_PARAM_OVERLAP:
		md_textf(text, ERROR "%s: ", report->pid, slug);
		put_overlap(text, &finding->access);
		return;
	default:
		put_access_header(text, report);
		return;
	}
	md_phrase_thread(text, finding->thread);
	md_text_put(text, ":\n");
	if (finding->error != MD_ERROR_DOUBLE_FREE && finding->error != MD_ERROR_BAD_FREE)
		put_types(text, finding);
}

/* --- where, and who ---------------------------------------------------------------- */

static void put_region(struct md_text *text, const struct md_finding *finding)
{
	const struct md_block_view *block = &finding->block;
	uintptr_t end = block->user + block->size;
	uintptr_t distance = finding->addr < block->user ? block->user - finding->addr
		: finding->addr < end                    ? finding->addr - block->user
							 : finding->addr - end;

	md_textf(text, "%p is located %lu bytes %s %lu-byte region [%p,%p)\n", finding->addr, (uint64_t)distance,
		finding->addr < block->user                                                     ? "before"
			: finding->addr < end || (!block->size && finding->addr == block->user) ? "inside of"
												: "after",
		(uint64_t)block->size, block->user, end);
}

static void put_thread(struct md_text *text, const struct md_report *report, md_thread_id id)
{
	const struct md_thread_view *thread = md_report_find_thread(report, id);

	md_phrase_thread(text, id);
	if (id.value > 1 && thread && thread->name[0])
		md_textf(text, " (%S)", thread->name);
}

static void put_owner(struct md_text *text, const struct md_report *report, const char *verb, md_thread_id thread, md_stack_id stack)
{
	struct md_stack_printer printer = md_report_printer(report);

	md_textf(text, "%s by thread ", verb);
	put_thread(text, report, thread);
	md_text_put(text, " here:\n");
	md_stack_text(text, &printer, stack);
	md_text_char(text, '\n');
}

static void put_block(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	const struct md_block_view *block = &finding->block;
	bool freed = md_report_has_free(finding);

	if (!block->valid || md_error_is_bad_request(finding->error))
		return;
	put_region(text, finding);
	if (freed)
		put_owner(text, report, "freed", block->free_thread, block->free_stack);
	put_owner(text, report, freed ? "previously allocated" : "allocated", block->alloc_thread, block->alloc_stack);
}

static void put_threads(struct md_text *text, const struct md_report *report)
{
	struct md_stack_printer printer = md_report_printer(report);

	for (size_t i = 0; i < report->thread_count && i < MD_REPORT_THREADS_MAX; i++) {
		const struct md_thread_view *thread = &report->threads[i];

		if (thread->id.value <= 1)
			continue;
		md_text_put(text, "Thread ");
		put_thread(text, report, thread->id);
		md_text_put(text, " created by ");
		md_phrase_thread(text, thread->creator);
		md_text_put(text, " here:\n");
		md_stack_text(text, &printer, thread->created);
		md_text_char(text, '\n');
	}
}

/* "app.c:10:9 in make_name", "(/usr/bin/app+0x1249) in main" */
static void put_site(struct md_text *text, const struct md_entry *site)
{
	if (site->file[0]) {
		md_text_safe(text, site->file);
		if (site->line)
			md_textf(text, ":%u", site->line);
		if (site->line && site->column)
			md_textf(text, ":%u", site->column);
	} else {
		md_textf(text, "(%S+0x%lx)", site->module[0] ? site->module : "<unknown module>", site->offset);
	}
	if (site->function[0])
		md_textf(text, " in %S", site->function);
}

void md_asan_error_text(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	struct md_stack_printer printer = md_report_printer(report);
	bool has_call = finding->call.stack.value && finding->noticed != MD_NOTICED_AT_EXIT;
	struct md_entry site;
	const char *role;

	if (finding->crash)
		md_text_put(text, "AddressSanitizer:DEADLYSIGNAL\n");
	md_text_repeat(text, '=', 65);
	md_text_char(text, '\n');
	put_header(text, report);
	/* The first stack is what tools tell crashes apart by. */
	if (has_call)
		md_stack_text(text, &printer, finding->call.stack);
	else if (finding->block.valid)
		md_stack_text(text, &printer, finding->block.alloc_stack);
	md_text_char(text, '\n');
	put_block(text, report);
	put_threads(text, report);
	if (finding->crash)
		md_text_put(text, "AddressSanitizer can not provide additional info.\n");
	if (md_finding_is_late(finding))
		md_textf(text,
			"NOTE: malloc-debug found the traces of this write; the access itself was earlier, and the first stack is that of %s.\n",
			has_call ? "the call that found them" : "the allocation");
	md_textf(text, "SUMMARY: AddressSanitizer: %s ", md_error_info(finding->error)->slug);
	if (md_entries_site(&printer, md_report_site(report, &role), &site))
		put_site(text, &site);
	else
		md_text_put(text, "(no stack)");
	md_text_char(text, '\n');
}

void md_asan_leak_text(struct md_text *text, const struct md_leak_report *report, const struct md_stack_printer *printer)
{
	uint64_t blocks = report->totals[MD_LEAK_DIRECT].blocks + report->totals[MD_LEAK_INDIRECT].blocks;
	uint64_t bytes = report->totals[MD_LEAK_DIRECT].bytes + report->totals[MD_LEAK_INDIRECT].bytes;

	if (!blocks)
		return;
	md_text_put(text, "\n");
	md_text_repeat(text, '=', 65);
	md_textf(text, "\n==%u==ERROR: LeakSanitizer: detected memory leaks\n\n", report->pid);
	for (size_t i = 0; i < report->entry_count; i++) {
		const struct md_leak_group *group = report->entries[i].group;

		if (group->kind != MD_LEAK_DIRECT)
			continue;
		size_t before = text->length;

		md_textf(text, "Direct leak of %lu byte(s) in %lu object(s) allocated from:\n", group->count.bytes, group->count.blocks);
		md_stack_text(text, printer, group->stack);
		md_text_char(text, '\n');
		if (text->cut || text->capacity - text->length < 256) { /* the SUMMARY line must not be what is missing */
			text->length = before;
			text->cut = false;
			break;
		}
	}
	md_textf(text, "SUMMARY: AddressSanitizer: %lu byte(s) leaked in %lu allocation(s).\n", bytes, blocks);
}
