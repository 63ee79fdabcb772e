/* SPDX-License-Identifier: MIT */
#include "runtime/policy.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MALLOC_DEBUG_LIBRARY
#include "malloc_debug.h"
#include "report/error_text.h"
#include "report/names.h"
#include "report/report.h"
#include "report/text.h"
#include "runtime/cxx.h"
#include "runtime/layout_export.h"
#include "runtime/modules.h"
#include "runtime/output.h"
#include "runtime/restrict.h"
#include "runtime/signals.h"
#include "runtime/sink.h"
#include "runtime/suppress.h"
#include "runtime/symbol_client.h"
#include "runtime/syscall.h"
#include "runtime/watch.h"
#include "src/clock.h"
#include "src/inspect.h"
#include "src/os.h"
#include "src/suppress.h"

#define TEXT_BYTES ((size_t)256 << 10)
#define NAMES_BYTES ((size_t)512 << 10)
#define SEEN_MAX 4096 /* distinct bugs remembered; from then on each is reported anew */
#define STACKS_MAX 32
#define RINGS_MAX 4096 /* threads whose history is looked into */

/* All that acting on findings needs; mapped for the time, because the program's stack may be small. */
struct page {
	struct md_findings findings; /* moved here: a callback's own calls may find more */
	struct md_report report;
	md_stack_id stacks[STACKS_MAX];
	struct md_frame frames[STACKS_MAX * MD_STACK_FRAMES_MAX];
	char text[TEXT_BYTES], plain[TEXT_BYTES];
	_Alignas(16) char names[NAMES_BYTES];
};

#define PAGE_BYTES ((sizeof(struct page) + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1))

struct md_policy_counts md_policy_counts;
struct md_lock md_report_lock = { .rank = MD_LOCK_REPORT };
void (*_Atomic md_policy_callback)(const struct malloc_debug_error *, void *);
void *_Atomic md_policy_callback_context;

/* --- once for each bug ---------------------------------------------------- */

static _Atomic uint64_t seen[SEEN_MAX];
static _Atomic bool seen_acquitted[SEEN_MAX]; /* looked at closely, and no bug of the program's */

/* What makes two findings the same bug: the same error, of blocks from the same stack, noticed by the same call. */
static uint64_t site_of(const struct md_finding *finding, bool call_is_bug)
{
	uint64_t site = finding->error + 1;

	site = (site ^ finding->block.alloc_stack.value) * 0x9e3779b97f4a7c15ull;
	site = (site ^ (call_is_bug ? finding->call.stack.value : 0) ^ site >> 29) * 0x9e3779b97f4a7c15ull;
	if (finding->error != MD_ERROR_DOUBLE_FREE) /* the first free may be going on, and not written down yet */
		site = (site ^ finding->block.free_stack.value ^ site >> 31) * 0x9e3779b97f4a7c15ull;
	return site | 1;
}

/* The place of a site in the tables, and whether it was there before; SEEN_MAX if they are full, or if there are no stacks to tell sites apart. */
static size_t look_up_site(const struct md_finding *finding, bool call_is_bug, bool *known)
{
	uint64_t site = site_of(finding, call_is_bug);

	*known = false;
	if (!finding->block.alloc_stack.value && !finding->call.stack.value)
		return SEEN_MAX;
	for (size_t i = site >> 32, tries = 0; tries < SEEN_MAX; i++, tries++) {
		uint64_t empty = 0;

		if (atomic_compare_exchange_strong(&seen[i % SEEN_MAX], &empty, site))
			return i % SEEN_MAX;
		if (empty == site) {
			*known = true;
			return i % SEEN_MAX;
		}
	}
	return SEEN_MAX;
}

/* --- operators that we do not see ----------------------------------------- */

/* The code that called our malloc for the block, or our free, where a mismatch has that side. False if it has not, or nobody knows. */
static bool first_frame(const struct md_finding *finding, bool of_free, struct md_frame *frame)
{
	md_stack_id stack = of_free ? finding->call.stack : finding->block.alloc_stack;

	return md_stack_store_frame(md_process.heap.stacks, stack, 0, frame);
}

