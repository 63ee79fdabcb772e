/* SPDX-License-Identifier: MIT
 *
 * Leaks at the death by a signal (option leaks_at=signal): SIGTERM, SIGINT, SIGHUP, SIGQUIT, where the program leaves them at their default
 * action.
 *
 * How       A handler stands in for the default action (actions.h), searches, and lets the signal do what it would have done.
 * Bounds    A thread that was interrupted inside one of our calls searches at its end; one that is forking is tried again a little later. A
 *           timer sends the signal once more after PUT_OFF_MS, or LONGEST_MS where the search has begun, and a signal that comes while we
 *           are at it kills at once. One that comes within TOGETHER_MS of the first is the same death: timeout(1) sends its signal to the
 *           process and then to its group. A program that sends itself the signal where no search can be made dies at once: it may count on
 *           not getting any further.
 * Who not   Process 1, which the system does not let die by default actions. Others as leak_events.h has it: a child that may not search
 *           dies at once.
 *
 * Locking and signal safety   No lock. What two threads set at the same moment for the same signal is undefined for the program, too.
 */
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "runtime/actions.h"
#include "runtime/entry.h"
#include "runtime/interrupted.h"
#include "runtime/leak_events.h"
#include "runtime/lsan.h"
#include "runtime/signal_action.h"
#include "runtime/syscall.h"
#include "runtime/threads.h"
#include "src/os.h"

#define TOGETHER_MS 50
#define LONGEST_MS 30000
#define PUT_OFF_MS 3000
#define RETRY_MS 2
#define RETRIES_MAX 500

static const int deadly[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
#define DEADLY (sizeof deadly / sizeof deadly[0])

static _Atomic int dying;      /* the signal; 0: none came */
static _Atomic bool searching; /* the search has begun; else it is put off */
static _Atomic unsigned retries;
static _Atomic uint64_t came; /* md_os_nanoseconds() */
static int timer;
static bool have_timer;

/* --- dying ------------------------------------------------------------------- */

/* The default action, now. Returns only if a tracer takes the signal away. */
static void die(int number)
{
	const struct md_signal_action standard = { 0 };
	uint64_t only = 1ull << (number - 1);
	long pid = md_syscall0(SYS_getpid);

	md_signal_action_set(number, &standard, NULL);
	md_syscall4(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&only, 0, sizeof only);
	md_syscall3(SYS_tgkill, pid, md_syscall0(SYS_gettid), number);
	if ((uint32_t)pid != md_process.pid)
		return;
	if (have_timer)
		md_syscall1(SYS_timer_delete, timer);
	have_timer = false;
	atomic_store(&searching, false);
	atomic_store(&dying, 0);
	md_actions_stand_in(number);
}

/* Has the signal sent again. */
static void send_later(int number, unsigned milliseconds)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = number };
	struct itimerspec time = { .it_value = { milliseconds / 1000, (long)(milliseconds % 1000) * 1000000 } };

	if (!have_timer)
		have_timer = md_syscall3(SYS_timer_create, CLOCK_MONOTONIC, (long)&event, (long)&timer) == 0;
	if (have_timer)
		md_syscall4(SYS_timer_settime, timer, 0, (long)&time, 0);
}

static const char *when_text(int number)
{
	switch (number) {
	case SIGTERM:
		return "at death by SIGTERM";
	case SIGINT:
		return "at death by SIGINT";
	case SIGHUP:
		return "at death by SIGHUP";
	default:
		return "at death by SIGQUIT";
	}
}

/* The thread is busy. */
static void search(struct md_thread *self, const struct md_leaks_here *here, int number)
{
	if (atomic_exchange(&searching, true))
		return;
	send_later(number, LONGEST_MS);
	if (md_lsan_search_at_exit() && md_leak_events_claim())
		md_leak_events_search(self, here, when_text(number));
}

/* Whether this very thread seems to have sent it. */
static bool is_from_itself(const siginfo_t *info)
{
	bool is_alone = atomic_load(&md_process.heap.threads_live) <= 1;

	return (info->si_code == SI_TKILL || ((info->si_code == SI_USER || info->si_code == SI_QUEUE) && is_alone)) &&
		(uint32_t)info->si_pid == md_process.pid;
}

/* Dies, now or when the thread is at the end of what it is doing for us; it must not be kept in its own call that sends the signal. */
static void begin(int number, const siginfo_t *info, const void *context)
{
	struct md_thread *self = md_thread_forking ? NULL : md_entry_begin();
	struct md_registers registers;

	if (self) {
		md_interrupted_registers(&registers, context);
		struct md_leaks_here here = { .sp = registers.sp - MD_RED_ZONE_BYTES, .interrupted = &registers };

		search(self, &here, number);
		die(number);
		md_entry_end(self);
	} else if (is_from_itself(info) || !md_self) {
		die(number);
	} else if (md_thread_forking && !md_self->busy) {
		if (atomic_fetch_add(&retries, 1) < RETRIES_MAX)
			send_later(number, RETRY_MS);
		if (!have_timer || atomic_load(&retries) > RETRIES_MAX)
			die(number);
	} else {
		atomic_store(&retries, 0);
		send_later(number, PUT_OFF_MS);
		md_self->attended = true;
	}
}

static void on_death(int number, siginfo_t *info, void *context)
{
	int none = 0;

	if (!md_leak_events_wanted(MD_LEAKS_AT_SIGNAL)) {
		die(number);
	} else if (atomic_compare_exchange_strong(&dying, &none, number)) {
		came = md_os_nanoseconds();
		atomic_store(&retries, 0);
		begin(number, info, context);
	} else if (info->si_code == SI_TIMER && !atomic_load(&searching) && atomic_load(&retries) && atomic_load(&retries) <= RETRIES_MAX) {
		begin(number, info, context);
	} else if (md_os_nanoseconds() - came >= TOGETHER_MS * 1000000ull || is_from_itself(info)) {
		die(number);
	}
	md_interrupted_settle(NULL, context);
}

void md_leak_death_pending(struct md_thread *self)
{
	struct md_leaks_here here;
	int number = atomic_load_explicit(&dying, memory_order_relaxed);

	if (md_likely(!number) || atomic_load(&searching))
		return;
	MD_LEAKS_HERE(&here);
	search(self, &here, number);
	die(number);
}

void md_leak_death_after_fork(void)
{
	have_timer = false; /* timers stay with the parent */
	atomic_store(&searching, false);
	atomic_store(&dying, 0);
}

/* --- start ---------------------------------------------------------------------- */

static bool may_stand_in(void)
{
	return md_leak_events_wanted(MD_LEAKS_AT_SIGNAL);
}

void md_leak_death_init(void)
{
	/* SA_ONSTACK is not asked for: a program's stack for signal handlers may be too small for a search. */
	struct sigaction action = { .sa_sigaction = on_death, .sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER };

	if (md_process.pid == 1)
		return;
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < DEADLY; i++)
		sigdelset(&action.sa_mask, deadly[i]);
	for (size_t i = 0; i < DEADLY; i++)
		md_actions_watch(deadly[i], &action, may_stand_in);
}
