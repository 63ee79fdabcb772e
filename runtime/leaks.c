/* SPDX-License-Identifier: MIT */
#include "runtime/leaks.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "report/leak_text.h"
#include "report/report.h"
#include "runtime/entry.h"
#include "runtime/output.h"
#include "runtime/policy.h"
#include "runtime/restrict.h"
#include "runtime/roots.h"
#include "runtime/show.h"
#include "runtime/sink.h"
#include "runtime/suppress.h"
#include "runtime/symbol_client.h"
#include "runtime/syscall.h"
#include "runtime/who.h"
#include "runtime/world.h"
#include "src/clock.h"
#include "src/leak.h"
#include "src/os.h"
#include "src/suppress.h"

#define WAIT_AT_EXIT_MS 50 /* for the other threads, in all */
#define WAIT_MS 2000
#define TURN_MS 30000 /* at exit, for the search of another thread */
#define TEXT_BYTES ((size_t)1 << 20)
#define NAMES_BYTES ((size_t)8 << 20)
#define FRAMES_MAX 65536
#define ENTRIES_MAX 65536
#define USED_MAX 256
#define WHO_MAX 8 /* groups for which it is shown who points to them */
#define WHO_MS 2000 /* that the other threads stand still for it, in all */
#define WHO_BYTES ((WHO_MAX * sizeof(struct md_who) + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1))

/* Memory of one report. */
struct page {
	char text[TEXT_BYTES];
	struct md_frame frames[FRAMES_MAX];
	struct md_leak_entry entries[ENTRIES_MAX];
	char thread_names[ENTRIES_MAX][16];
	struct md_leak_suppressed used[USED_MAX];
	struct md_names *known;    /* in names; NULL: nobody was asked */
	const char *names_missing;
	struct md_leak_count suppressed;
	struct md_who *who; /* WHO_MAX of them, or NULL */
	struct md_path_view views[WHO_MAX];
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
	here->interrupted = NULL;
#else
	__builtin_unwind_init(); /* spills them to our frame, which is searched */
	here->register_count = 0;
	here->interrupted = NULL;
#endif
}

/* --- searching -------------------------------------------------------------- */

/* Nobody asked for this very search: nobody waits for an answer, and the program wants to go on. */
static bool is_unasked(enum md_leaks_when when)
{
	return when == MD_LEAKS_AT_EXIT || when == MD_LEAKS_AT_EVENT;
}

static const char running[] = "the other threads could not be stopped, and may have moved pointers meanwhile";

static struct md_roots roots_from(const struct md_leaks_here *here)
{
	return (struct md_roots){
		.kinds = md_process.options.leak_roots ? (unsigned)md_process.options.leak_roots : ~0u,
		.live_sp = here->sp,
		.interrupted = here->interrupted,
		.registers = here->register_count ? here->registers : NULL,
		.register_count = here->register_count,
		.world = &world,
	};
}

/* stopped: what md_world_stop said. */
static void prepare(struct md_leak *leak, bool stopped)
{
	leak->heap = &md_process.heap;
	leak->pointer_mask = md_process.options.leak_pointer_mask ? (uintptr_t)md_process.options.leak_pointer_mask : ~(uintptr_t)0;
	leak->careful = !stopped || world.silent;
}

static bool is_listed(const struct md_leak_group *group)
{
	uint64_t kinds = md_process.options.leak_kinds ? md_process.options.leak_kinds : MD_LEAKS_DIRECT;

	return (group->kind == MD_LEAK_DIRECT && (kinds & MD_LEAKS_DIRECT)) || (group->kind == MD_LEAK_POSSIBLE && (kinds & MD_LEAKS_POSSIBLE)) ||
		(group->kind == MD_LEAK_REACHABLE && (kinds & MD_LEAKS_REACHABLE));
}

/* Who points to the samples of the first groups that something points to. */
static void find_who(struct md_who *who, struct md_leak *leak, struct md_roots *roots)
{
	uint64_t until = md_os_nanoseconds() + WHO_MS * 1000000ull;

	roots->left_out_begin = (uintptr_t)who;
	roots->left_out_end = (uintptr_t)who + WHO_BYTES;
	for (size_t i = 0, count = 0; i < leak->group_count && count < WHO_MAX; i++)
		if (leak->groups[i].kind != MD_LEAK_DIRECT && is_listed(&leak->groups[i]))
			count += md_who_find(&who[count], leak, roots, leak->groups[i].sample, until, false);
}

