/* SPDX-License-Identifier: MIT */
#include "runtime/show_json.h"

#include <errno.h>
#include <string.h>

#include "report/history_json.h"
#include "report/map_json.h"
#include "report/page_html.h"
#include "runtime/log_file.h"
#include "runtime/output.h"
#include "runtime/policy.h"
#include "runtime/profile_file.h"
#include "runtime/restrict.h"
#include "runtime/sink.h"
#include "runtime/symbol_client.h"
#include "src/inspect.h"
#include "src/os.h"

#define NAMES_BYTES ((size_t)4 << 20)
#define TEXT_BYTES ((size_t)8 << 20)
#define TEXT_BYTES_LEAST ((size_t)512 << 10)
#define BLOCK_BYTES 192   /* of JSON, with all members at their longest */
#define FRAMES_ASKED 4096 /* at a time: half of what the helper takes */

/* Scratch memory of one showing, but for the text. Pages that are not written to take no memory. */
struct page {
	struct md_stacks_json stacks;
	struct md_map_sizes sizes;
	struct md_event events[MD_SHOW_EVENTS_MAX];
	double seconds[MD_SHOW_EVENTS_MAX];
	_Alignas(16) char names[NAMES_BYTES];
};

#define PAGE_BYTES ((sizeof(struct page) + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1))

struct showing {
	int fd;
	enum md_show_format format;
	struct page *page;
	char *buffer;
	size_t buffer_bytes;
	struct md_text text;
	struct md_stack_printer printer;
	const char *names_missing;
};

static bool begin(struct showing *showing, int fd, enum md_show_format format, size_t bytes)
{
	bytes = (bytes + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1);
	*showing = (struct showing){ .fd = fd, .format = format, .buffer_bytes = bytes };
	showing->page = md_os_map(0, PAGE_BYTES);
	if (!showing->page)
		return false;
	showing->buffer = md_os_map(0, bytes);
	if (!showing->buffer)
		showing->buffer = md_os_map(0, showing->buffer_bytes = TEXT_BYTES_LEAST);
	if (!showing->buffer) {
		md_os_unmap(showing->page, PAGE_BYTES);
		return false;
	}
	showing->printer = (struct md_stack_printer){
		.stacks = md_process.heap.stacks, .modules = &md_process.heap.modules, .strip_path = md_process.options.strip_path
	};
	size_t tail = format == MD_SHOW_AS_HTML ? strlen(md_page_html_tail) + strlen(md_page_html_data_end) : 0;

	md_text_init(&showing->text, showing->buffer, showing->buffer_bytes - tail, false);
	if (format == MD_SHOW_AS_HTML) {
		md_text_put(&showing->text, md_page_html_head);
		md_text_put(&showing->text, MD_PAGE_HTML_TITLE);
		md_text_put(&showing->text, md_page_html_body);
		md_text_put(&showing->text, md_page_html_data);
	}
	md_lock_take(&md_report_lock);
	return true;
}

/* Asks for the names of all frames gathered. */
static void find_names(struct showing *showing)
{
	const struct md_options *options = &md_process.options;
	const struct md_stacks_json *stacks = &showing->page->stacks;

	if (!stacks->frame_count || !options->symbolize || md_is_restricted())
		return;
	struct md_names *names = md_names_init(showing->page->names, NAMES_BYTES);

	showing->printer.names = names;
	for (size_t i = 0; i < stacks->frame_count && !showing->names_missing; i += FRAMES_ASKED) {
		size_t count = stacks->frame_count - i < FRAMES_ASKED ? stacks->frame_count - i : FRAMES_ASKED;

		showing->names_missing = md_symbol_client_ask(
			stacks->frames + i, count, showing->printer.modules, names, (unsigned)options->symbolize_timeout);
	}
}

/* A page takes the place of the one that an earlier run, or an earlier signal, left: two in one file are no page. */
static int replace_map_file(const struct md_text *text)
{
	static struct md_profile_file file;
	int result = md_profile_file_open(&file, md_process.options.map_file, 0);

	return result ? result : md_profile_file_close(&file, md_sink_write_fd((int)file.fd, text->buffer, text->length));
}

