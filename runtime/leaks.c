/* SPDX-License-Identifier: MIT */
#include "runtime/leaks.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "report/leak_text.h"
#include "report/report.h"
#include "runtime/policy.h"
#include "runtime/restrict.h"
#include "runtime/roots.h"
#include "runtime/show.h"
#include "runtime/sink.h"
#include "runtime/symbol_client.h"
#include "runtime/syscall.h"
#include "runtime/world.h"
#include "src/clock.h"
#include "src/leak.h"
#include "src/os.h"

#define WAIT_MS 50 /* for the other threads, in all */
#define TEXT_BYTES ((size_t)1 << 20)
#define NAMES_BYTES ((size_t)8 << 20)
#define FRAMES_MAX 65536
#define ENTRIES_MAX 65536

/* Memory of one report. */
struct page {
	char text[TEXT_BYTES];
	struct md_frame frames[FRAMES_MAX];
	struct md_leak_entry entries[ENTRIES_MAX];
	char thread_names[ENTRIES_MAX][16];
	_Alignas(16) char names[NAMES_BYTES];
};

#define PAGE_BYTES ((sizeof(struct page) + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1))

static struct md_world world; /* static: a late signal may look at it after the stop */
static _Atomic bool searching;

void md_leaks_note_registers(struct md_leaks_here *here)
{
#if defined(__x86_64__)
	__asm__ volatile("movq %%rbx, 0(%0)\n"
			 "movq %%rbp, 8(%0)\n"
			 "movq %%r12, 16(%0)\n"
			 "movq %%r13, 24(%0)\n"
			 "movq %%r14, 32(%0)\n"
			 "movq %%r15, 40(%0)\n"
			 :
			 : "r"(here->registers)
			 : "memory");
	here->register_count = 6;
#else
	__builtin_unwind_init(); /* spills them to our frame, which is searched */
	here->register_count = 0;
#endif
}

/* --- searching -------------------------------------------------------------- */

static bool search(struct md_leak *leak, const struct md_leaks_here *here, const char **trouble)
{
	const struct md_options *options = &md_process.options;
	struct md_roots roots = {
		.kinds = options->leak_roots ? (unsigned)options->leak_roots : ~0u,
		.live_sp = here->sp,
		.registers = here->register_count ? here->registers : NULL,
		.register_count = here->register_count,
		.world = &world,
	};

	leak->heap = &md_process.heap;
	leak->pointer_mask = options->leak_pointer_mask ? (uintptr_t)options->leak_pointer_mask : ~(uintptr_t)0;
	if (!md_world_stop(&world, WAIT_MS))
		*trouble = "the other threads could not be stopped, and may have moved pointers meanwhile";
	bool begun = md_leak_begin(leak);

	if (begun) {
		md_roots_mark(&roots, leak);
		md_leak_classify(leak, options->leak_kinds & MD_LEAKS_REACHABLE);
	}
	md_world_resume(&world);
	if (begun && roots.trouble)
		*trouble = roots.trouble;
	return begun;
}

/* --- reporting --------------------------------------------------------------- */

static bool is_listed(const struct md_leak_group *group)
{
	uint64_t kinds = md_process.options.leak_kinds ? md_process.options.leak_kinds : MD_LEAKS_DIRECT;

	return (group->kind == MD_LEAK_DIRECT && (kinds & MD_LEAKS_DIRECT)) || (group->kind == MD_LEAK_POSSIBLE && (kinds & MD_LEAKS_POSSIBLE)) ||
		(group->kind == MD_LEAK_REACHABLE && (kinds & MD_LEAKS_REACHABLE));
}

static void fill_entry(struct page *page, size_t index, const struct md_leak_group *group)
{
	struct md_leak_entry *entry = &page->entries[index];
	struct md_thread_view thread;

	entry->group = group;
	entry->oldest_seconds = md_process_seconds_coarse(group->oldest);
	entry->newest_seconds = md_process_seconds_coarse(group->newest);
	md_policy_thread_view(group->thread, &thread);
	memcpy(page->thread_names[index], thread.name, sizeof thread.name);
	entry->thread_name = page->thread_names[index];
	entry->sample_bytes = md_os_read(group->sample, entry->sample, group->sample_size < sizeof entry->sample ? group->sample_size : sizeof entry->sample);
}

static size_t gather_frames(struct page *page, size_t entry_count)
{
	size_t count = 0;

	for (size_t i = 0; i < entry_count && count + MD_STACK_FRAMES_MAX <= FRAMES_MAX; i++) {
		size_t got = md_stack_store_frames(md_process.heap.stacks, page->entries[i].group->stack, page->frames + count, MD_STACK_FRAMES_MAX);

		count += got < MD_STACK_FRAMES_MAX ? got : MD_STACK_FRAMES_MAX;
	}
	return count;
}

static const char *when_text(enum md_leaks_when when)
{
	return when == MD_LEAKS_AT_EXIT ? "at exit" : when == MD_LEAKS_ON_SIGNAL ? "on a signal" : "on request";
}

static bool wants_color(int fd)
{
	const struct md_options *options = &md_process.options;

	if (fd < 0)
		return md_sink_color();
	return options->color == MD_COLOR_ALWAYS || (options->color == MD_COLOR_AUTO && !md_process.no_color && md_sink_is_terminal(fd));
}

