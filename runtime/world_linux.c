/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "report/text.h"
#include "runtime/process.h"
#include "runtime/restrict.h"
#include "runtime/syscall.h"
#include "runtime/world.h"
#include "src/os.h"

enum { ASKED, ANSWERING, STANDS, ENDED };

#define FIRST_CAPACITY 64
#define CAPACITY_MAX 65536
#define MAGIC 0x6d645f776f726cu /* in the signal's value, beside the index: nobody else sends that */

/* The stop under way, for the handler; NULL between stops. */
static _Atomic(struct md_world *) stopping;
static struct sigaction previous; /* what the program had for the signal */
static int installed;             /* number of the signal that has our handler; it stays: a late signal must not end the process */

static void wake_all(_Atomic uint32_t *word)
{
	md_syscall6(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, 0x7fffffff, 0, 0, 0);
}

/* --- in the other threads -------------------------------------------------- */

#if defined(__x86_64__)
static void note_registers(struct md_stopped *thread, const ucontext_t *context)
{
	const greg_t *from = context->uc_mcontext.gregs;
	static const int numbers[MD_WORLD_REGISTERS] = { REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_R8, REG_R9, REG_R10,
		REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RSP, REG_RIP };

	for (int i = 0; i < MD_WORLD_REGISTERS; i++)
		thread->registers[i] = (uintptr_t)from[numbers[i]];
	thread->sp = (uintptr_t)from[REG_RSP];
	__asm__("movq %%fs:0, %0" : "=r"(thread->thread_pointer));
}

/* A call that answers EINTR whatever SA_RESTART says is made anew: everything the kernel said of it before the signal must still hold. */
static void restart_call(const struct md_stopped *thread, ucontext_t *context)
{
	greg_t *registers = context->uc_mcontext.gregs;
	const int arguments[6] = { REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9 };
	const unsigned char *before = (const unsigned char *)registers[REG_RIP] - 2;

	if (!thread->in_call || registers[REG_RAX] != -EINTR || (uintptr_t)registers[REG_RIP] != thread->call_pc ||
		(uintptr_t)registers[REG_RSP] != thread->call_sp || before[0] != 0x0f || before[1] != 0x05)
		return;
	for (int i = 0; i < 6; i++)
		if ((uintptr_t)registers[arguments[i]] != thread->call_arguments[i])
			return;
	registers[REG_RAX] = thread->call_number;
	registers[REG_RIP] -= 2;
}
#else
static void note_registers(struct md_stopped *thread, const ucontext_t *context)
{
	const unsigned long long *from = (const unsigned long long *)context->uc_mcontext.regs;

	for (int i = 0; i < MD_WORLD_REGISTERS; i++)
		thread->registers[i] = (uintptr_t)from[i + 14]; /* x14 to x30: those that hold values across calls among them */
	thread->sp = (uintptr_t)context->uc_mcontext.sp;
	__asm__("mrs %0, tpidr_el0" : "=r"(thread->thread_pointer));
}

static void restart_call(const struct md_stopped *thread, ucontext_t *context)
{
	unsigned long long *registers = (unsigned long long *)context->uc_mcontext.regs;
	const uint32_t *before = (const uint32_t *)context->uc_mcontext.pc - 1;

	if (!thread->in_call || (long long)registers[0] != -EINTR || (uintptr_t)context->uc_mcontext.pc != thread->call_pc ||
		(uintptr_t)context->uc_mcontext.sp != thread->call_sp || *before != 0xd4000001u /* svc 0 */)
		return;
	for (int i = 1; i < 6; i++)
		if ((uintptr_t)registers[i] != thread->call_arguments[i])
			return;
	registers[0] = thread->call_arguments[0];
	registers[8] = (unsigned long long)thread->call_number;
	context->uc_mcontext.pc -= 4;
}
#endif

static void hand_on(int number, siginfo_t *info, void *context)
{
	if (previous.sa_flags & SA_SIGINFO) {
		if (previous.sa_sigaction)
			previous.sa_sigaction(number, info, context);
	} else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
		previous.sa_handler(number);
	}
}

static void on_stop(int number, siginfo_t *info, void *context)
{
	int saved = errno;
	uintptr_t value = (uintptr_t)info->si_value.sival_ptr;
	struct md_world *world;

	if (info->si_code != SI_QUEUE || value >> 8 != MAGIC) {
		hand_on(number, info, context);
		return;
	}
	world = atomic_load(&stopping);
	if (!world)
		return; /* it came too late: the others have gone on */
	atomic_fetch_add(&world->inside, 1);
	uint32_t tid = md_os_thread();

	for (size_t i = 0; atomic_load(&stopping) == world && i < world->count; i++) {
		struct md_stopped *thread = &world->threads[i];
		uint32_t asked = ASKED;

		if (thread->tid != tid || !atomic_compare_exchange_strong(&thread->state, &asked, ANSWERING))
			continue;
		note_registers(thread, context);
		restart_call(thread, context);
		atomic_store(&thread->state, STANDS);
		while (!atomic_load(&world->go_on))
			md_os_wait(&world->go_on, 0);
		break;
	}
	atomic_fetch_sub(&world->inside, 1);
	errno = saved;
}

/* --- in the thread that stops them ----------------------------------------- */

static bool is_traced(void)
{
	char text[2048];
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/self/status", O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return false;
	long got = md_syscall3(SYS_read, fd, (long)text, sizeof text - 1);

	md_syscall1(SYS_close, fd);
	text[got > 0 ? got : 0] = '\0';
	const char *line = strstr(text, "TracerPid:");

	return line && line[10] && line[11] != '0';
}

