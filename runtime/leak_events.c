/* SPDX-License-Identifier: MIT */
#include "runtime/leak_events.h"

#include <errno.h>
#include <time.h>

#include "report/text.h"
#include "runtime/process.h"
#include "runtime/restrict.h"
#include "runtime/show.h"
#include "runtime/syscall.h"
#include "runtime/threads.h"
#include "src/clock.h"

#define WHEN_BYTES 640

static _Atomic bool claimed;
static uint32_t since; /* md_clock_coarse() of the fork; valid in a child that may search */

/* A child that shares its parent's memory has another number than is noted there. */
static bool is_own_memory(void)
{
	return md_process_pid() == md_process.pid;
}

static bool is_child(void)
{
	return md_process.pid != md_process.pid_at_start;
}

bool md_leak_events_may_search(void)
{
	return is_own_memory() && (!is_child() || (md_process.options.leaks_at & MD_LEAKS_AT_FORK));
}

bool md_leak_events_wanted(uint64_t moment)
{
	return (md_process.options.leaks_at & moment) && md_mode_is(MD_MODE_ACTIVE) && !md_is_restricted() && md_leak_events_may_search();
}

bool md_leak_events_claim(void)
{
	return !atomic_exchange(&claimed, true);
}

void md_leak_events_limit(struct md_leaks_request *request)
{
	request->since_set = is_child();
	request->since = since;
}

long md_leak_events_search(struct md_thread *self, const struct md_leaks_here *here, const char *when_text)
{
	struct md_leaks_request request = { .when = MD_LEAKS_AT_EVENT, .fd = MD_TO_SINK, .when_text = when_text };
	char when[WHEN_BYTES];
	struct md_text text;

	if (md_thread_forking) /* a signal handler in the middle of a fork: the locks are not free */
		return -EBUSY;
	md_leak_events_limit(&request);
	if (request.since_set) {
		md_text_init(&text, when, sizeof when - 1, false);
		md_textf(&text, "%s, for blocks allocated since the fork", when_text);
		when[text.length] = '\0';
		request.when_text = when;
	}
	return md_leaks_search(self, here, &request, NULL);
}

void md_leak_events_find(void)
{
	md_leak_exit_find();
	md_leak_exec_find();
}

void md_leak_events_init(void)
{
	if (md_process.options.leaks_at & MD_LEAKS_AT_NOW)
		md_leak_exit_init();
	if (md_process.options.leaks_at & MD_LEAKS_AT_SIGNAL)
		md_leak_death_init();
}

void md_leak_events_after_fork(void)
{
	struct timespec brief = { .tv_nsec = 200000 };

	atomic_store(&claimed, false);
	if (!md_process.options.leaks_at)
		return;
	md_leak_death_after_fork();
	if (!(md_process.options.leaks_at & MD_LEAKS_AT_FORK))
		return;
	/* Times of allocations are coarse: nothing of the child's may have one that the parent's last blocks have, too. */
	since = md_clock_coarse(md_clock_now()) + 1;
	while ((int32_t)(md_clock_coarse(md_clock_now()) - since) < 0)
		if (!md_is_restricted())
			md_syscall2(SYS_nanosleep, (long)&brief, 0);
}