/* False if nothing could be found out; *trouble then says why, and else what makes the result less than certain (NULL: nothing). */
static bool search(struct md_leak *leak, const struct md_leaks_here *here, enum md_leaks_when when, struct md_who *who, const char **trouble)
{
	struct md_roots roots = roots_from(here);
	bool stopped = md_world_stop(&world, is_unasked(when) ? WAIT_AT_EXIT_MS : WAIT_MS), found = false;

	prepare(leak, stopped);
	if (!md_leak_begin(leak)) {
		*trouble = "there is no memory to search with";
	} else {
		found = md_roots_mark(&roots, leak);
		*trouble = roots.trouble;
		if (found)
			md_leak_classify(leak, md_process.options.leak_kinds & MD_LEAKS_REACHABLE);
		else
			md_leak_end(leak);
		if (found && who)
			find_who(who, leak, &roots);
	}
	md_world_resume(&world);
	if (found && !stopped)
		*trouble = running;
	return found;
}

/* One search at a time. Who exits waits for his turn, for he will get no other. */
static bool take_turn(enum md_leaks_when when)
{
	uint64_t until = md_os_nanoseconds() + TURN_MS * 1000000ull;
	struct timespec brief = { .tv_nsec = 1000000 };

	while (atomic_exchange(&searching, true)) {
		if (!is_unasked(when) || md_os_nanoseconds() > until)
			return false;
		md_world_attend(); /* the other search may be waiting for this thread to stand still */
		md_syscall2(SYS_nanosleep, (long)&brief, 0);
	}
	return true;
}

/* Who asked gets an answer in any case. */
static void say_why_not(const struct md_leaks_request *request, const char *trouble)
{
	char line[256];
	struct md_text text;

	if (is_unasked(request->when) && !md_process.options.verbose)
		return;
	md_text_init(&text, line, sizeof line, false);
	md_textf(&text, "malloc-debug: leaks were not looked for: %s\n", trouble);
	if (request->fd >= 0)
		md_sink_write_fd(request->fd, line, text.length);
	else
		md_sink_write(line, text.length);
}

/* --- reporting --------------------------------------------------------------- */

static void fill_entry(struct page *page, size_t index, const struct md_leak_group *group)
{
	struct md_leak_entry *entry = &page->entries[index];
	struct md_thread_view thread;

	entry->group = group;
	for (size_t i = 0; page->who && i < WHO_MAX; i++) {
		if (!page->who[i].path.link_count || page->who[i].path.target != group->sample)
			continue;
		page->views[i] = md_who_view(&page->who[i]);
		entry->who = &page->views[i];
	}
	entry->oldest_seconds = md_process_seconds_coarse(group->oldest);
	entry->newest_seconds = md_process_seconds_coarse(group->newest);
	md_policy_thread_view(group->thread, &thread);
	memcpy(page->thread_names[index], thread.name, sizeof thread.name);
	entry->thread_name = page->thread_names[index];
	entry->sample_bytes = md_os_read(group->sample, entry->sample, group->sample_size < sizeof entry->sample ? group->sample_size : sizeof entry->sample);
}

/* Names for all groups that could be listed, whether they then are or not: suppressions go by names. */
static void find_names(struct page *page, const struct md_leak *leak)
{
	const struct md_options *options = &md_process.options;
	size_t count = 0;

	if (!options->symbolize || md_is_restricted())
		return;
	for (size_t i = 0; i < leak->group_count && count + MD_STACK_FRAMES_MAX <= FRAMES_MAX; i++) {
		if (!is_listed(&leak->groups[i]))
			continue;
		size_t got = md_stack_store_frames(md_process.heap.stacks, leak->groups[i].stack, page->frames + count, MD_STACK_FRAMES_MAX);

		count += got < MD_STACK_FRAMES_MAX ? got : MD_STACK_FRAMES_MAX;
	}
	for (size_t i = 0; page->who && i < WHO_MAX; i++)
		count = md_who_frames(&page->who[i], page->frames, count, FRAMES_MAX);
	if (!count)
		return;
	page->known = md_names_init(page->names, NAMES_BYTES);
	page->names_missing = md_symbol_client_ask(page->frames, count, &md_process.heap.modules, page->known, (unsigned)options->symbolize_timeout);
}