static int write_out(struct showing *showing)
{
	struct md_text *text = &showing->text;

	if (showing->format == MD_SHOW_AS_HTML) {
		text->capacity = showing->buffer_bytes; /* so much was kept for it */
		md_text_put(text, md_page_html_data_end);
		md_text_put(text, md_page_html_tail);
	}
	if (showing->fd >= 0)
		return md_sink_write_fd(showing->fd, text->buffer, text->length);
	if (showing->fd != MD_TO_SINK)
		return showing->format == MD_SHOW_AS_HTML ? replace_map_file(text) :
			md_log_file_append(md_process.options.map_file, text->buffer, text->length, true);
	md_output_json(text);
	return 0;
}

static int end(struct showing *showing)
{
	int result = write_out(showing);

	if (result && showing->fd == MD_TO_MAP_FILE) {
		static const char lost[] = "malloc-debug: cannot write the map of the heap to the file of map_file\n";

		md_sink_write(lost, sizeof lost - 1);
	}
	md_lock_release(&md_report_lock);
	md_os_unmap(showing->buffer, showing->buffer_bytes);
	md_os_unmap(showing->page, PAGE_BYTES);
	return result;
}

/* --- the map ------------------------------------------------------------------ */

/* How the blocks of a zone are put together. */
enum grouping {
	GROUP_NONE,
	GROUP_ALIKE, /* neighbours in one state and of one stack, with no free slot between them */
	GROUP_SLICES /* whatever lies in the same part of the zone */
};

struct walk {
	const struct md_zone *zone;
	struct page *page; /* what is met is counted in it; NULL: it is not */
	enum grouping grouping;
	uint32_t slot, slice_slots;
};

static bool is_used(const struct md_block_view *view)
{
	return view->valid && (view->state == MD_BLOCK_LIVE || view->state == MD_BLOCK_FREEING || view->state == MD_BLOCK_QUARANTINED);
}

static void start_group(struct md_map_block *block, const struct md_block_view *view)
{
	*block = (struct md_map_block){ .addr = view->user,
		.end = view->user + view->size,
		.blocks = 1,
		.bytes = view->size,
		.state = view->state,
		.damaged = (view->flags & MD_BLOCK_DAMAGED) != 0,
		.stack = view->alloc_stack,
		.free_stack = view->free_stack,
		.thread = view->alloc_thread,
		.seconds = view->alloc_time ? md_process_seconds_coarse(view->alloc_time) : -1 };
}

static void add_to_group(struct md_map_block *block, const struct md_block_view *view)
{
	double seconds = view->alloc_time ? md_process_seconds_coarse(view->alloc_time) : -1;

	block->end = view->user + view->size;
	block->blocks++;
	block->bytes += view->size;
	block->states_differ |= block->state != view->state;
	block->damaged |= (view->flags & MD_BLOCK_DAMAGED) != 0;
	if (block->stack.value != view->alloc_stack.value)
		block->stack = MD_STACK_NONE;
	if (block->free_stack.value != view->free_stack.value)
		block->free_stack = MD_STACK_NONE;
	if (block->thread.value != view->alloc_thread.value)
		block->thread = MD_THREAD_NONE;
	if (seconds >= 0 && (block->seconds < 0 || seconds < block->seconds))
		block->seconds = seconds;
}

/* Of grouped blocks, too, each one counts for its stack and its size. */
static void count_block(struct page *page, const struct md_block_view *view)
{
	md_stacks_json_add(&page->stacks, md_process.heap.stacks, view->free_stack);
	if (view->state == MD_BLOCK_LIVE) {
		md_stacks_json_add_live(&page->stacks, md_process.heap.stacks, view->alloc_stack, view->size);
		md_map_sizes_add(&page->sizes, view->size);
	} else {
		md_stacks_json_add(&page->stacks, md_process.heap.stacks, view->alloc_stack);
	}
}

/* The next block, or group of them. False at the zone's end. */
static bool next_block(struct walk *walk, struct md_map_block *block)
{
	struct md_block_view view;
	uint32_t first = 0;

	block->blocks = 0;
	for (; walk->slot < walk->zone->slot_count; walk->slot++) {
		md_inspect_slot(&md_process.heap, walk->zone, walk->slot, &view);
		if (!is_used(&view)) {
			if (block->blocks && walk->grouping == GROUP_ALIKE)
				break;
			continue;
		}
		if (!block->blocks) {
			if (walk->page)
				count_block(walk->page, &view);
			start_group(block, &view);
			first = walk->slot;
			if (walk->grouping != GROUP_NONE)
				continue;
			walk->slot++;
			break;
		}
		if (walk->grouping == GROUP_ALIKE ? block->state != view.state || block->stack.value != view.alloc_stack.value
						  : walk->slot / walk->slice_slots != first / walk->slice_slots)
			break;
		if (walk->page)
			count_block(walk->page, &view);
		add_to_group(block, &view);
	}
	return block->blocks != 0;
}

