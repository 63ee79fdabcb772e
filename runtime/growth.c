/* SPDX-License-Identifier: MIT */
#include "runtime/growth.h"

#include <errno.h>
#include <signal.h>

#include "report/growth_text.h"
#include "report/phrases.h"
#include "runtime/entry.h"
#include "runtime/output.h"
#include "runtime/policy.h"
#include "runtime/restrict.h"
#include "runtime/show.h"
#include "runtime/sink.h"
#include "runtime/symbol_client.h"
#include "runtime/syscall.h"
#include "runtime/world.h"
#include "src/clock.h"
#include "src/os.h"
#include "src/snapshot.h"

#define TEXT_BYTES ((size_t)1 << 20)
#define NAMES_BYTES ((size_t)4 << 20)
#define FRAMES_MAX 65536
#define GROWTHS_MAX 4096
#define ON_SIGNAL_MAX 4 /* snapshots that a report on a signal compares: each further one would hide what pauses now and then */

/* Memory of one report. */
struct page {
	char text[TEXT_BYTES];
	struct md_frame frames[FRAMES_MAX];
	struct md_growth growths[GROWTHS_MAX];
	_Alignas(16) char names[NAMES_BYTES];
};

#define PAGE_BYTES ((sizeof(struct page) + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1))

static struct md_snapshots snapshots; /* under md_report_lock */

long md_growth_snapshot(void)
{
	struct timespec brief = { .tv_nsec = 200000 };
	struct md_snapshot *snapshot = md_snapshot_take(&md_process.heap);

	if (!snapshot)
		return -ENOMEM;
	while ((int32_t)(md_clock_coarse(md_clock_now()) - snapshot->since) < 0)
		if (!md_is_restricted())
			md_syscall2(SYS_nanosleep, (long)&brief, 0);
	md_lock_take(&md_report_lock);
	long id = md_snapshots_put(&snapshots, snapshot);

	md_lock_release(&md_report_lock);
	return id;
}

long md_growth_leaks(struct md_thread *self, const struct md_leaks_here *here, long id, int fd)
{
	struct md_leaks_request request = { .when = MD_LEAKS_ON_REQUEST, .fd = fd, .since_set = true };
	char when[128];
	struct md_text text;
	double seconds = 0;

	md_lock_take(&md_report_lock);
	const struct md_snapshot *snapshot = id > 0 && id <= UINT32_MAX ? md_snapshots_find(&snapshots, (uint32_t)id) : NULL;

	if (snapshot) {
		request.since = snapshot->since;
		seconds = md_process_seconds(snapshot->ticks);
	}
	md_lock_release(&md_report_lock);
	if (!snapshot)
		return -EINVAL;
	md_text_init(&text, when, sizeof when - 1, false);
	md_textf(&text, "on request, for blocks allocated after snapshot %u (", (unsigned)id);
	md_phrase_seconds(&text, seconds, 3);
	md_text_put(&text, " after start)");
	when[text.length] = '\0';
	request.when_text = when;
	return md_leaks_search(self, here, &request, NULL);
}

bool md_growth_memory(size_t i, uintptr_t *begin, uintptr_t *end)
{
	*begin = *end = 0;
	if (i >= MD_SNAPSHOTS_MAX)
		return false;
	md_snapshots_memory(&snapshots, i, begin, end);
	return true;
}

/* --- reporting ---------------------------------------------------------------- */

static int write_out(int fd, struct md_text *text)
{
	int result = 0;

	if (fd >= 0)
		result = md_sink_write_fd(fd, text->buffer, text->length);
	else
		md_sink_write(text->buffer, text->length);
	text->length = 0;
	return result;
}

static void find_names(struct page *page, struct md_growth_report *report, struct md_stack_printer *printer)
{
	size_t count = 0;

	if (!md_process.options.symbolize || md_is_restricted() || !report->growth_count)
		return;
	for (size_t i = 0; i < report->growth_count && count + MD_STACK_FRAMES_MAX <= FRAMES_MAX; i++) {
		size_t got = md_stack_store_frames(md_process.heap.stacks, page->growths[i].stack, page->frames + count, MD_STACK_FRAMES_MAX);

		count += got < MD_STACK_FRAMES_MAX ? got : MD_STACK_FRAMES_MAX;
	}
	struct md_names *names = md_names_init(page->names, NAMES_BYTES);

	printer->names = names;
	report->names_missing =
		md_symbol_client_ask(page->frames, count, printer->modules, names, (unsigned)md_process.options.symbolize_timeout);
}

