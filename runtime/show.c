/* SPDX-License-Identifier: MIT */
#include "runtime/show.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "report/block_text.h"
#include "report/hexdump.h"
#include "report/history_text.h"
#include "report/map_text.h"
#include "report/stats_text.h"
#include "report/text.h"
#include "runtime/entry.h"
#include "runtime/output.h"
#include "runtime/policy.h"
#include "runtime/restrict.h"
#include "runtime/show_json.h"
#include "runtime/sink.h"
#include "runtime/symbol_client.h"
#include "runtime/watch.h"
#include "runtime/world.h"
#include "src/clock.h"
#include "src/inspect.h"
#include "src/os.h"

#define TEXT_BYTES ((size_t)256 << 10)
#define NAMES_BYTES ((size_t)1 << 20)
#define RUNS_MAX 4096
#define SLOTS_MAX 65536
#define FRAMES_MAX 8192
#define HEXDUMP_BYTES_MAX ((size_t)16 << 10)

/* Scratch memory of one showing. */
struct page {
	char text[TEXT_BYTES];
	unsigned char states[SLOTS_MAX];
	struct md_run_view runs[RUNS_MAX];
	struct md_event events[MD_SHOW_EVENTS_MAX];
	double seconds[MD_SHOW_EVENTS_MAX];
	struct md_frame frames[FRAMES_MAX];
	unsigned char data[HEXDUMP_BYTES_MAX], marks[HEXDUMP_BYTES_MAX], expected[HEXDUMP_BYTES_MAX];
	_Alignas(16) char names[NAMES_BYTES];
};

#define PAGE_BYTES ((sizeof(struct page) + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1))

struct target {
	int fd;
	struct page *page;
	struct md_text text;
	int result;
};

bool md_show_color(int fd)
{
	const struct md_options *options = &md_process.options;

	if (fd < 0)
		return md_sink_color();
	return options->color == MD_COLOR_ALWAYS || (options->color == MD_COLOR_AUTO && !md_process.no_color && md_sink_is_terminal(fd));
}

static bool begin(struct target *target, int fd)
{
	target->page = md_os_map(0, PAGE_BYTES);
	target->fd = fd;
	target->result = target->page ? 0 : -ENOMEM;
	if (!target->page)
		return false;
	bool color = md_show_color(fd);

	if (fd == MD_TO_MAP_FILE && md_process.options.map_file[0])
		color = false;
	md_text_init(&target->text, target->page->text, TEXT_BYTES, color);
	md_lock_take(&md_report_lock);
	return true;
}

static void flush(struct target *target)
{
	struct md_text *text = &target->text;

	if (target->fd >= 0) {
		int result = text->length && !target->result ? md_sink_write_fd(target->fd, text->buffer, text->length) : 0;

		if (result)
			target->result = result;
	} else if (target->fd == MD_TO_MAP_FILE && md_process.options.map_file[0]) {
		md_sink_write_file(md_process.options.map_file, text->buffer, text->length);
	} else if (text->length) {
		md_sink_write(text->buffer, text->length);
	}
	text->length = 0;
}

static int end(struct target *target)
{
	flush(target);
	md_lock_release(&md_report_lock);
	md_os_unmap(target->page, PAGE_BYTES);
	return target->result;
}

/* Names for the frames gathered in page->frames. */
static struct md_stack_printer printer_for(struct target *target, size_t frame_count)
{
	struct md_stack_printer printer = { .stacks = md_process.heap.stacks, .modules = &md_process.heap.modules,
		.strip_path = md_process.options.strip_path };

	if (frame_count && md_process.options.symbolize && !md_is_restricted()) {
		struct md_names *names = md_names_init(target->page->names, NAMES_BYTES);

		printer.names = names;
		md_symbol_client_ask(target->page->frames, frame_count, printer.modules, names, (unsigned)md_process.options.symbolize_timeout);
	}
	return printer;
}

static size_t add_frames(struct target *target, size_t count, md_stack_id stack, size_t depth)
{
	if (count + MD_STACK_FRAMES_MAX > FRAMES_MAX)
		return count;
	size_t got = md_stack_store_frames(md_process.heap.stacks, stack, target->page->frames + count, MD_STACK_FRAMES_MAX);

	return count + (got < depth ? got : depth);
}