/* Chooses the finest grouping that gives at most blocks_max. */
static struct walk plan(const struct md_zone *zone, size_t used, size_t blocks_max)
{
	struct walk walk = { .zone = zone, .grouping = GROUP_ALIKE };
	struct md_map_block block;
	size_t groups = 0;

	if (used <= blocks_max)
		return (struct walk){ .zone = zone, .grouping = GROUP_NONE };
	while (groups <= blocks_max && next_block(&walk, &block))
		groups++;
	walk.slot = 0;
	walk.grouping = groups <= blocks_max ? GROUP_ALIKE : GROUP_SLICES;
	walk.slice_slots = (uint32_t)((zone->slot_count + blocks_max - 1) / blocks_max);
	return walk;
}

static void put_zones(struct md_map_writer *writer, struct page *page, uint64_t used, uint64_t listed_max)
{
	const struct md_heap *heap = &md_process.heap;
	uintptr_t from = 0;

	for (const struct md_zone *zone; (zone = md_inspect_zone_from(heap, from)); from = md_inspect_after(zone, from)) {
		struct md_map_block block;
		struct md_zone_view view;

		md_inspect_zone(heap, zone, &view);
		size_t here = view.live + view.quarantined, share = here;

		if (used > listed_max) /* each zone gets its part of what is listed, and each at least one */
			share = (size_t)((double)here * (double)listed_max / (double)used) + 1;
		struct walk walk = plan(zone, here, share);

		walk.page = page;

		md_map_json_zone_begin(writer, &view);
		while (!writer->json.cut && next_block(&walk, &block))
			md_map_json_block(writer, &block);
		md_map_json_zone_end(writer);
	}
}

int md_show_map_json(int fd, enum md_show_format format)
{
	const struct md_heap *heap = &md_process.heap;
	uint64_t listed_max = md_process.options.map_blocks;
	struct md_map_writer writer;
	struct md_heap_totals totals;
	struct showing showing;
	uintptr_t run_begin, run_end = 0;
	bool dirty;

	md_inspect_totals(heap, &totals);
	uint64_t used = totals.live_blocks + totals.quarantined_blocks;

	if (!begin(&showing, fd, format, TEXT_BYTES + BLOCK_BYTES * (size_t)(used < listed_max ? used : listed_max)))
		return -ENOMEM;
	struct md_origin origin = md_output_origin();

	md_map_json_begin(&writer, &showing.text, &origin, &totals, used > listed_max, format == MD_SHOW_AS_HTML);
	put_zones(&writer, showing.page, used, listed_max);
	md_map_json_zones_end(&writer);
	while (md_inspect_free_run_from(heap, run_end, &run_begin, &run_end, &dirty))
		md_map_json_free_run(&writer, run_begin, run_end, dirty);
	find_names(&showing);
	md_map_json_end(&writer, &showing.page->sizes, &showing.page->stacks, &showing.printer, showing.names_missing);
	return end(&showing);
}

/* --- the history ----------------------------------------------------------- */

long md_show_history_json(int fd, uintptr_t addr, size_t events_max, enum md_show_format format)
{
	struct showing showing;
	size_t ring_count;

	if (!begin(&showing, fd, format, TEXT_BYTES))
		return -ENOMEM;
	struct page *page = showing.page;
	struct md_history_list list = { .events = page->events, .seconds = page->seconds, .addr = addr };
	struct md_origin origin = md_output_origin();

	if (!events_max || events_max > MD_SHOW_EVENTS_MAX)
		events_max = MD_SHOW_EVENTS_MAX;
	const struct md_history_ring *const *rings = md_policy_rings(&ring_count);

	list.count = md_history_read(rings, ring_count, addr, addr ? addr + 1 : 0, addr == 0, page->events, events_max, &list.total);
	for (size_t i = 0; i < list.count; i++) {
		page->seconds[i] = md_process_seconds(page->events[i].time);
		md_stacks_json_add(&page->stacks, md_process.heap.stacks, (md_stack_id){ page->events[i].stack });
	}
	find_names(&showing);
	md_history_json(&showing.text, &list, &origin, &page->stacks, &showing.printer, showing.names_missing, format == MD_SHOW_AS_HTML);
	int result = end(&showing);

	return result ? result : (long)list.count;
}
