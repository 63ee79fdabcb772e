/* SPDX-License-Identifier: MIT
 *
 * The signal is number 33, the one the C library keeps for itself to make every thread change its user (SIGSETXID): its functions neither
 * let a program block that signal, nor set or see a handler for it, and debuggers pass it on without stopping. What is not ours is handed
 * on to the C library's handler.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "report/text.h"
#include "runtime/process.h"
#include "runtime/restrict.h"
#include "runtime/signal_action.h"
#include "runtime/syscall.h"
#include "runtime/threads.h"
#include "runtime/world.h"
#include "src/os.h"

enum { ASKED, ANSWERING, STANDS, ENDED };

#define TRACED_WAIT_MS 5000
#define FIRST_CAPACITY 64
#define CAPACITY_MAX 65536
#define REMEMBERED 1024
#define MAGIC ((uintptr_t)0x6d645f776f726c << 8) /* the signal's value: nobody else sends that */

/* The stop under way, for the handler; NULL between stops. */
static _Atomic(struct md_world *) stopping;
static struct md_signal_action previous; /* the C library's, while ours is in place */

/* The calls that threads were in when they were stopped before: one that is on its way back into its call does not say which it is. By the
 * thread's number; written by the one thread that stops. */
static struct {
	uint32_t tid;
	struct md_known_call call;
} remembered[REMEMBERED];

static void wake_all(_Atomic uint32_t *word)
{
	md_syscall6(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, 0x7fffffff, 0, 0, 0);
}

#if defined(__x86_64__)

#define RETURN_FLAGS 0x04000000u /* SA_RESTORER */

/* In the form that unwinders and debuggers know. */
__asm__(".pushsection .text\n"
	".type return_from_stop, @function\n"
	"	nop\n"
	"return_from_stop:\n"
	"	movq $15, %rax\n"
	"	syscall\n"
	".size return_from_stop, . - return_from_stop\n"
	".popsection");
void return_from_stop(void);

#else

#define RETURN_FLAGS 0u
#define return_from_stop NULL /* the kernel has its own */

#endif

/* --- in the other threads -------------------------------------------------- */

static uintptr_t thread_pointer(void)
{
	return (uintptr_t)__builtin_thread_pointer();
}

/* The calling thread's place in the stop under way, NULL if it was not asked. What is there stays until leave(). */
static struct md_stopped *enter(struct md_world *world)
{
	uint32_t tid = md_os_thread();

	atomic_fetch_add(&world->inside, 1);
	for (size_t i = 0; atomic_load(&stopping) == world && i < world->count; i++)
		if (world->threads[i].tid == tid)
			return &world->threads[i];
	return NULL;
}

/* False if it has answered before. */
static bool answer(struct md_stopped *thread)
{
	uint32_t asked = ASKED;

	return atomic_compare_exchange_strong(&thread->state, &asked, ANSWERING);
}

static void stand(struct md_world *world, struct md_stopped *thread)
{
	thread->thread_pointer = thread_pointer();
	atomic_store(&thread->state, STANDS);
	for (uint32_t over; (int32_t)((over = atomic_load(&world->go_on)) - thread->stop) < 0;)
		md_os_wait(&world->go_on, over);
}

static void leave(struct md_world *world)
{
	atomic_fetch_sub(&world->inside, 1);
}

static void hand_on(int number, siginfo_t *info, void *context)
{
	if ((uintptr_t)previous.handler != (uintptr_t)SIG_DFL && (uintptr_t)previous.handler != (uintptr_t)SIG_IGN)
		previous.handler(number, info, context);
}

/* Stands still; or, inside one of our calls, leaves word to do so at its end: blocks and tables are half changed there, and pointers to
 * them are not where anybody would look. Who is aside, or forks, asks for himself. */
static void obey(struct md_world *world, struct md_stopped *thread, const void *context)
{
	if (md_thread_aside || md_thread_forking || (md_self && md_self->busy)) {
		if (md_self)
			md_self->attended = true;
	} else if (answer(thread)) {
		md_interrupted_registers(&thread->registers, context);
		thread->sp = thread->registers.sp;
		stand(world, thread);
	}
}