static bool names_operator(const char *function)
{
	static const char *const starts[] = { "operator new", "operator delete", "_Znw", "_Zna", "_Zdl", "_Zda" };

	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
		if (!strncmp(function, starts[i], strlen(starts[i])))
			return true;
	return false;
}

/* One side of a mismatch is malloc's or free's: may that be a module's own operator, which we do not see? Names settle it; without them only a module
 * that takes its operators from the loader is beyond doubt. */
static bool may_be_own_operator(const struct md_finding *finding, bool of_free, const struct md_names *names)
{
	struct md_frame frame;
	struct md_name name;

	if (md_api_family(of_free ? finding->call.api : finding->block.alloc_api) != MD_FAMILY_MALLOC)
		return false;
	if (!first_frame(finding, of_free, &frame))
		return true;
	if (md_names_get(names, frame, &name, 1) && name.function[0])
		return names_operator(name.function);
	return md_cxx_binding(frame.pc) != MD_CXX_LOADERS;
}

static bool is_own_operators(const struct md_finding *finding, const struct md_names *names)
{
	return finding->error == MD_ERROR_ALLOC_DEALLOC_MISMATCH &&
		(may_be_own_operator(finding, false, names) || may_be_own_operator(finding, true, names));
}

/* The same without names: only what is certain, and quickly. */
static bool is_certainly_own_operators(const struct md_finding *finding)
{
	struct md_frame frame;

	for (int of_free = 0; of_free < 2 && finding->error == MD_ERROR_ALLOC_DEALLOC_MISMATCH; of_free++)
		if (md_api_family(of_free ? finding->call.api : finding->block.alloc_api) == MD_FAMILY_MALLOC &&
			first_frame(finding, of_free, &frame) && md_cxx_binding(frame.pc) == MD_CXX_OWN)
			return true;
	return false;
}

/* --- what an address is --------------------------------------------------- */

enum md_place md_place_of(uintptr_t addr, md_thread_id *thread, uint16_t *module)
{
	struct md_object object;
	unsigned char byte;

	*thread = MD_THREAD_NONE;
	*module = MD_MODULE_NONE;
	if (addr < MD_PAGE_BYTES)
		return MD_PLACE_NULL_PAGE;
	if (addr >> MD_ADDRESS_BITS)
		return addr >> 47 == 0x1ffff ? MD_PLACE_UNMAPPED : MD_PLACE_NONCANONICAL;
	for (const struct md_thread *other = atomic_load(&md_process.heap.threads); other; other = other->next) {
		if (!other->parked && addr >= other->stack_low && addr < other->stack_high && (md_is_restricted() || md_os_read(addr, &byte, 1))) {
			*thread = other->id;
			return MD_PLACE_STACK;
		}
	}
	if (md_object_find(addr, &object)) {
		*module = md_object_module(&md_process.heap, &object);
		return MD_PLACE_GLOBAL;
	}
	if (md_page_map_zone(&md_process.heap.map, addr))
		return MD_PLACE_FREE_SLOT;
	if (md_is_restricted())
		return MD_PLACE_UNKNOWN;
	return md_os_read(addr, &byte, 1) ? MD_PLACE_MAPPING : MD_PLACE_UNMAPPED;
}

const struct md_history_ring *const *md_policy_rings(size_t *count)
{
	static const struct md_history_ring *rings[RINGS_MAX];

	*count = 0;
	for (const struct md_thread *thread = atomic_load(&md_process.heap.threads); thread && *count < RINGS_MAX; thread = thread->next)
		rings[(*count)++] = &thread->history;
	return rings;
}

