/* SPDX-License-Identifier: MIT */
#include "runtime/profile.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "report/text.h"
#include "runtime/entry.h"
#include "runtime/policy.h"
#include "runtime/profile_file.h"
#include "runtime/restrict.h"
#include "runtime/sink.h"
#include "runtime/world.h"
#include "src/arena.h"
#include "src/clock.h"
#include "src/os.h"

#define DEFAULT_FILE "malloc-debug.%e.%p.%n.pb.gz" /* where a signal or an interval asks and no file is named */
#define MILLISECOND 1000000ull
#define FIRST_LOOK ((uint64_t)1 << MD_CLOCK_COARSE_SHIFT) /* ticks until their rate can be told */

/* Under md_report_lock, but for the places of the series. */
static struct md_series series;
static struct md_profile_file file;
static uint64_t number; /* of the last file */
static bool complained;

static uint64_t deadline; /* md_os_nanoseconds() of the next profile; belongs to whoever took it (take_deadline) */

static const char *file_pattern(void)
{
	return md_process.options.profile_file[0] ? md_process.options.profile_file : DEFAULT_FILE;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static enum md_profile_format file_format(void)
{
	const char *pattern = file_pattern(), *slash = strrchr(pattern, '/'), *name = slash ? slash + 1 : pattern;

	switch (md_process.options.profile_format) {
	case MD_PROFILE_FORMAT_PPROF:
		return MD_PROFILE_PPROF;
	case MD_PROFILE_FORMAT_FOLDED:
		return MD_PROFILE_FOLDED;
	case MD_PROFILE_FORMAT_MASSIF:
		return MD_PROFILE_MASSIF;
	}
	if (ends_with(name, ".massif") || strncmp(name, "massif.out", 10) == 0)
		return MD_PROFILE_MASSIF;
	return ends_with(name, ".folded") ? MD_PROFILE_FOLDED : MD_PROFILE_PPROF;
}

static int write_to(int fd, enum md_profile_format format)
{
	uint64_t kinds = md_process.options.profile_kinds;

	if (format == MD_PROFILE_MASSIF) {
		struct md_snapshot *snapshot = md_snapshot_take(&md_process.heap);

		if (!snapshot)
			return -ENOMEM;
		md_series_add(&series, snapshot);
	}
	return md_profile_write(fd, format, !kinds || (kinds & MD_PROFILE_KIND_LIVE), &series);
}

static int write_file(void)
{
	int result = md_profile_file_open(&file, file_pattern(), ++number);

	return result ? result : md_profile_file_close(&file, write_to((int)file.fd, file_format()));
}

int md_profile_show(int fd, enum md_profile_format format)
{
	if (fd == MD_TO_PROFILE_FILE && !md_process.options.profile_file[0])
		return -EINVAL;
	md_lock_take(&md_report_lock);
	int result = fd == MD_TO_PROFILE_FILE ? write_file() : write_to(fd, format);

	md_lock_release(&md_report_lock);
	return result;
}

/* To the file, for those whom nobody can tell what went wrong. */
static void write_unasked(void)
{
	char line[MD_OPTION_TEXT_MAX + 128];
	struct md_text text;

	md_lock_take(&md_report_lock);
	int result = write_file();

	if (result && !complained) {
		complained = true;
		md_text_init(&text, line, sizeof line, false);
		md_textf(&text, "malloc-debug: cannot write a profile to %S: errno %d\n", file_pattern(), -result);
		md_sink_write(line, text.length);
	}
	md_lock_release(&md_report_lock);
}

void md_profile_at_exit(void)
{
	if (md_process.options.profile_file[0])
		write_unasked();
}

/* --- at intervals ----------------------------------------------------------------- */

/* Of all threads that notice, one gets it. */
static bool take_deadline(struct md_profile_counts *counts)
{
	uint64_t due = atomic_load(&counts->due);

	return due != UINT64_MAX && md_clock_now() >= due && atomic_compare_exchange_strong(&counts->due, &due, UINT64_MAX);
}

/* Ticks are what allocations can look at; how many make a nanosecond is seen from what went by since the start. */
static void give_deadline(struct md_profile_counts *counts, uint64_t now)
{
	uint64_t ticks = md_clock_now(), passed = now - md_process.start_nanoseconds;
	double rate = passed ? (double)(ticks - md_process.start_ticks) / (double)passed : 1;

	atomic_store(&counts->due, ticks + 1 + (now < deadline ? (uint64_t)((double)(deadline - now) * rate) : 0));
}

static void look_at_clock(struct md_profile_counts *counts)
{
	uint64_t interval = md_process.options.profile_interval * MILLISECOND;

	if (!take_deadline(counts))
		return;
	if (md_is_restricted()) /* nothing may be asked or written any more: that was the last deadline */
		return;
	if (md_os_nanoseconds() >= deadline) {
		write_unasked();
		uint64_t now = md_os_nanoseconds();

		deadline += interval;
		if (deadline <= now) /* nobody allocated meanwhile, or writing takes as long as the interval */
			deadline = now + interval;
	}
	give_deadline(counts, md_os_nanoseconds());
}

void md_profile_after_fork(void)
{
	struct md_profile_counts *counts = md_process.heap.profile;

	if (counts && md_process.options.profile_interval)
		atomic_store(&counts->due, md_clock_now());
}

/* --- on a signal -------------------------------------------------------------------- */

static _Atomic bool pending;

static void on_signal(int signal_number, siginfo_t *info, void *context)
{
	struct md_thread *self = md_entry_begin();

	(void)signal_number;
	(void)info;
	if (self) {
		write_unasked();
		md_entry_end(self);
	} else {
		atomic_store(&pending, true);
		if (md_self)
			md_self->attended = true;
	}
	md_interrupted_settle(NULL, context);
}

void md_profile_pending(void)
{
	struct md_profile_counts *counts = md_process.heap.profile;

	if (atomic_load_explicit(&pending, memory_order_relaxed) && atomic_exchange(&pending, false))
		write_unasked();
	if (counts)
		look_at_clock(counts);
}

void md_profile_init(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK };
	const struct md_options *options = &md_process.options;

	if (options->profile_interval || (options->profile_kinds & MD_PROFILE_KIND_ALLOCS)) {
		struct md_profile_counts *counts = md_arena_take(&md_process.heap.arena, sizeof *counts, 64); /* refused: there is no more than what is live */

		if (counts) {
			counts->arena = &md_process.heap.arena;
			counts->threaded = &md_process.heap.threaded;
			counts->counting = (options->profile_kinds & MD_PROFILE_KIND_ALLOCS) != 0;
			atomic_store(&counts->due, options->profile_interval ? md_clock_now() + FIRST_LOOK : UINT64_MAX);
			md_process.heap.profile = counts;
		}
		deadline = md_os_nanoseconds() + options->profile_interval * MILLISECOND;
	}
	if (options->signal_profile) {
		sigfillset(&action.sa_mask);
		sigaction((int)options->signal_profile, &action, NULL);
	}
}

bool md_profile_memory(size_t i, uintptr_t *begin, uintptr_t *end)
{
	return md_series_memory(&series, i, begin, end);
}
