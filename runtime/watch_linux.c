/* SPDX-License-Identifier: MIT */
#include "runtime/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "report/text.h"
#include "runtime/altstack.h"
#include "runtime/restrict.h"
#include "runtime/sink.h"
#include "runtime/syscall.h"
#include "src/clock.h"
#include "src/guard_policy.h"
#include "src/inspect.h"
#include "src/os.h"
#include "src/watch_budget.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

#define HIGH_FD 200
#define OPENINGS_MAX 4
#define CHILD_DELAY_TICKS ((uint64_t)10 << 20) /* some 4 ms: a child that lives no longer is not worth the opening */
#define END_TRIES_MAX 10000
#define WINDOW_TICKS ((uint64_t)5 << 19) /* some millisecond */
#define TRIAL_BYTES 4096
#define TURNS_TICKS ((uint64_t)16 << 20) /* between two looks at how often threads took turns */

/* What an event sends with its signal: whose it is, and which choice of which place. */
#define DATA_MAGIC_SHIFT 34
#define DATA_GENERATION_SHIFT 2

enum state { CLOSED, OPEN, GIVEN_UP };

#define LEADER 0

struct event {
	int fd;
	uint64_t id; /* the kernel's */
};

struct md_watch_counts md_watch_counts;
_Atomic bool md_watch_is_slow;

static struct md_watch_setting setting;
static struct md_watches watches;
static struct md_watch_budget budget;
static struct event events[MD_WATCHES];
static _Atomic int state;    /* enum state */
static const char *given_up; /* why */
static _Atomic bool begun, moving;
static unsigned openings;
static uint32_t owner;        /* the process whose all this is */
static _Atomic uint32_t *own; /* 0 in a child that was forked without handlers; NULL where the system cannot do it */
static uint32_t magic;        /* 30 bits: events of the program's send something else */
static uint64_t turns, turns_at;
static _Atomic bool on; /* the group is */
static uint64_t on_since;
static enum { UNKNOWN, FAST, SLOW } speed;                    /* of repeated string instructions while it is on */
static bool hunted;                                           /* the window is one for a stack with damaged blocks */
static volatile uint64_t nobodys __attribute__((aligned(8))); /* what an event stands on that has nothing to watch */

const struct md_watch_setting *md_watch_setting(void)
{
	return &setting;
}

unsigned md_watch_usable(const char **why)
{
	*why = given_up;
	return atomic_load(&state) == OPEN ? watches.usable : 0;
}

static bool take_turn(void)
{
	return !atomic_exchange(&moving, true);
}

static void end_turn(void)
{
	atomic_store(&moving, false);
}

static void say(const char *what, const char *why)
{
	char line[256];
	struct md_text text;

	if (!md_process.options.verbose)
		return;
	md_text_init(&text, line, sizeof line, false);
	md_textf(&text, "malloc-debug: %s: %s\n", what, why);
	md_sink_write(line, text.length);
}

/* Tells the core when it may ask again. */
static void plan(uint64_t not_before)
{
	struct md_watch_wishes *wishes = &md_process.heap.watch;
	uint64_t after = md_watch_budget_next(&budget, false), hunting_after = md_watch_budget_next(&budget, true);

	atomic_store_explicit(&wishes->after, after > not_before ? after : not_before, memory_order_relaxed);
	atomic_store_explicit(&wishes->hunting_after, hunting_after > not_before ? hunting_after : not_before, memory_order_relaxed);
}

/* --- events --------------------------------------------------------------------- */

static void fill_in(struct perf_event_attr *attributes, unsigned i)
{
	const struct md_watch_place *place = &watches.places[i];
	uint32_t generation = atomic_load(&place->generation);

	memset(attributes, 0, sizeof *attributes);
	attributes->type = PERF_TYPE_BREAKPOINT;
	attributes->size = sizeof *attributes;
	attributes->bp_type = generation && !place->writes_only ? HW_BREAKPOINT_RW : HW_BREAKPOINT_W;
	attributes->bp_addr = generation ? place->range.addr : (uintptr_t)&nobodys;
	attributes->bp_len = generation ? place->range.bytes : HW_BREAKPOINT_LEN_8;
	attributes->sample_period = 1;
	attributes->sigtrap = 1;
	attributes->remove_on_exec = 1;
	attributes->disabled = i == LEADER && !atomic_load(&on);
	attributes->inherit = 1;
	attributes->inherit_thread = 1;
	attributes->exclude_kernel = 1;
	attributes->exclude_hv = 1;
	attributes->sig_data = (uint64_t)magic << DATA_MAGIC_SHIFT | (uint64_t)generation << DATA_GENERATION_SHIFT | i;
}

static bool is_ours(const struct event *event)
{
	uint64_t id = 0;

	return md_syscall3(SYS_ioctl, event->fd, PERF_EVENT_IOC_ID, (long)&id) == 0 && id == event->id;
}