/* The last two events of exactly that address: was a block there that was freed? Then this is a second free, long after the first. */
static void look_into_history(struct md_finding *finding)
{
	struct md_event events[2];
	size_t ring_count;

	md_lock_take(&md_report_lock);
	const struct md_history_ring *const *rings = md_policy_rings(&ring_count);
	size_t count = md_history_read(rings, ring_count, finding->addr, finding->addr + 1, 0, events, 2, NULL);

	md_lock_release(&md_report_lock);

	if (count < 2 || md_event_kind(&events[0]) != MD_EVENT_ALLOC || md_event_kind(&events[1]) != MD_EVENT_FREE)
		return;
	finding->error = finding->error == MD_ERROR_BAD_FREE ? MD_ERROR_DOUBLE_FREE : finding->error;
	finding->block = (struct md_block_view){
		.valid = true,
		.user = finding->addr,
		.size = md_event_size(&events[0]),
		.begin = finding->addr,
		.end = finding->addr + md_event_size(&events[0]),
		.redzone_rear = finding->addr + md_event_size(&events[0]),
		.state = MD_BLOCK_FREE,
		.alloc_api = md_event_api(&events[0]),
		.free_api = md_event_api(&events[1]),
		.alloc_stack = { events[0].stack },
		.free_stack = { events[1].stack },
		.alloc_thread = md_event_thread(&events[0]),
		.free_thread = md_event_thread(&events[1]),
		.alloc_time = md_clock_coarse(events[0].time),
		.zone_kind = MD_ZONE_LARGE,
	};
	finding->place = MD_PLACE_BLOCK;
}

/* Fills in what the address of a finding is, when no block of ours is there; a block that was freed long ago is found in the history. */
static void find_place(struct md_finding *finding)
{
	finding->place = md_place_of(finding->addr, &finding->place_thread, &finding->place_module);
	if (finding->place == MD_PLACE_MAPPING || finding->place == MD_PLACE_UNMAPPED || finding->place == MD_PLACE_FREE_SLOT)
		look_into_history(finding);
}

/* --- the record for the report -------------------------------------------- */

static void read_thread_name(uint32_t tid, char name[16])
{
	char path[64];
	struct md_text text;

	if (md_is_restricted() || !tid)
		return;
	md_text_init(&text, path, sizeof path - 1, false);
	md_textf(&text, "/proc/self/task/%u/comm", tid);
	path[text.length] = '\0';
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return;
	long got = md_syscall3(SYS_read, fd, (long)name, 15);

	md_syscall1(SYS_close, fd);
	name[got > 0 ? got : 0] = '\0';
	if (got > 0 && name[got - 1] == '\n')
		name[got - 1] = '\0';
}

void md_policy_thread_view(md_thread_id id, struct md_thread_view *view)
{
	const struct md_thread_info *info = &md_process.heap.thread_infos[id.value];

	*view = (struct md_thread_view){ .id = id };
	if (!id.value)
		return;
	view->tid = info->tid;
	memcpy(view->name, info->name, sizeof view->name);
	view->creator = info->creator;
	view->created = info->created;
	view->alive = info->alive;
	if (info->alive)
		read_thread_name(info->tid, view->name);
}

static void add_thread(struct md_report *report, md_thread_id id)
{
	if (!id.value || report->thread_count == MD_REPORT_THREADS_MAX)
		return;
	for (size_t i = 0; i < report->thread_count; i++)
		if (report->threads[i].id.value == id.value)
			return;
	md_policy_thread_view(id, &report->threads[report->thread_count++]);
}