/* Returns 0 or a negated errno value. */
static int print(struct page *page, const struct md_leak *leak, const struct md_leaks_request *request, const char *trouble)
{
	const struct md_options *options = &md_process.options;
	struct md_stack_printer printer = { .stacks = md_process.heap.stacks, .modules = &md_process.heap.modules, .strip_path = options->strip_path };
	size_t limit = options->leak_max_shown && options->leak_max_shown < ENTRIES_MAX ? options->leak_max_shown : ENTRIES_MAX;
	struct md_leak_report report = {
		.pid = (uint32_t)md_syscall0(SYS_getpid),
		.program = md_process.program,
		.when = request->when_text ? request->when_text : when_text(request->when),
		.seconds = md_process_seconds(md_clock_now()),
		.entries = page->entries,
		.threads_silent = world.silent,
		.certainty = trouble,
	};
	struct md_text text;

	for (size_t i = 0; i < leak->group_count; i++) {
		if (!is_listed(&leak->groups[i]))
			continue;
		report.groups_total++;
		if (report.entry_count < limit)
			fill_entry(page, report.entry_count++, &leak->groups[i]);
	}
	memcpy(report.totals, leak->recent, sizeof report.totals);
	if (options->symbolize && !md_is_restricted() && report.entry_count) {
		printer.names = md_names_init(page->names, NAMES_BYTES);
		report.names_missing = md_symbol_client_ask(page->frames, gather_frames(page, report.entry_count), printer.modules,
			(struct md_names *)printer.names, (unsigned)options->symbolize_timeout);
	}
	md_text_init(&text, page->text, TEXT_BYTES, wants_color(request->fd));
	md_leak_text(&text, &report, &printer);
	if (request->fd >= 0)
		return md_sink_write_fd(request->fd, page->text, text.length);
	md_sink_write(page->text, text.length);
	return 0;
}

static bool worth_a_report(const struct md_leak *leak, enum md_leaks_when when)
{
	if (when != MD_LEAKS_AT_EXIT)
		return true; /* who asks gets an answer */
	for (size_t i = 0; i < leak->group_count; i++)
		if (is_listed(&leak->groups[i]))
			return true;
	return leak->groups_lost;
}

long md_leaks_search(struct md_thread *self, const struct md_leaks_here *here, const struct md_leaks_request *request, uint64_t *bytes)
{
	struct md_leak leak = { .since_set = request->since_set, .since = request->since };
	const char *trouble = NULL;
	long result = -ENOMEM;

	(void)self;
	if (atomic_exchange(&searching, true))
		return -EBUSY;
	if (search(&leak, here, &trouble)) {
		const struct md_leak_count *direct = &leak.recent[MD_LEAK_DIRECT], *indirect = &leak.recent[MD_LEAK_INDIRECT];
		int written = 0;

		result = (long)(direct->blocks + indirect->blocks);
		if (bytes)
			*bytes = direct->bytes + indirect->bytes;
		if (worth_a_report(&leak, request->when)) {
			struct page *page = md_os_map(0, PAGE_BYTES);

			if (page) {
				md_lock_take(&md_report_lock);
				written = print(page, &leak, request, trouble);
				md_lock_release(&md_report_lock);
				md_os_unmap(page, PAGE_BYTES);
			}
		}
		if (request->when == MD_LEAKS_AT_EXIT && result > 0 && md_process.options.leak_exitcode && !md_process.exit_status_wanted)
			md_process.exit_status_wanted = (int)md_process.options.leak_exitcode;
		if (written)
			result = written;
		md_leak_end(&leak);
	}
	atomic_store(&searching, false);
	return result;
}

long md_leaks_check(struct md_thread *self, const struct md_leaks_here *here, enum md_leaks_when when, int fd, uint64_t *bytes)
{
	struct md_leaks_request request = { .when = when, .fd = fd };

	return md_leaks_search(self, here, &request, bytes);
}

/* --- annotations --------------------------------------------------------------- */

bool md_leaks_ignore(const void *block)
{
	struct md_zone *zone;
	struct md_record *record = md_heap_live_block(&md_process.heap, (uintptr_t)block, &zone);

	if (!record)
		return false;
	record->flags |= MD_BLOCK_IGNORED;
	return true;
}

bool md_leaks_root_add(const void *begin, size_t bytes)
{
	return md_roots_add((uintptr_t)begin, (uintptr_t)begin + bytes);
}

bool md_leaks_root_remove(const void *begin, size_t bytes)
{
	return md_roots_remove((uintptr_t)begin, (uintptr_t)begin + bytes);
}

/* --- on a signal ----------------------------------------------------------------- */

static _Atomic bool pending;

static void on_signal(int number)
{
	struct md_thread *self = md_self;
	struct md_leaks_here here;

	(void)number;
	if (!self || self->busy || !md_mode_is(MD_MODE_ACTIVE)) {
		atomic_store(&pending, true);
		if (self)
			self->attended = true;
		return;
	}
	self->busy = true;
	MD_LEAKS_HERE(&here);
	md_leaks_check(self, &here, MD_LEAKS_ON_SIGNAL, MD_TO_SINK, NULL);
	self->busy = false;
}

void md_leaks_pending(struct md_thread *self)
{
	struct md_leaks_here here;

	if (!atomic_load_explicit(&pending, memory_order_relaxed) || !atomic_exchange(&pending, false))
		return;
	MD_LEAKS_HERE(&here);
	md_leaks_check(self, &here, MD_LEAKS_ON_SIGNAL, MD_TO_SINK, NULL);
}

void md_leaks_init(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK };

	if (md_process.options.signal_leaks) {
		sigfillset(&action.sa_mask);
		sigaction((int)md_process.options.signal_leaks, &action, NULL);
	}
}