/* A descriptor where programs do not expect one. It is closed where that is not to be had. */
static long move_high(long fd)
{
	long high = md_syscall3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIGH_FD);

	md_syscall1(SYS_close, fd);
	return high;
}

/* Returns 0 or a negated errno value. */
static int open_event(unsigned i)
{
	struct perf_event_attr attributes;

	fill_in(&attributes, i);
	long fd = md_syscall5(SYS_perf_event_open, (long)&attributes, 0, -1, i == LEADER ? -1 : events[LEADER].fd, PERF_FLAG_FD_CLOEXEC);

	if (md_syscall_failed(fd))
		return (int)fd;
	fd = move_high(fd);
	if (md_syscall_failed(fd))
		return -EMFILE;
	events[i].fd = (int)fd;
	long result = md_syscall3(SYS_ioctl, fd, PERF_EVENT_IOC_ID, (long)&events[i].id);

	if (md_syscall_failed(result))
		md_syscall1(SYS_close, fd);
	return md_syscall_failed(result) ? (int)result : 0;
}

/* Whatever is not ours any more is left alone. */
static void close_events(void)
{
	unsigned count = watches.usable;

	watches.usable = 0;
	atomic_store(&on, false);
	atomic_store(&md_watch_is_slow, false);
	for (unsigned i = 0; i < count; i++) {
		md_watch_leave(&watches.places[i]);
		if (is_ours(&events[i]))
			md_syscall1(SYS_close, events[i].fd);
	}
}

/* --- on and off ------------------------------------------------------------------- */

static void turn(bool up)
{
	if (atomic_load(&on) == up ||
		md_syscall_failed(md_syscall3(SYS_ioctl, events[LEADER].fd, up ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0)))
		return;
	atomic_store(&on, up);
	atomic_store(&md_watch_is_slow, up && speed == SLOW && setting.mode != MD_WATCH_AT_ADDRESS);
}

static uint64_t time_trial(void)
{
	static char bytes[TRIAL_BYTES];
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 4; i++) {
		uint64_t since = md_clock_now();
		char *to = bytes;
		size_t count = sizeof bytes;

#if defined(__x86_64__)
		__asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(0) : "memory");
#else
		(void)to, (void)count;
#endif
		since = md_clock_now() - since;
		best = since < best ? since : best;
	}
	return best;
}

static void try_speed(void)
{
	uint64_t without = time_trial();

	turn(true);
	speed = time_trial() > 4 * without ? SLOW : FAST;
	turn(false);
}

/* A window begins, or goes on for a stack that is hunted. */
static void open_window(bool hunting)
{
	bool was_on = atomic_load(&on);

	turn(true);
	if (!was_on || hunting) {
		on_since = md_clock_now();
		hunted = hunting;
	}
}

static void close_window(void)
{
	if (!atomic_load(&md_watch_is_slow) || !is_ours(&events[LEADER]))
		return;
	turn(false);
	if (!hunted)
		md_watch_budget_window(&budget, md_clock_now() - on_since);
	plan(0);
}

static void give_up(const char *why)
{
	if (atomic_exchange(&state, GIVEN_UP) == OPEN)
		close_events();
	given_up = why;
	plan(UINT64_MAX);
	say("no watchpoints", why);
}

/* --- opening ----------------------------------------------------------------------- */

static void become_owner(void)
{
	owner = (uint32_t)md_syscall0(SYS_getpid);
	openings = 0;
	turns_at = 0; /* a child's count begins at 0 */
	if (!own) {
		own = md_os_map(0, MD_PAGE_BYTES);
		if (own && md_syscall3(SYS_madvise, (long)own, MD_PAGE_BYTES, MADV_WIPEONFORK) != 0) {
			md_os_unmap(own, MD_PAGE_BYTES);
			own = NULL;
		}
	}
	if (own)
		atomic_store(own, 1);
}

static bool open_events(void)
{
	bool threads;
	int error = 0;
	unsigned count = 0;

	if (md_is_restricted())
		return false;
	if (md_watch_is_traced(&threads)) {
		give_up("a debugger may need the processor's debug registers");
		return false;
	}
	if (md_watch_is_emulated()) {
		give_up("Valgrind has no processor of its own that could watch");
		return false;
	}
	if (md_altstack_is_foreign()) {
		give_up("the program has an alternate stack of its own");
		return false;
	}
	if (!md_watch_signals_come()) {
		give_up("SIGTRAP does not come to us");
		return false;
	}
	if (++openings > OPENINGS_MAX) {
		give_up("the program closes their descriptors");
		return false;
	}
	while (count < MD_WATCHES && !(error = open_event(count)))
		count++;
	if (!count) {
		give_up(md_watch_refusal(error));
		return false;
	}
	watches.usable = count;
	watches.rear = 0;
	atomic_store(&state, OPEN);
	if (speed == UNKNOWN)
		try_speed();
	if (threads)
		say("watchpoints", "threads that run already are not watched");
	return true;
}