/* Times of this block's own events, and what the address was before. */
static void read_history(struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	const struct md_block_view *block = &finding->block;
	struct md_event events[MD_REPORT_EARLIER_MAX + 2];
	uint64_t total;
	size_t ring_count;
	uintptr_t begin = block->valid ? block->user : finding->addr;

	report->alloc_seconds = block->valid && block->alloc_time ? md_process_seconds_coarse(block->alloc_time) : -1;
	report->free_seconds = -1;
	if (!begin || md_error_is_bad_request(finding->error)) /* the address of a failed request is none */
		return;
	const struct md_history_ring *const *rings = md_policy_rings(&ring_count);
	size_t count = md_history_read(rings, ring_count, begin, begin + (block->size ? block->size : 1), 0, events, MD_REPORT_EARLIER_MAX + 2, &total);

	/* The youngest events are the block's own, this very call included: they are told with its stacks. */
	while (count && block->valid && md_event_addr(&events[count - 1]) == block->user) {
		struct md_event *event = &events[count - 1];

		if (md_event_kind(event) == MD_EVENT_ALLOC && event->stack == block->alloc_stack.value) {
			report->alloc_seconds = md_process_seconds(event->time);
			count--;
			total--;
			break;
		}
		if (md_event_kind(event) != MD_EVENT_FREE || (event->stack != block->free_stack.value && event->stack != finding->call.stack.value))
			break;
		if (event->stack == block->free_stack.value)
			report->free_seconds = md_process_seconds(event->time);
		count--;
		total--;
	}
	size_t skip = count > MD_REPORT_EARLIER_MAX ? count - MD_REPORT_EARLIER_MAX : 0;

	for (size_t i = skip; i < count; i++) {
		report->earlier[report->earlier_count] = events[i];
		report->earlier_seconds[report->earlier_count++] = md_process_seconds(events[i].time);
	}
	report->earlier_total = total;
}

static const char *config_line(void)
{
	static const char *const names[] = { "redzone", "fill_free", "quarantine", "backtrace", "history" };
	static char line[256], value[MD_OPTION_TEXT_MAX]; /* under md_report_lock */
	struct md_text text;

	md_text_init(&text, line, sizeof line - 1, false);
	md_textf(&text, "malloc-debug " MD_VERSION ":");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		md_options_value_text(&md_process.options, md_options_find(names[i]), value, sizeof value);
		md_textf(&text, " %s=%s", names[i], value);
	}
	line[text.length] = '\0';
	return line;
}

static void build(struct md_report *report, const struct md_finding *finding)
{
	memset(report, 0, sizeof *report);
	report->finding = finding;
	report->pid = md_process_pid();
	report->program = md_process.program;
	report->seconds = md_process_seconds(md_clock_now());
	read_history(report);
	md_inspect_neighbours(&md_process.heap, &finding->block, &report->before, &report->after);
	add_thread(report, finding->thread);
	add_thread(report, finding->block.free_thread);
	add_thread(report, finding->block.alloc_thread);
	add_thread(report, finding->place_thread);
	report->stacks = md_process.heap.stacks;
	report->modules = &md_process.heap.modules;
	report->strip_path = md_process.options.strip_path;
	report->config = config_line();
}

/* Asks the helper for the names of all frames that the report will show. */
static void find_names(struct page *page)
{
	struct md_report *report = &page->report;
	size_t frames = 0;

	if (!md_process.options.symbolize) {
		report->names_missing = "symbolize=off";
		return;
	}
	if (md_is_restricted()) {
		report->names_missing = "the program restricts its own system calls, so the symbol helper was not started; addr2line -e MODULE +OFFSET tells a name";
		return;
	}
	struct md_names *names = md_names_init(page->names, NAMES_BYTES);
	/* All frames in one go: the helper reads each module once. */
	size_t stacks = md_report_stacks(report, page->stacks, STACKS_MAX);

	for (size_t i = 0; i < stacks; i++) {
		size_t count = md_stack_store_frames(report->stacks, page->stacks[i], page->frames + frames, MD_STACK_FRAMES_MAX);

		frames += count < MD_STACK_FRAMES_MAX ? count : MD_STACK_FRAMES_MAX;
	}
	report->names = names;
	report->names_missing = md_symbol_client_ask(page->frames, frames, report->modules, names, (unsigned)md_process.options.symbolize_timeout);
}

/* --- acting --------------------------------------------------------------- */