static void on_stop(int number, siginfo_t *info, void *context)
{
	struct md_world *world;
	struct md_stopped *thread;
	struct md_known_call call = { 0 };

	if (info->si_code != SI_QUEUE || (uintptr_t)info->si_value.sival_ptr != MAGIC) {
		hand_on(number, info, context);
		return;
	}
	world = atomic_load(&stopping); /* NULL: it came too late, the others have gone on */
	if (world) {
		thread = enter(world);
		if (thread) {
			call = thread->call;
			atomic_store(&thread->signalled, true);
			obey(world, thread, context);
		}
		leave(world);
	}
	md_interrupted_settle(&call, context);
}

/* The registers that hold values across calls go to this function's frame, and those of its callers are live as a whole. */
static __attribute__((noinline)) void stand_here(struct md_world *world, struct md_stopped *thread)
{
	__builtin_unwind_init();
#if defined(__x86_64__)
	__asm__ volatile("movq %%rsp, %0" : "=r"(thread->sp));
#else
	__asm__ volatile("mov %0, sp" : "=r"(thread->sp));
#endif
	stand(world, thread);
}

void md_world_attend(void)
{
	struct md_world *world = atomic_load(&stopping);
	uint64_t all = ~0ull, old;

	if (md_likely(!world) || md_thread_forking)
		return;
	/* A handler of the program would run in the middle of the search. */
	md_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&old, sizeof all);
	struct md_stopped *thread = enter(world);

	if (thread && answer(thread))
		stand_here(world, thread);
	leave(world);
	md_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&old, 0, sizeof old);
}

/* --- in the thread that stops them ----------------------------------------- */

/* A debugger looks at every thread that gets a signal before it goes on, which takes its time. */
static bool is_traced(void)
{
	char text[2048];
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/thread-self/status", O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return false;
	long got = md_syscall3(SYS_read, fd, (long)text, sizeof text - 1);

	md_syscall1(SYS_close, fd);
	text[got > 0 ? got : 0] = '\0';
	const char *line = strstr(text, "TracerPid:\t");

	return line && line[11] != '0';
}

static bool install(void)
{
	struct md_signal_action action = { .handler = on_stop, .flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK | RETURN_FLAGS, .restorer = return_from_stop, .mask = ~0ull };
	struct md_signal_action now;

	if (md_signal_action_set(MD_STOP_SIGNAL, NULL, &now) != 0)
		return false;
	if (now.handler == on_stop)
		return true;
	previous = now;
	if (now.restorer)
		action.restorer = now.restorer; /* the C library's has unwind tables */
	return md_signal_action_set(MD_STOP_SIGNAL, &action, NULL) == 0;
}

/* Only when no signal of ours is under way: it could end the process. */
static void uninstall(void)
{
	struct md_signal_action now;

	if (md_signal_action_set(MD_STOP_SIGNAL, NULL, &now) == 0 && now.handler == on_stop)
		md_signal_action_set(MD_STOP_SIGNAL, &previous, NULL);
}

static bool known(const struct md_world *world, uint32_t tid)
{
	for (size_t i = 0; i < world->count; i++)
		if (world->threads[i].tid == tid)
			return true;
	return false;
}