/* --- moving --------------------------------------------------------------------- */

/* Threads that take turns pay for the registers each time. */
static void count_turns(uint64_t now)
{
	struct rusage usage = { 0 };

	if (now - turns_at < TURNS_TICKS)
		return;
	md_syscall2(SYS_getrusage, RUSAGE_SELF, (long)&usage);
	uint64_t sum = (uint64_t)usage.ru_nvcsw + (uint64_t)usage.ru_nivcsw;

	if (turns_at)
		md_watch_budget_suffer(&budget, MD_WATCH_SWITCH, sum - turns);
	turns = sum;
	turns_at = now;
}

/* In a child that has a copy of everything: what it inherited acts on its parent's events. */
static void begin_anew(void)
{
	if (atomic_load(&state) == OPEN) {
		close_events();
		atomic_store(&state, CLOSED);
	}
	become_owner();
}

/* Not in a child that shares our memory. */
static bool is_owner(void)
{
	if ((uint32_t)md_syscall0(SYS_getpid) == owner)
		return true;
	if (!own || atomic_load(own))
		return false;
	begin_anew();
	return true;
}

/* False if the events were lost: the program closed them, or all descriptors it does not know. */
static bool move(unsigned changed)
{
	struct perf_event_attr attributes;

	for (unsigned i = 0; i < watches.usable; i++) {
		if (!(changed >> i & 1))
			continue;
		fill_in(&attributes, i);
		if (!is_ours(&events[i])) {
			close_events();
			atomic_store(&state, CLOSED);
			return false;
		}
		if (md_syscall_failed(md_syscall3(SYS_ioctl, events[i].fd, PERF_EVENT_IOC_MODIFY_ATTRIBUTES, (long)&attributes)))
			md_watch_leave(&watches.places[i]); /* where it stood: its traps are out of date now */
		atomic_fetch_add_explicit(&md_watch_counts.moves, 1, memory_order_relaxed);
	}
	return true;
}

static void watch_address(void)
{
	if (atomic_load(&state) == CLOSED && open_events()) {
		move(md_watch_choose_address(&watches, setting.range));
		turn(true);
	}
	plan(UINT64_MAX);
}

static void watch_block(uintptr_t user)
{
	struct md_heap *heap = &md_process.heap;
	struct md_block_view block;

	if (setting.mode == MD_WATCH_AT_ADDRESS) { /* a child forgets it, and finds out here */
		watch_address();
		return;
	}
	md_inspect_address(heap, user, &block);
	if (!block.valid || block.user != user)
		return;
	bool hunting = md_guard_is_suspect(&heap->guard, block.alloc_stack) ||
		(setting.mode == MD_WATCH_OF_STACK && block.alloc_stack.value == setting.stack.value);

	if (setting.mode == MD_WATCH_OF_STACK && block.alloc_stack.value != setting.stack.value)
		return;
	uint64_t now = md_clock_now();

	if (now < atomic_load_explicit(hunting ? &heap->watch.hunting_after : &heap->watch.after, memory_order_relaxed))
		return;
	if (atomic_load(&state) == CLOSED && !open_events())
		return;
	if (!md_watch_signals_come()) {
		give_up("SIGTRAP does not come to us any more");
		return;
	}
	if (!move(md_watch_choose(&watches, &block, hunting)) && open_events())
		move(md_watch_choose(&watches, &block, hunting));
	if (atomic_load(&state) == OPEN)
		open_window(hunting);
	md_watch_budget_spend(&budget, md_clock_now() - now, hunting);
	count_turns(now);
	if (md_watch_budget_is_over(&budget, now))
		give_up("the program makes too many threads, or they take turns too often: watchpoints would slow it down");
	else
		plan(0);
}

void md_watch_attend(struct md_thread *self)
{
	uintptr_t user = self->watch_wanted;

	if (md_likely(!user)) {
		if (atomic_load_explicit(&md_watch_is_slow, memory_order_relaxed) && md_clock_now() - on_since > WINDOW_TICKS)
			md_watch_rest();
		return;
	}
	if (!atomic_load_explicit(&begun, memory_order_relaxed))
		return;
	self->watch_wanted = 0;
	if (md_is_restricted() || atomic_load(&state) == GIVEN_UP || !take_turn())
		return;
	if (is_owner())
		watch_block(user);
	end_turn();
}

void md_watch_rest(void)
{
	if (md_is_restricted() || !take_turn())
		return;
	if (is_owner())
		close_window();
	end_turn();
}

/* --- life ----------------------------------------------------------------------- */