/* Takes what suppressions match off the totals. */
static void suppress(struct page *page, struct md_leak *leak)
{
	md_suppress_begin();
	for (size_t i = 0; i < leak->group_count; i++) {
		struct md_leak_group *group = &leak->groups[i];

		if (!is_listed(group) || !md_suppress_group(group, page->known))
			continue;
		group->suppressed = true;
		page->suppressed.blocks += group->count.blocks + group->held.blocks;
		page->suppressed.bytes += group->count.bytes + group->held.bytes;
		leak->recent[group->kind].blocks -= group->count.blocks;
		leak->recent[group->kind].bytes -= group->count.bytes;
		leak->recent[MD_LEAK_INDIRECT].blocks -= group->held.blocks;
		leak->recent[MD_LEAK_INDIRECT].bytes -= group->held.bytes;
	}
}

static const char *when_text(enum md_leaks_when when)
{
	return is_unasked(when) ? "at exit" : when == MD_LEAKS_ON_SIGNAL ? "on a signal" : "on request";
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
		if (!is_listed(&leak->groups[i]) || leak->groups[i].suppressed)
			continue;
		report.groups_total++;
		if (report.entry_count < limit)
			fill_entry(page, report.entry_count++, &leak->groups[i]);
	}
	memcpy(report.totals, leak->recent, sizeof report.totals);
	printer.names = page->known;
	report.names_missing = page->names_missing;
	report.suppressed = page->suppressed;
	report.used = page->used;
	report.used_count = md_suppress_used(page->used, USED_MAX);
	md_text_init(&text, page->text, TEXT_BYTES, md_show_color(request->fd));
	if (request->fd >= 0 || md_output_is_text(MD_OUTPUT_LEAKS))
		md_leak_text(&text, &report, &printer);
	for (size_t i = 0; options->gen_suppressions && i < report.entry_count; i++)
		md_suppress_generate(&text, MD_SUPPRESS_LEAK(page->entries[i].group->kind), page->entries[i].group->api, page->entries[i].group->stack, page->known);
	if (request->fd >= 0)
		return md_sink_write_fd(request->fd, page->text, text.length);
	if (text.length)
		md_sink_write(page->text, text.length);
	md_output_leaks(&report, &printer);
	return 0;
}

static bool worth_a_report(const struct md_leak *leak, const struct md_leaks_request *request)
{
	if (!is_unasked(request->when) && !request->quiet)
		return true; /* who asks gets an answer */
	for (size_t i = 0; i < leak->group_count; i++)
		if (is_listed(&leak->groups[i]) && !leak->groups[i].suppressed)
			return true;
	return leak->groups_lost;
}

/* Leaves the groups that the request is about, and makes the totals theirs. */
static void narrow(struct md_leak *leak, const struct md_leaks_request *request)
{
	size_t count = 0;

	memset(leak->recent, 0, sizeof leak->recent);
	for (size_t i = 0; i < leak->group_count; i++) {
		const struct md_leak_group *group = &leak->groups[i];

		if (!request->is_about(request->context, group))
			continue;
		leak->recent[group->kind].blocks += group->count.blocks;
		leak->recent[group->kind].bytes += group->count.bytes;
		leak->recent[MD_LEAK_INDIRECT].blocks += group->held.blocks;
		leak->recent[MD_LEAK_INDIRECT].bytes += group->held.bytes;
		leak->groups[count++] = *group;
	}
	leak->group_count = count;
	leak->groups_lost = false;
}