/* The highest real-time signal that the program has left alone. */
static int free_signal(void)
{
	struct sigaction action;

	for (int number = SIGRTMAX; number > SIGRTMIN; number--)
		if (sigaction(number, NULL, &action) == 0 && !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_DFL)
			return number;
	return SIGURG;
}

static bool install(struct md_world *world)
{
	struct sigaction action = { .sa_sigaction = on_stop, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK }, now;
	int wanted = is_traced() ? SIGURG : installed ? installed : free_signal();

	sigfillset(&action.sa_mask);
	world->signal = wanted;
	if (sigaction(wanted, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_stop)
		return true;
	previous = now;
	installed = wanted;
	return sigaction(wanted, &action, NULL) == 0;
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

/* "NUMBER ARG1 ... ARG6 SP PC", or "-1 SP PC" where it waits outside of a call, or "running". */
static void read_call(struct md_stopped *thread)
{
	char line[256], path[64];
	struct md_text text;
	const char *at = line;

	md_text_init(&text, path, sizeof path - 1, false);
	md_textf(&text, "/proc/self/task/%u/syscall", (unsigned)thread->tid);
	path[text.length] = '\0';
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return;
	long got = md_syscall3(SYS_read, fd, (long)line, sizeof line - 1);

	md_syscall1(SYS_close, fd);
	line[got > 0 ? got : 0] = '\0';
	if (line[0] < '0' || line[0] > '9')
		return;
	thread->call_number = (long)parse_number(&at);
	for (int i = 0; i < 6; i++)
		thread->call_arguments[i] = parse_number(&at);
	thread->call_sp = parse_number(&at);
	thread->call_pc = parse_number(&at);
	thread->in_call = true;
	thread->sp = thread->call_sp; /* until it says so itself */
}

static void ask(struct md_world *world, uint32_t tid)
{
	siginfo_t info = { .si_signo = world->signal, .si_code = SI_QUEUE };

	if (world->count == world->capacity)
		return;
	struct md_stopped *thread = &world->threads[world->count];

	memset(thread, 0, sizeof *thread);
	thread->tid = tid;
	read_call(thread);
	atomic_store(&thread->state, ASKED);
	world->count++;
	info.si_value.sival_ptr = (void *)(uintptr_t)((uintptr_t)MAGIC << 8);
	if (md_syscall4(SYS_rt_tgsigqueueinfo, md_syscall0(SYS_getpid), (long)tid, world->signal, (long)&info) != 0)
		atomic_store(&thread->state, ENDED);
}

/* Asks every thread that was not asked yet. Returns how many those were, or -1. */
static int ask_new(struct md_world *world)
{
	char entries[4096];
	uint32_t self = md_os_thread();
	long fd = md_syscall4(SYS_openat, AT_FDCWD, (long)"/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), got;
	int asked = 0;

	if (fd < 0)
		return -1;
	while ((got = md_syscall3(SYS_getdents64, fd, (long)entries, sizeof entries)) > 0) {
		for (long at = 0; at < got;) {
			const char *entry = entries + at, *name = entry + 19;
			uint16_t bytes;

			memcpy(&bytes, entry + 16, sizeof bytes);
			at += bytes;
			uint32_t tid = (uint32_t)parse_number(&name);

			if (tid && tid != self && !known(world, tid)) {
				ask(world, tid);
				asked++;
			}
		}
	}
	md_syscall1(SYS_close, fd);
	return asked;
}

static size_t count_state(const struct md_world *world, uint32_t state)
{
	size_t count = 0;

	for (size_t i = 0; i < world->count; i++)
		count += atomic_load(&world->threads[i].state) == state;
	return count;
}

static void pause_briefly(void)
{
	struct timespec brief = { .tv_nsec = 100000 };

	md_syscall2(SYS_nanosleep, (long)&brief, 0);
}

bool md_world_stop(struct md_world *world, unsigned wait_ms)
{
	uint64_t until = md_os_nanoseconds() + wait_ms * 1000000ull;

	memset(world, 0, sizeof *world);
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
	if (!install(world)) {
		md_os_unmap(world->threads, world->bytes);
		world->threads = NULL;
		return false;
	}
	atomic_store(&stopping, world);
	/* Threads that were not stopped yet may have created others. */
	int asked = ask_new(world);
	bool tried = asked >= 0;

	while (asked > 0) {
		while (count_state(world, ASKED) + count_state(world, ANSWERING) && md_os_nanoseconds() < until)
			pause_briefly();
		asked = md_os_nanoseconds() < until ? ask_new(world) : 0;
	}
	for (size_t i = 0; i < world->count; i++) {
		world->threads[i].stands = atomic_load(&world->threads[i].state) == STANDS;
		world->silent += !world->threads[i].stands && atomic_load(&world->threads[i].state) != ENDED;
	}
	return tried;
}

void md_world_resume(struct md_world *world)
{
	if (!world->threads)
		return;
	atomic_store(&stopping, NULL);
	atomic_store(&world->go_on, 1);
	wake_all(&world->go_on);
	for (int tries = 0; atomic_load(&world->inside) && tries < 10000; tries++)
		pause_briefly();
	if (!atomic_load(&world->inside)) /* else somebody is still in there with our memory in hand: it is left to him */
		md_os_unmap(world->threads, world->bytes);
	world->threads = NULL;
}
