/* SPDX-License-Identifier: MIT */
#include "runtime/watch_log.h"

#include "report/names.h"
#include "report/watch_text.h"
#include "runtime/output.h"
#include "runtime/policy.h"
#include "runtime/restrict.h"
#include "runtime/sink.h"
#include "runtime/symbol_client.h"
#include "runtime/watch.h"
#include "src/clock.h"
#include "src/os.h"

#define TEXT_BYTES ((size_t)64 << 10)
#define NAMES_BYTES ((size_t)128 << 10)
#define STACKS_MAX 256 /* that are told apart; a later one is printed each time */

/* Scratch memory of one text. */
struct page {
	struct md_frame frames[MD_STACK_FRAMES_MAX];
	char text[TEXT_BYTES];
	_Alignas(16) char names[NAMES_BYTES];
};

#define PAGE_BYTES ((sizeof(struct page) + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1))

/* Under md_report_lock. */
static uint64_t writes;
static struct {
	uint32_t stack;
	uint64_t number;
} known[STACKS_MAX];
static size_t known_count;

/* Number of the first write from that stack, or 0 if this is it. */
static uint64_t look_up(md_stack_id stack)
{
	for (size_t i = 0; i < known_count; i++)
		if (known[i].stack == stack.value)
			return known[i].number;
	if (known_count < STACKS_MAX) {
		known[known_count].stack = stack.value;
		known[known_count++].number = writes;
	}
	return 0;
}

static void print(struct page *page, const struct md_watch_write *write)
{
	struct md_stack_printer printer = {
		.stacks = md_process.heap.stacks, .modules = &md_process.heap.modules, .strip_path = md_process.options.strip_path
	};
	struct md_text text;

	if (!write->first && md_process.options.symbolize && !md_is_restricted()) {
		struct md_names *names = md_names_init(page->names, NAMES_BYTES);
		size_t count = md_stack_store_frames(printer.stacks, write->stack, page->frames, MD_STACK_FRAMES_MAX);

		printer.names = names;
		md_symbol_client_ask(page->frames, count < MD_STACK_FRAMES_MAX ? count : MD_STACK_FRAMES_MAX, printer.modules, names,
			(unsigned)md_process.options.symbolize_timeout);
	}
	md_text_init(&text, page->text, TEXT_BYTES, md_sink_color());
	if (md_output_is_text(MD_OUTPUT_WRITE)) {
		md_watch_text(&text, write, &printer);
		md_sink_write(page->text, text.length);
	}
	md_output_write(write, &printer);
}

void md_watch_log(struct md_thread *self, const struct md_access *access, md_stack_id stack)
{
	const struct md_watch_range *range = &md_watch_setting()->range;
	struct page *page = md_os_map(0, PAGE_BYTES);
	struct md_watch_write write = {
		.pid = md_process_pid(),
		.watched = range->addr,
		.watched_bytes = range->bytes,
		.access = *access,
		.thread = self->id,
		.stack = stack,
		.seconds = md_process_seconds(md_clock_now()),
	};

	if (!page)
		return;
	md_os_read(range->addr, &write.value, range->bytes);
	md_lock_take(&md_report_lock);
	write.number = ++writes;
	write.first = look_up(stack);
	print(page, &write);
	md_lock_release(&md_report_lock);
	md_os_unmap(page, PAGE_BYTES);
}