long md_leaks_search(struct md_thread *self, const struct md_leaks_here *here, const struct md_leaks_request *request, uint64_t *bytes)
{
	struct md_leak leak = { .since_set = request->since_set, .since = request->since };
	const char *trouble = NULL;
	long result = -EPERM;

	(void)self;
	if (md_is_restricted()) { /* its filter may kill for any call that a search makes */
		say_why_not(request, "the program restricts its system calls");
		return -EPERM;
	}
	if (!take_turn(request->when))
		return -EBUSY;
	struct md_who *who = md_process.options.leak_who ? md_os_map(0, WHO_BYTES) : NULL;

	if (!search(&leak, here, request->when, who, &trouble)) {
		say_why_not(request, trouble);
	} else {
		if (request->is_about)
			narrow(&leak, request);
		struct page *page = worth_a_report(&leak, request) ? md_os_map(0, PAGE_BYTES) : NULL;
		int written = 0;

		if (md_process.options.leak_resolution)
			md_leak_merge(&leak, (unsigned)md_process.options.leak_resolution);
		if (page) {
			page->who = who;
			md_lock_take(&md_report_lock);
			find_names(page, &leak);
			suppress(page, &leak);
			if (worth_a_report(&leak, request))
				written = print(page, &leak, request, trouble);
			md_lock_release(&md_report_lock);
			md_os_unmap(page, PAGE_BYTES);
		}
		const struct md_leak_count *direct = &leak.recent[MD_LEAK_DIRECT], *indirect = &leak.recent[MD_LEAK_INDIRECT];

		result = (long)(direct->blocks + indirect->blocks);
		if (bytes)
			*bytes = direct->bytes + indirect->bytes;
		if (request->when == MD_LEAKS_AT_EXIT && result > 0 && md_process.options.leak_exitcode && !md_process.exit_status_wanted)
			md_process.exit_status_wanted = (int)md_process.options.leak_exitcode;
		if (written)
			result = written;
		md_leak_end(&leak);
	}
	if (who)
		md_os_unmap(who, WHO_BYTES);
	atomic_store(&searching, false);
	return result;
}

long md_leaks_check(struct md_thread *self, const struct md_leaks_here *here, enum md_leaks_when when, int fd, uint64_t *bytes)
{
	struct md_leaks_request request = { .when = when, .fd = fd };

	return md_leaks_search(self, here, &request, bytes);
}

long md_leaks_look(const struct md_leaks_here *here, md_leaks_looker *look, void *context, const char **trouble)
{
	struct md_leak leak = { 0 };
	struct md_roots roots = roots_from(here);
	long result = -ENOMEM;

	if (md_is_restricted())
		return -EPERM;
	if (!take_turn(MD_LEAKS_ON_REQUEST))
		return -EBUSY;
	bool stopped = md_world_stop(&world, WAIT_MS);

	prepare(&leak, stopped);
	if (md_leak_begin(&leak)) {
		result = look(context, &leak, &roots);
		md_leak_end(&leak);
	}
	md_world_resume(&world);
	if (!stopped || world.silent)
		*trouble = running;
	atomic_store(&searching, false);
	return result;
}

void md_leaks_wait(void)
{
	if (take_turn(MD_LEAKS_AT_EXIT))
		atomic_store(&searching, false);
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
	md_lock_take(&md_report_lock);
	bool added = md_roots_add((uintptr_t)begin, (uintptr_t)begin + bytes);

	md_lock_release(&md_report_lock);
	return added;
}

bool md_leaks_root_remove(const void *begin, size_t bytes)
{
	md_lock_take(&md_report_lock);
	bool removed = md_roots_remove((uintptr_t)begin, (uintptr_t)begin + bytes);

	md_lock_release(&md_report_lock);
	return removed;
}

/* --- on a signal ----------------------------------------------------------------- */

static _Atomic bool pending;

/* Somebody must come to the end of a call of ours: threads that are inside one now, or make one soon. */
static void leave_word(void)
{
	atomic_store(&pending, true);
	for (struct md_thread *thread = atomic_load(&md_process.heap.threads); thread; thread = thread->next)
		thread->attended = true;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	struct md_thread *self = md_entry_begin();
	struct md_registers registers;

	(void)number;
	(void)info;
	if (self) {
		md_interrupted_registers(&registers, context);
		struct md_leaks_here here = { .sp = registers.sp - MD_RED_ZONE_BYTES, .interrupted = &registers };

		md_leaks_check(self, &here, MD_LEAKS_ON_SIGNAL, MD_TO_SINK, NULL);
		md_entry_end(self);
	} else {
		leave_word();
	}
	md_interrupted_settle(NULL, context);
}

void md_leaks_pending(struct md_thread *self)
{
	struct md_leaks_here here;

	if (!atomic_load_explicit(&pending, memory_order_relaxed) || !atomic_exchange(&pending, false))
		return;
	MD_LEAKS_HERE(&here);
	md_leaks_check(self, &here, MD_LEAKS_ON_SIGNAL, MD_TO_SINK, NULL);
}

void md_leaks_after_fork(void)
{
	md_world_after_fork(&world);
	atomic_store(&searching, false);
}

void md_leaks_init(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK };

	if (md_process.options.signal_leaks) {
		sigfillset(&action.sa_mask);
		sigaction((int)md_process.options.signal_leaks, &action, NULL);
	}
}