static int print_text(struct page *page, int fd, const struct md_growth_report *report, const struct md_stack_printer *printer)
{
	struct md_text text;
	int result = 0;

	md_text_init(&text, page->text, TEXT_BYTES, md_show_color(fd));
	md_growth_text_begin(&text, report);
	for (size_t i = 0; i < report->growth_count && !result; i++) {
		md_growth_text_stack(&text, report, i, printer);
		if (text.length > TEXT_BYTES / 2)
			result = write_out(fd, &text);
	}
	md_growth_text_end(&text, report);
	if (!result)
		result = write_out(fd, &text);
	return result;
}

/* Under md_report_lock. */
static long print(struct page *page, int fd, const struct md_snapshot *const *compared, size_t count)
{
	const struct md_options *options = &md_process.options;
	size_t limit = options->leak_max_shown && options->leak_max_shown < GROWTHS_MAX ? options->leak_max_shown : GROWTHS_MAX;
	struct md_stack_printer printer = {
		.stacks = md_process.heap.stacks, .modules = &md_process.heap.modules, .strip_path = options->strip_path
	};
	double seconds[MD_SNAPSHOTS_MAX];
	struct md_growth_report report = {
		.pid = md_process_pid(),
		.program = md_process.program,
		.snapshots = compared,
		.seconds = seconds,
		.snapshot_count = count,
		.growths = page->growths,
	};
	int result = 0;

	for (size_t i = 0; i < count; i++)
		seconds[i] = md_process_seconds(compared[i]->ticks);
	report.growth_count = md_growth_find(compared, count, page->growths, limit, &report.total);
	find_names(page, &report, &printer);
	if (fd >= 0 || md_output_is_text(MD_OUTPUT_GROWTH))
		result = print_text(page, fd, &report, &printer);
	if (fd < 0)
		md_output_growth(&report, &printer);
	return result ? result : (long)report.total.stacks;
}

long md_growth_show(int fd, unsigned count)
{
	const struct md_snapshot *compared[MD_SNAPSHOTS_MAX];
	struct page *page;
	long result = -ENODATA;

	if (count == 1 || count > MD_SNAPSHOTS_MAX)
		return -EINVAL;
	page = md_os_map(0, PAGE_BYTES);
	if (!page)
		return -ENOMEM;
	md_lock_take(&md_report_lock);
	size_t kept = md_snapshots_newest(&snapshots, compared, count ? count : MD_SNAPSHOTS_MAX);

	if (kept >= 2 && kept >= count)
		result = print(page, fd, compared, kept);
	md_lock_release(&md_report_lock);
	md_os_unmap(page, PAGE_BYTES);
	return result;
}

/* --- on a signal ----------------------------------------------------------------- */

static _Atomic bool pending;

static void snapshot_and_show(void)
{
	long id = md_growth_snapshot();

	if (id >= 2)
		md_growth_show(MD_TO_SINK, id < ON_SIGNAL_MAX ? (unsigned)id : ON_SIGNAL_MAX);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	struct md_thread *self = md_entry_begin();

	(void)number;
	(void)info;
	if (self) {
		snapshot_and_show();
		md_entry_end(self);
	} else {
		atomic_store(&pending, true);
		for (struct md_thread *thread = atomic_load(&md_process.heap.threads); thread; thread = thread->next)
			thread->attended = true;
	}
	md_interrupted_settle(NULL, context);
}

void md_growth_pending(struct md_thread *self)
{
	(void)self;
	if (atomic_load_explicit(&pending, memory_order_relaxed) && atomic_exchange(&pending, false))
		snapshot_and_show();
}

void md_growth_init(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK };

	if (md_process.options.signal_snapshot) {
		sigfillset(&action.sa_mask);
		sigaction((int)md_process.options.signal_snapshot, &action, NULL);
	}
}