static uintptr_t parse_number(const char **text)
{
	uintptr_t value = 0;
	const char *at = *text;
	bool hex = at[0] == '0' && at[1] == 'x';

	for (at += hex ? 2 : 0; (*at >= '0' && *at <= '9') || (hex && *at >= 'a' && *at <= 'f'); at++)
		value = value * (hex ? 16 : 10) + (uintptr_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
	while (*at == ' ')
		at++;
	*text = at;
	return value;
}

static bool read_task_file(uint32_t tid, const char *name, char *line, size_t bytes)
{
	char path[64];
	struct md_text text;

	md_text_init(&text, path, sizeof path - 1, false);
	md_textf(&text, "/proc/self/task/%u/%s", (unsigned)tid, name);
	path[text.length] = '\0';
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return false;
	long got = md_syscall3(SYS_read, fd, (long)line, (long)bytes - 1);

	md_syscall1(SYS_close, fd);
	line[got > 0 ? got : 0] = '\0';
	return got > 0;
}

/* "NUMBER ARG1 ... ARG6 SP PC", or "-1 SP PC" where it waits outside of a call, or "running". */
static void read_call(struct md_stopped *thread)
{
	char line[256];
	const char *at = line;

	if (!read_task_file(thread->tid, "syscall", line, sizeof line) || line[0] < '0' || line[0] > '9') {
		if (remembered[thread->tid % REMEMBERED].tid == thread->tid)
			thread->call = remembered[thread->tid % REMEMBERED].call;
		return;
	}
	thread->call.number = (long)parse_number(&at);
	for (int i = 0; i < 6; i++)
		thread->call.arguments[i] = parse_number(&at);
	thread->call.sp = parse_number(&at);
	thread->call.pc = parse_number(&at);
	thread->call.in_call = true;
	thread->sp = thread->call.sp; /* until it says so itself */
	remembered[thread->tid % REMEMBERED].tid = thread->tid;
	remembered[thread->tid % REMEMBERED].call = thread->call;
}

static void ask(struct md_world *world, uint32_t tid)
{
	siginfo_t info = { .si_signo = MD_STOP_SIGNAL, .si_code = SI_QUEUE };

	if (world->count == world->capacity) {
		world->unasked++;
		return;
	}
	struct md_stopped *thread = &world->threads[world->count];

	memset(thread, 0, sizeof *thread);
	thread->tid = tid;
	thread->stop = world->stop;
	read_call(thread);
	atomic_store(&thread->state, ASKED);
	world->count++;
	info.si_value.sival_ptr = (void *)MAGIC;
	if (md_syscall4(SYS_rt_tgsigqueueinfo, md_syscall0(SYS_getpid), (long)tid, MD_STOP_SIGNAL, (long)&info) == -ESRCH)
		atomic_store(&thread->state, ENDED);
}

/* A thread may end before the signal gets to it; the first one then stays as a zombie. */
static bool has_ended(const struct md_stopped *thread)
{
	char line[512];
	const char *at;

	if (md_syscall3(SYS_tgkill, md_syscall0(SYS_getpid), (long)thread->tid, 0) == -ESRCH)
		return true;
	if (!read_task_file(thread->tid, "stat", line, sizeof line))
		return false;
	at = strrchr(line, ')');
	return at && at[1] == ' ' && (at[2] == 'Z' || at[2] == 'X');
}

/* Asks every thread that was not asked yet. True if there are none; *tried is false if nobody knows. */
static bool ask_new(struct md_world *world, bool *tried)
{
	char entries[4096];
	struct stat status;
	uint32_t self = md_os_thread();
	size_t listed = 0, asked = 0;
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), got;

	*tried = fd >= 0;
	if (fd < 0)
		return true;
	while ((got = md_syscall3(SYS_getdents64, fd, (long)entries, sizeof entries)) > 0) {
		for (long at = 0; at < got;) {
			const char *entry = entries + at, *name = entry + 19;
			uint16_t bytes;

			memcpy(&bytes, entry + 16, sizeof bytes);
			at += bytes;
			uint32_t tid = (uint32_t)parse_number(&name);

			listed += tid != 0;
			if (tid && tid != self && !known(world, tid)) {
				ask(world, tid);
				asked++;
			}
		}
	}
	/* The list may lack threads while others end. The folder has a link for each, besides its own two. */
	bool complete = md_syscall4(SYS_newfstatat, fd, (long)"", (long)&status, AT_EMPTY_PATH) != 0 || status.st_nlink < 3 || listed + 2 >= status.st_nlink;

	md_syscall1(SYS_close, fd);
	return complete && !asked;
}