static void call_back(const struct md_finding *finding, const char *text, size_t bytes)
{
	struct md_thread *self = md_self; /* what was found may be in a dead thread's struct */
	static __thread bool inside __attribute__((tls_model("initial-exec")));
	void (*callback)(const struct malloc_debug_error *, void *) = atomic_load(&md_policy_callback);

	if (!callback || inside || !self)
		return;
	struct malloc_debug_error error = {
		.bytes = sizeof error,
		.slug = md_error_info(finding->error)->slug,
		.address = (const void *)finding->addr,
		.block = finding->block.valid ? (const void *)finding->block.user : NULL,
		.block_bytes = finding->block.size,
		.report = text,
		.report_bytes = bytes,
	};

	inside = true;
	self->busy = false;
	callback(&error, atomic_load(&md_policy_callback_context));
	self->busy = true;
	inside = false;
}

/* Stops until a debugger lets us go on; the process tells how to attach. */
static void pause_for_debugger(void)
{
	char line[256];
	struct md_text text;

	md_watch_end("a debugger is to attach");
	md_text_init(&text, line, sizeof line, false);
	md_textf(&text, "malloc-debug: paused; attach with: gdb -p %u   (then: signal 0, or kill -CONT %u to go on)\n", md_process_pid(),
		md_process_pid());
	md_sink_write(line, text.length);
	md_syscall2(SYS_kill, md_syscall0(SYS_getpid), SIGSTOP);
}

/* What the program has in its buffers belongs to its output; but another thread may hold a stream for ever, and fflush(NULL) waits. */
static void flush_streams(void)
{
	extern FILE *_IO_list_all __attribute__((weak)); /* glibc's list of all that are open */

	for (FILE *stream = &_IO_list_all ? _IO_list_all : NULL; stream; stream = stream->_chain) {
		if (ftrylockfile(stream) != 0)
			continue;
		if (stream->_IO_write_ptr > stream->_IO_write_base)
			fflush_unlocked(stream);
		funlockfile(stream);
	}
}

_Noreturn void md_policy_exit(int status)
{
	if (atomic_load(&md_process.heap.threads_live) <= 1)
		fflush(NULL);
	else
		flush_streams();
	for (;;)
		md_syscall1(SYS_exit_group, status);
}

static void end_process(void)
{
	switch (md_process.options.on_error) {
	case MD_ON_ERROR_ABORT: {
		sigset_t only;

		md_signals_lay_down(SIGABRT); /* a handler of the program would run with the heap as it is */
		sigemptyset(&only);
		sigaddset(&only, SIGABRT);
		sigprocmask(SIG_UNBLOCK, &only, NULL);
		md_syscall3(SYS_tgkill, md_syscall0(SYS_getpid), md_syscall0(SYS_gettid), SIGABRT);
		break;
	}
	case MD_ON_ERROR_EXIT:
		md_policy_exit(md_process.options.exitcode ? (int)md_process.options.exitcode : 1);
	case MD_ON_ERROR_PAUSE:
		pause_for_debugger();
		break;
	default:
		break;
	}
}

/* Writes the report; *plain_bytes is the length of its plain text. False if a close look shows that there is nothing to
 * report. */
static bool write_report(struct page *page, const struct md_finding *finding, size_t *plain_bytes)
{
	struct md_text text;

	build(&page->report, finding);
	find_names(page);
	if (is_own_operators(finding, page->report.names) || md_suppress_finding(finding, page->report.names))
		return false;
	if (!md_process.options.report)
		return true;
	page->report.number = (uint32_t)atomic_fetch_add(&md_policy_counts.reports, 1) + 1;
	md_text_init(&text, page->text, TEXT_BYTES, md_sink_color());
	if (md_output_is_text(MD_OUTPUT_ERROR))
		md_error_text(&text, &page->report);
	if (md_process.options.gen_suppressions)
		md_suppress_generate(&text, MD_SUPPRESS_ERROR(finding->error), finding->call.api, finding->call.stack, page->report.names);
	if (text.length)
		md_sink_write(page->text, text.length);
	md_output_error(&page->report);
	md_text_init(&text, page->plain, TEXT_BYTES - 1, false); /* a callback and a debugger get it without colour */
	md_error_text(&text, &page->report);
	page->plain[text.length] = '\0';
	*plain_bytes = text.length;
	md_layout_keep_report(page->plain, text.length);
	md_layout_note_time();
	return true;
}

