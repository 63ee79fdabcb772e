/* SPDX-License-Identifier: MIT */
#include "runtime/failures.h"

#include "report/json.h"
#include "report/parts_json.h"
#include "report/stack_text.h"
#include "runtime/log_file.h"
#include "runtime/output.h"
#include "runtime/policy.h"
#include "runtime/restrict.h"
#include "runtime/sink.h"
#include "runtime/symbol_client.h"
#include "src/os.h"

#define TEXT_BYTES ((size_t)128 << 10)
#define NAMES_BYTES ((size_t)256 << 10)
#define TOLD_MAX 100 /* lines in the log */

struct page {
	struct md_frame frames[MD_STACK_FRAMES_MAX];
	char text[TEXT_BYTES];
	_Alignas(16) char names[NAMES_BYTES];
};

#define PAGE_BYTES ((sizeof(struct page) + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1))

/* Names are found later by who reads it: a list has hundreds of stacks, and few of them are of interest. */
static void list(struct page *page, const char *type, const struct md_failure_thread *own, md_stack_id stack)
{
	struct md_stack_printer printer = { .stacks = md_process.heap.stacks, .modules = &md_process.heap.modules };
	struct md_origin origin = md_output_origin();
	struct md_text text;
	struct md_json json;

	md_text_init(&text, page->text, TEXT_BYTES, false);
	md_json_open(&json, &text, type, &origin);
	md_json_address(&json, "key", md_stack_key(printer.stacks, printer.modules, stack));
	md_json_string(&json, "function", md_api_name(own->api));
	md_json_uint(&json, "bytes", own->size);
	md_json_stack(&json, "stack", &printer, stack);
	md_json_close(&json);
	md_log_file_append(md_process.options.fail_list, page->text, text.length, true);
}

/* Under md_report_lock. */
static void tell(struct page *page, const struct md_failure_thread *own)
{
	static unsigned told;
	struct md_stack_printer printer = {
		.stacks = md_process.heap.stacks, .modules = &md_process.heap.modules, .strip_path = md_process.options.strip_path
	};
	struct md_text text;

	if (told == TOLD_MAX)
		return;
	if (md_process.options.symbolize && !md_is_restricted()) {
		struct md_names *names = md_names_init(page->names, NAMES_BYTES);
		size_t count = md_stack_store_frames(printer.stacks, own->failed, page->frames, MD_STACK_FRAMES_MAX);

		printer.names = names;
		md_symbol_client_ask(page->frames, count < MD_STACK_FRAMES_MAX ? count : MD_STACK_FRAMES_MAX, printer.modules, names,
			(unsigned)md_process.options.symbolize_timeout);
	}
	md_text_init(&text, page->text, TEXT_BYTES, false);
	md_textf(&text, "malloc-debug: a request of %B (%s) fails on purpose: ", own->size, md_api_name(own->api));
	md_stack_site_text(&text, &printer, own->failed);
	md_text_char(&text, '\n');
	if (++told == TOLD_MAX)
		md_text_put(&text, "malloc-debug: further ones are not told\n");
	md_sink_write(page->text, text.length);
}

void md_failures_pending(struct md_thread *self)
{
	struct md_failure_thread *own = &self->failure;
	struct page *page;

	if (!own->met.value && !own->failed.value)
		return;
	page = md_os_map(0, PAGE_BYTES);
	if (page) {
		md_lock_take(&md_report_lock);
		if (own->met.value)
			list(page, "allocation-stack", own, own->met);
		if (own->failed.value && md_process.options.fail_list[0])
			list(page, "failed-allocation", own, own->failed);
		if (own->failed.value && md_process.options.verbose)
			tell(page, own);
		md_lock_release(&md_report_lock);
		md_os_unmap(page, PAGE_BYTES);
	}
	own->met = own->failed = MD_STACK_NONE;
}