static size_t count_unanswered(struct md_world *world, bool look_for_ended)
{
	size_t count = 0;

	for (size_t i = 0; i < world->count; i++) {
		struct md_stopped *thread = &world->threads[i];
		uint32_t state = atomic_load(&thread->state), asked = ASKED;

		if (state == ASKED && look_for_ended && has_ended(thread) && atomic_compare_exchange_strong(&thread->state, &asked, ENDED))
			continue;
		count += state == ASKED || state == ANSWERING;
	}
	return count;
}

struct deadline {
	uint64_t nanoseconds;
	bool is_extended;
};

static void pause_briefly(void)
{
	struct timespec brief = { .tv_nsec = 100000 };

	md_syscall2(SYS_nanosleep, (long)&brief, 0);
}

static bool is_time_left(struct deadline *until)
{
	if (md_os_nanoseconds() < until->nanoseconds)
		return true;
	if (until->is_extended || !is_traced())
		return false;
	until->is_extended = true;
	until->nanoseconds += TRACED_WAIT_MS * 1000000ull;
	return true;
}

bool md_world_stop(struct md_world *world, unsigned wait_ms)
{
	struct deadline until = { .nanoseconds = md_os_nanoseconds() + wait_ms * 1000000ull };

	world->count = world->silent = world->unasked = 0;
	world->stop++;
	world->threads = NULL;
	if (md_is_restricted())
		return false;
	uint32_t live = atomic_load(&md_process.heap.threads_live);

	world->capacity = FIRST_CAPACITY;
	while (world->capacity < 2 * (size_t)live && world->capacity < CAPACITY_MAX)
		world->capacity *= 2;
	world->bytes = (world->capacity * sizeof *world->threads + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1);
	world->threads = md_os_map(0, world->bytes);
	if (!world->threads)
		return false;
	if (!install()) {
		md_os_unmap(world->threads, world->bytes);
		world->threads = NULL;
		return false;
	}
	atomic_store(&stopping, world);
	/* Threads that were not stopped yet may have created others. */
	bool tried, all = ask_new(world, &tried);

	while (!all && is_time_left(&until)) {
		for (unsigned rounds = 1; count_unanswered(world, rounds % 8 == 0) && is_time_left(&until); rounds++)
			pause_briefly();
		all = ask_new(world, &tried);
	}
	world->silent = world->unasked + !all;
	for (size_t i = 0; i < world->count; i++) {
		struct md_stopped *thread = &world->threads[i];
		uint32_t state = atomic_load(&thread->state);

		thread->stands = state == STANDS;
		thread->ended = state == ENDED;
		if (thread->ended)
			thread->sp = 0; /* another thread may have the stack already */
		world->silent += !thread->stands && !thread->ended;
	}
	return tried;
}

/* A thread that stands at the end of a call of ours may have all signals blocked, and the one that asked it still before it. */
static bool is_signal_under_way(const struct md_world *world)
{
	for (size_t i = 0; i < world->count; i++)
		if (world->threads[i].stands && !atomic_load(&world->threads[i].signalled))
			return true;
	return world->silent > 0;
}

void md_world_resume(struct md_world *world)
{
	if (!world->threads)
		return;
	bool keep = is_signal_under_way(world);

	atomic_store(&stopping, NULL);
	atomic_store(&world->go_on, world->stop);
	wake_all(&world->go_on);
	if (!keep)
		uninstall();
	for (int tries = 0; atomic_load(&world->inside) && tries < 10000; tries++)
		pause_briefly();
	if (!atomic_load(&world->inside)) /* else somebody is still in there with our memory in hand: it is left to him */
		md_os_unmap(world->threads, world->bytes);
	world->threads = NULL;
}

void md_world_after_fork(struct md_world *world)
{
	atomic_store(&stopping, NULL);
	atomic_store(&world->inside, 0);
	world->threads = NULL; /* somebody else's memory is left where it is */
}