void md_watch_init(const char **complaint)
{
	*complaint = NULL;
	if (!md_watch_parse(md_process.options.watch, &setting))
		*complaint = "the option watch is auto, off, an address (0x7f12345678) or an allocation stack (stack:17); auto is used";
	md_os_random(&magic, sizeof magic);
	magic &= (1u << (64 - DATA_MAGIC_SHIFT)) - 1;
	md_watch_budget_begin(&budget, md_clock_now());
	if (setting.mode == MD_WATCH_OFF) {
		atomic_store(&state, GIVEN_UP);
		given_up = "watch=off";
		plan(UINT64_MAX);
	} else if (setting.mode == MD_WATCH_AT_ADDRESS) {
		plan(UINT64_MAX);
	}
}

void md_watch_begin(void)
{
	struct md_thread *self = md_self;

	if (setting.mode == MD_WATCH_OFF)
		return;
	if (!md_watch_catch()) {
		give_up("somebody else handles SIGTRAP");
		return;
	}
	become_owner();
	atomic_store(&begun, true);
	if (setting.mode == MD_WATCH_AT_ADDRESS && take_turn()) {
		watch_address();
		end_turn();
	}
	if (self && self->watch_wanted && !self->busy) {
		self->busy = true;
		md_watch_attend(self);
		self->busy = false;
	}
}

static void suffer(enum md_watch_passive kind)
{
	if (md_likely(atomic_load_explicit(&state, memory_order_relaxed) != OPEN))
		return;
	md_watch_budget_suffer(&budget, kind, 1);
	if (setting.mode != MD_WATCH_AT_ADDRESS && md_watch_budget_is_over(&budget, md_clock_now()))
		md_watch_end("the program makes too many threads or processes: watchpoints would slow it down");
}

void md_watch_thread_made(void)
{
	suffer(MD_WATCH_THREAD);
}

void md_watch_fork_made(void)
{
	suffer(MD_WATCH_FORK);
}

void md_watch_after_fork(void)
{
	if (!atomic_load(&begun) || md_is_restricted())
		return;
	atomic_store(&moving, false);
	begin_anew();
	if (atomic_load(&state) != GIVEN_UP)
		plan(md_clock_now() + CHILD_DELAY_TICKS);
}

void md_watch_end(const char *why)
{
	if (atomic_load(&state) == GIVEN_UP || md_is_restricted())
		return;
	for (int tries = 0; !take_turn(); tries++) { /* somebody moves just now, which takes microseconds */
		if (tries == END_TRIES_MAX)
			return;
		md_syscall0(SYS_sched_yield);
	}
	if (is_owner())
		give_up(why);
	end_turn();
}

/* --- for the signal handler ------------------------------------------------------- */

/* What follows the address in a signal of an event: newer than the C library's siginfo_t (linux/signal, since 5.13). */
struct perf_signal {
	uint64_t data;
	uint32_t type, flags;
};

#define TRAP_PERF_CODE 6
#define PERF_OFFSET 24 /* in siginfo_t of 64-bit systems */
#define FLAG_ASYNC 1   /* the signal was blocked: it comes late, and the registers are others */

bool md_watch_trapped(const siginfo_t *info, unsigned *index, struct md_watch_place *place)
{
	struct perf_signal signal;

	if (info->si_code != TRAP_PERF_CODE)
		return false;
	memcpy(&signal, (const char *)info + PERF_OFFSET, sizeof signal);
	if (signal.data >> DATA_MAGIC_SHIFT != magic || signal.type != PERF_TYPE_BREAKPOINT)
		return false;
	*index = signal.data & (MD_WATCHES - 1);
	uint32_t generation = (uint32_t)(signal.data >> DATA_GENERATION_SHIFT);

	if ((signal.flags & FLAG_ASYNC) || !md_watch_copy(&watches.places[*index], generation, (uintptr_t)info->si_addr, place))
		place->generation = 0;
	md_watch_budget_trap(&budget);
	atomic_fetch_add_explicit(&md_watch_counts.traps, 1, memory_order_relaxed);
	return true;
}

void md_watch_judged(unsigned index, uint32_t generation, bool innocent)
{
	struct md_watch_place *place = &watches.places[index];

	if (innocent)
		atomic_fetch_add_explicit(&md_watch_counts.innocent, 1, memory_order_relaxed);
	if (atomic_load(&place->generation) != generation ||
		atomic_fetch_add_explicit(&place->traps, 1, memory_order_relaxed) + 1 < MD_WATCH_TRAPS_MAX || md_is_restricted() ||
		!take_turn())
		return;
	if (atomic_load(&state) == OPEN && atomic_load(&place->generation) == generation && is_owner()) {
		md_watch_leave(place);
		move(1u << index);
	}
	end_turn();
}