static void count_error(void)
{
	atomic_fetch_add(&md_policy_counts.findings, 1);
	if (md_process.options.exitcode)
		md_process.exit_status_wanted = (int)md_process.options.exitcode;
}

/* Returns whether it is an error of the program's. */
static bool act(struct page *page, const struct md_finding *finding, size_t site)
{
	size_t plain_bytes = 0;

	if (md_process.options.report || finding->error == MD_ERROR_ALLOC_DEALLOC_MISMATCH) {
		md_lock_take(&md_report_lock);
		bool is_error = write_report(page, finding, &plain_bytes);

		md_lock_release(&md_report_lock);
		if (!is_error) {
			if (site < SEEN_MAX)
				atomic_store(&seen_acquitted[site], true);
			return false;
		}
	}
	count_error();
	malloc_debug_break(md_error_info(finding->error)->slug, (const void *)finding->addr);
	if (plain_bytes)
		call_back(finding, page->plain, plain_bytes);
	return true;
}

/* Whether it is not even looked at. */
static bool is_dismissed(const struct md_finding *finding)
{
	return (md_error_is_bad_request(finding->error) && md_process.options.bad_requests == MD_BAD_REQUESTS_SILENT) ||
		is_certainly_own_operators(finding);
}

/* A write that a guard page saw: it goes on, and its traces are found later. */
static bool is_seen_write(const struct md_finding *finding)
{
	return finding->noticed == MD_NOTICED_AT_ACCESS && finding->access.kind == MD_ACCESS_WRITE && finding->access.pc && finding->block.valid;
}

/* Leaves in the list what is to be reported, with its sites. Returns whether there were errors that were reported before. */
static bool sort_out(struct md_findings *findings, size_t sites[MD_FINDINGS_MAX])
{
	unsigned kept = 0;
	bool repeats = false, known;

	for (unsigned i = 0; i < findings->count; i++) {
		struct md_finding *finding = &findings->list[i];

		if (is_dismissed(finding))
			continue;
		if (finding->place == MD_PLACE_UNKNOWN && !md_error_is_bad_request(finding->error))
			find_place(finding);
		sites[kept] = look_up_site(finding, finding->noticed == MD_NOTICED_AT_CALL || finding->noticed == MD_NOTICED_AT_ACCESS, &known);
		if (is_seen_write(finding)) /* what it and its like leave behind is the same bug */
			look_up_site(finding, false, &(bool){ false });
		if (!known) {
			if (kept != i)
				findings->list[kept] = *finding;
			kept++;
		} else if (!atomic_load(&seen_acquitted[sites[kept]])) {
			count_error();
			atomic_fetch_add(&md_policy_counts.repeats, 1);
			repeats = true;
		}
	}
	findings->count = kept;
	findings->dropped = 0;
	return repeats;
}

void md_policy_act(struct md_thread *self)
{
	static const char no_memory[] = "malloc-debug: an error was found, but there is no memory to report it\n";
	size_t sites[MD_FINDINGS_MAX];
	bool crashes = self->findings.count && self->findings.list[0].crash, errors = sort_out(&self->findings, sites);
	struct page *page = self->findings.count ? md_os_map(0, PAGE_BYTES) : NULL;

	if (page) {
		memcpy(&page->findings, &self->findings, sizeof page->findings);
		self->findings.count = 0;
		for (unsigned i = 0; i < page->findings.count; i++)
			errors |= act(page, &page->findings.list[i], sites[i]);
		md_os_unmap(page, PAGE_BYTES);
	} else if (self->findings.count) {
		self->findings.count = 0;
		count_error();
		md_lock_take(&md_report_lock);
		md_sink_write(no_memory, sizeof no_memory - 1);
		md_lock_release(&md_report_lock);
		errors = true;
	}
	if (errors && (!crashes || md_process.options.on_error == MD_ON_ERROR_PAUSE)) /* a crash ends it by its own signal */
		end_process();
}