int md_show_map(int fd)
{
	const struct md_heap *heap = &md_process.heap;
	struct md_heap_totals totals;
	struct target target;
	uintptr_t from = 0, run_begin = 0, run_end = 0;
	bool dirty = false, have_run;

	if (!begin(&target, fd))
		return target.result;
	md_map_text_begin(&target.text);
	have_run = md_inspect_free_run_from(heap, 0, &run_begin, &run_end, &dirty);
	for (const struct md_zone *zone; (zone = md_inspect_zone_from(heap, from)); from = md_inspect_after(zone, from)) {
		struct md_zone_view view;
		size_t runs = 0;
		uint32_t slot = 0;

		while (have_run && run_begin < zone->begin) { /* in order of address */
			md_map_text_free_run(&target.text, run_begin, run_end, dirty);
			have_run = md_inspect_free_run_from(heap, run_end, &run_begin, &run_end, &dirty);
		}
		md_inspect_zone(heap, zone, &view);
		md_inspect_slot_states(zone, 0, target.page->states, SLOTS_MAX);
		while (runs < RUNS_MAX && md_inspect_next_run(heap, zone, &slot, &target.page->runs[runs]))
			runs++;
		md_map_text_zone(&target.text, &view, target.page->states, target.page->runs, runs);
		if (target.text.length > TEXT_BYTES / 2)
			flush(&target);
	}
	while (have_run) {
		md_map_text_free_run(&target.text, run_begin, run_end, dirty);
		have_run = md_inspect_free_run_from(heap, run_end, &run_begin, &run_end, &dirty);
	}
	md_inspect_totals(heap, &totals);
	md_map_text_end(&target.text, &totals);
	return end(&target);
}

long md_show_history(int fd, uintptr_t addr, size_t events_max)
{
	struct target target;
	uint64_t total;
	size_t frames = 0, ring_count;

	if (!begin(&target, fd))
		return target.result;
	struct page *page = target.page;

	if (!events_max || events_max > MD_SHOW_EVENTS_MAX)
		events_max = MD_SHOW_EVENTS_MAX;
	const struct md_history_ring *const *rings = md_policy_rings(&ring_count);
	size_t count = md_history_read(rings, ring_count, addr, addr ? addr + 1 : 0, addr == 0, page->events, events_max, &total);

	for (size_t i = 0; i < count; i++) {
		page->seconds[i] = md_process_seconds(page->events[i].time);
		frames = add_frames(&target, frames, (md_stack_id){ page->events[i].stack }, addr ? MD_STACK_FRAMES_MAX : 4);
	}
	struct md_stack_printer printer = printer_for(&target, frames);

	for (size_t i = 0; i < count; i += 64) { /* in pieces, so that the text fits */
		size_t part = count - i < 64 ? count - i : 64;

		if (i == 0) {
			md_history_text(&target.text, page->events, page->seconds, part, total, addr != 0, &printer);
		} else {
			for (size_t j = i; j < i + part; j++)
				md_history_event_text(&target.text, &page->events[j], page->seconds[j], &printer);
		}
		flush(&target);
	}
	if (!count)
		md_history_text(&target.text, page->events, page->seconds, 0, total, false, &printer);
	int result = end(&target);

	return result ? result : (long)count;
}

int md_show_stats(int fd)
{
	struct md_heap_totals totals;
	struct md_counters counters;
	struct target target;

	if (!begin(&target, fd))
		return target.result;
	md_inspect_totals(&md_process.heap, &totals);
	md_inspect_counters(&md_process.heap, &counters);
	counters.findings = atomic_load(&md_policy_counts.findings);
	counters.reports = atomic_load(&md_policy_counts.reports);
	counters.repeats = atomic_load(&md_policy_counts.repeats);
	counters.watchpoints = md_watch_usable(&counters.watch_why);
	counters.watch_moves = atomic_load(&md_watch_counts.moves);
	counters.watch_traps = atomic_load(&md_watch_counts.traps);
	counters.watch_innocent = atomic_load(&md_watch_counts.innocent);
	counters.watch_reports = atomic_load(&md_watch_counts.reports);
	if (fd >= 0 || md_output_is_text(MD_OUTPUT_STATS))
		md_stats_text(&target.text, &counters, &totals);
	if (counters.failed_last.value && (fd >= 0 || md_output_is_text(MD_OUTPUT_STATS))) {
		struct md_stack_printer printer = printer_for(&target, add_frames(&target, 0, counters.failed_last, MD_STACK_FRAMES_MAX));

		md_text_put(&target.text, "The last request that failed on purpose:\n");
		md_stack_text(&target.text, &printer, counters.failed_last);
	}
	if (fd < 0)
		md_output_stats(&counters, &totals);
	return end(&target);
}

int md_show_address(int fd, uintptr_t addr)
{
	struct md_block_view block;
	struct target target;
	md_thread_id thread;
	uint16_t module;

	if (!begin(&target, fd))
		return target.result;
	md_inspect_address(&md_process.heap, addr, &block);
	if (block.valid) {
		size_t frames = add_frames(&target, 0, block.alloc_stack, MD_STACK_FRAMES_MAX);

		frames = add_frames(&target, frames, block.free_stack, MD_STACK_FRAMES_MAX);
		struct md_stack_printer printer = printer_for(&target, frames);

		md_block_text(&target.text, addr, &block, MD_PLACE_BLOCK, &printer);
	} else {
		enum md_place place = md_place_of(addr, &thread, &module);

		md_place_text(&target.text, addr, place, NULL, thread, module, &md_process.heap.modules);
	}
	return end(&target);
}

int md_show_bytes(int fd, uintptr_t addr, size_t context)
{
	struct md_block_view block;
	struct target target;

	if (!begin(&target, fd))
		return target.result;
	struct page *page = target.page;
	uintptr_t from, to;

	md_inspect_address(&md_process.heap, addr, &block);
	if (context > HEXDUMP_BYTES_MAX / 4)
		context = HEXDUMP_BYTES_MAX / 4;
	if (block.valid && block.end - block.begin <= HEXDUMP_BYTES_MAX / 2) {
		from = block.begin - context;
		to = block.end + context;
	} else {
		from = addr - (context < addr ? context : addr);
		to = addr + 16 + context;
	}
	from &= ~(uintptr_t)15;
	to = (to + 15) & ~(uintptr_t)15;
	size_t bytes = md_os_read(from, page->data, to - from);

	if (!bytes && block.valid) { /* what lies before the block may not be there */
		from = block.begin & ~(uintptr_t)15;
		bytes = md_os_read(from, page->data, to - from);
	}
	if (!bytes) {
		target.result = -EFAULT;
	} else {
		md_inspect_bytes(&md_process.heap, from, bytes, page->data, page->marks, page->expected);
		struct md_hexdump dump = { .begin = from, .bytes = bytes, .data = page->data, .marks = page->marks, .expected = page->expected, .focus = addr };

		md_hexdump_legend(&target.text, md_hexdump_text(&target.text, &dump));
	}
	return end(&target);
}

/* --- at exit and on a signal ---------------------------------------------- */

static bool ends_in(const char *name, const char *ending)
{
	size_t name_bytes = strlen(name), ending_bytes = strlen(ending);

	return name_bytes > ending_bytes && strcmp(name + name_bytes - ending_bytes, ending) == 0;
}

static void show_map_item(void)
{
	const char *file = md_process.options.map_file;

	if (ends_in(file, ".json"))
		md_show_map_json(MD_TO_MAP_FILE, MD_SHOW_AS_JSON);
	else if (ends_in(file, ".html"))
		md_show_map_json(MD_TO_MAP_FILE, MD_SHOW_AS_HTML);
	else if (file[0] || md_output_is_text(MD_OUTPUT_MAP))
		md_show_map(MD_TO_MAP_FILE);
	if (md_output_is_json(MD_OUTPUT_MAP))
		md_show_map_json(MD_TO_SINK, MD_SHOW_AS_JSON);
}

bool md_show_items(bool all, bool wait)
{
	uint64_t items = md_process.options.show;

	if (all && !items)
		items = MD_SHOW_MAP | MD_SHOW_HISTORY | MD_SHOW_STATS;
	if (!wait) { /* a report that this very thread is writing would never end */
		if (!md_lock_try(&md_report_lock))
			return false;
		md_lock_release(&md_report_lock);
	}
	if (items & MD_SHOW_MAP)
		show_map_item();
	if (items & MD_SHOW_HISTORY) {
		if (md_output_is_text(MD_OUTPUT_HISTORY))
			md_show_history(MD_TO_SINK, 0, 0);
		if (md_output_is_json(MD_OUTPUT_HISTORY))
			md_show_history_json(MD_TO_SINK, 0, 0, MD_SHOW_AS_JSON);
	}
	if ((items & MD_SHOW_STATS) || (md_process.options.stats && !all))
		md_show_stats(MD_TO_SINK);
	return true;
}

static _Atomic bool pending;

static void on_signal(int number, siginfo_t *info, void *context)
{
	struct md_thread *self = md_entry_begin();

	(void)number;
	(void)info;
	if (!self || !md_show_items(true, false)) {
		atomic_store(&pending, true);
		if (md_self)
			md_self->attended = true;
	}
	if (self)
		md_entry_end(self);
	md_interrupted_settle(NULL, context);
}

void md_show_pending(struct md_thread *self)
{
	(void)self;
	if (atomic_load_explicit(&pending, memory_order_relaxed) && atomic_exchange(&pending, false) && !md_show_items(true, false))
		atomic_store(&pending, true);
}

void md_show_init(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK };

	md_output_begin();
	if (md_process.options.signal_show) {
		sigfillset(&action.sa_mask);
		sigaction((int)md_process.options.signal_show, &action, NULL);
	}
}
