/* SPDX-License-Identifier: MIT
 *
 * The signal is number 33, the one the C library keeps for itself to make every thread change its user (SIGSETXID): its functions neither let a program
 * block that signal, nor set or see a handler for it, and debuggers pass it on without stopping. What is not ours is handed on to the C library's handler.
 */
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "report/text.h"
#include "runtime/process.h"
#include "runtime/restrict.h"
#include "runtime/syscall.h"
#include "runtime/threads.h"
#include "runtime/world.h"
#include "src/os.h"

enum { ASKED, ANSWERING, STANDS, ENDED };

#define SIGNAL 33
#define TRACED_WAIT_MS 5000
#define FIRST_CAPACITY 64
#define CAPACITY_MAX 65536
#define MAGIC ((uintptr_t)0x6d645f776f726c << 8) /* the signal's value: nobody else sends that */

/* What the kernel takes; the C library's sigaction refuses this signal. */
struct action {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* The stop under way, for the handler; NULL between stops. */
static _Atomic(struct md_world *) stopping;
static struct action previous; /* the C library's, while ours is in place */

static long set_action(const struct action *new, struct action *old)
{
	return md_syscall4(SYS_rt_sigaction, SIGNAL, (long)new, (long)old, sizeof new->mask);
}

static void wake_all(_Atomic uint32_t *word)
{
	md_syscall6(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, 0x7fffffff, 0, 0, 0);
}

/* --- the machine ------------------------------------------------------------- */

/* A system call as the interrupted thread's registers show it. */
struct call {
	long result; /* or number, where it is about to be made (again) */
	uintptr_t pc, sp;
	uintptr_t arguments[6];
};

/* The kernel notes it where it keeps the interrupted thread's registers. */
static uintptr_t signal_stack_of(const ucontext_t *interrupted)
{
	return interrupted->uc_stack.ss_flags & SS_DISABLE ? 0 : (uintptr_t)interrupted->uc_stack.ss_sp;
}

#if defined(__x86_64__)

#define RETURN_FLAGS 0x04000000u /* SA_RESTORER */
#define CALL_BYTES 2
#define FIRST_KEPT 0 /* of the arguments, that registers still hold when the call is over */

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

/* Parts of the area that the kernel keeps vector registers in, and the bits that say which of them are in use: the others hold what was there before. */
#define XSTATE_MAGIC 0x46505853u
#define XSTATE_MAGIC_OFFSET 464
#define XSTATE_BITS_OFFSET 512
enum { XSTATE_SSE = 1, XSTATE_AVX = 2, XSTATE_ZMM_HIGH = 6, XSTATE_ZMM_MORE = 7 };

static void note_vectors(struct md_registers *registers, uintptr_t area)
{
	static const struct {
		unsigned bit;
		uint32_t offset, bytes; /* 0: the processor says */
	} parts[MD_WORLD_VECTORS] = { { XSTATE_SSE, 160, 256 }, { XSTATE_AVX, 576, 256 }, { XSTATE_ZMM_HIGH, 0, 0 }, { XSTATE_ZMM_MORE, 0, 0 } };
	uint32_t extension[2]; /* magic, bytes */
	uint64_t used = 1 << XSTATE_SSE;
	int count = 0;

	memcpy(extension, (const void *)(area + XSTATE_MAGIC_OFFSET), sizeof extension);
	bool extended = extension[0] == XSTATE_MAGIC;

	if (extended)
		memcpy(&used, (const void *)(area + XSTATE_BITS_OFFSET), sizeof used);
	for (int i = 0; i < MD_WORLD_VECTORS; i++) {
		uint32_t offset = parts[i].offset, bytes = parts[i].bytes, flags, none;

		if (!(used >> parts[i].bit & 1))
			continue;
		if (!bytes)
			__cpuid_count(0xd, parts[i].bit, bytes, offset, flags, none);
		if (i && (!extended || offset + bytes > extension[1]))
			continue;
		registers->vectors[count].begin = area + offset;
		registers->vectors[count++].bytes = bytes;
	}
}

void md_world_registers(struct md_registers *registers, const void *context)
{
	const ucontext_t *interrupted = context;
	const greg_t *from = interrupted->uc_mcontext.gregs;
	static const int numbers[MD_WORLD_REGISTERS] = { REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_R8, REG_R9, REG_R10,
		REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };

	memset(registers, 0, sizeof *registers);
	for (int i = 0; i < MD_WORLD_REGISTERS; i++)
		registers->general[i] = (uintptr_t)from[numbers[i]];
	registers->sp = (uintptr_t)from[REG_RSP];
	registers->signal_stack = signal_stack_of(interrupted);
	registers->pc = (uintptr_t)from[REG_RIP];
	if (interrupted->uc_mcontext.fpregs)
		note_vectors(registers, (uintptr_t)interrupted->uc_mcontext.fpregs);
}

static bool is_call_instruction(uintptr_t pc)
{
	unsigned char code[CALL_BYTES];

	return md_os_read(pc, code, sizeof code) == sizeof code && code[0] == 0x0f && code[1] == 0x05;
}

/* The number that is loaded directly before the call (movl $NUMBER, %eax), as nearly all of the C library's calls do. */
static long number_before(uintptr_t pc)
{
	unsigned char code[5];
	int32_t number;

	if (md_os_read(pc - sizeof code, code, sizeof code) != sizeof code || code[0] != 0xb8)
		return -1;
	memcpy(&number, code + 1, sizeof number);
	return number;
}

static struct call call_of(const ucontext_t *context)
{
	const greg_t *from = context->uc_mcontext.gregs;

	return (struct call){ .result = from[REG_RAX], .pc = (uintptr_t)from[REG_RIP], .sp = (uintptr_t)from[REG_RSP],
		.arguments = { (uintptr_t)from[REG_RDI], (uintptr_t)from[REG_RSI], (uintptr_t)from[REG_RDX], (uintptr_t)from[REG_R10], (uintptr_t)from[REG_R8],
			(uintptr_t)from[REG_R9] } };
}

static void make_again(ucontext_t *context, long number, uintptr_t first_argument)
{
	(void)first_argument;
	context->uc_mcontext.gregs[REG_RAX] = number;
	context->uc_mcontext.gregs[REG_RIP] -= CALL_BYTES;
}

static void make_interrupted(ucontext_t *context)
{
	context->uc_mcontext.gregs[REG_RAX] = -EINTR;
	context->uc_mcontext.gregs[REG_RIP] += CALL_BYTES;
}

#else

#define RETURN_FLAGS 0u
#define return_from_stop NULL /* the kernel has its own */
#define CALL_BYTES 4
#define FIRST_KEPT 1 /* the first argument's register holds the result */

void md_world_registers(struct md_registers *registers, const void *context)
{
	const ucontext_t *interrupted = context;

	memset(registers, 0, sizeof *registers);
	for (int i = 0; i < MD_WORLD_REGISTERS; i++)
		registers->general[i] = (uintptr_t)interrupted->uc_mcontext.regs[i];
	registers->sp = (uintptr_t)interrupted->uc_mcontext.sp;
	registers->signal_stack = signal_stack_of(interrupted);
	registers->pc = (uintptr_t)interrupted->uc_mcontext.pc;
	registers->vectors[0].begin = (uintptr_t)interrupted->uc_mcontext.__reserved;
	registers->vectors[0].bytes = sizeof interrupted->uc_mcontext.__reserved;
}

static bool is_call_instruction(uintptr_t pc)
{
	uint32_t code;

	return md_os_read(pc, &code, sizeof code) == sizeof code && code == 0xd4000001u; /* svc 0 */
}

static long number_before(uintptr_t pc)
{
	(void)pc; /* the number would still be there, but the first argument is lost */
	return -1;
}

static struct call call_of(const ucontext_t *context)
{
	struct call call = { .result = (long)context->uc_mcontext.regs[0], .pc = (uintptr_t)context->uc_mcontext.pc,
		.sp = (uintptr_t)context->uc_mcontext.sp };

	for (int i = 0; i < 6; i++)
		call.arguments[i] = (uintptr_t)context->uc_mcontext.regs[i];
	return call;
}

static void make_again(ucontext_t *context, long number, uintptr_t first_argument)
{
	context->uc_mcontext.regs[0] = first_argument;
	context->uc_mcontext.regs[8] = (unsigned long long)number;
	context->uc_mcontext.pc -= CALL_BYTES;
}

static void make_interrupted(ucontext_t *context)
{
	context->uc_mcontext.regs[0] = (unsigned long long)-EINTR;
	context->uc_mcontext.pc += CALL_BYTES;
}

#endif

/* --- interrupted calls --------------------------------------------------------- */

/* True if the thread was in this call when it was asked to stop, with the call's instruction ending at pc. */
static bool was_in(const struct md_stopped *thread, const struct call *call, uintptr_t pc)
{
	if (!thread->in_call || pc != thread->call_pc || call->sp != thread->call_sp)
		return false;
	for (int i = FIRST_KEPT; i < 6; i++)
		if (call->arguments[i] != thread->call_arguments[i])
			return false;
	return true;
}

/* True if a signal waits that the program has a handler for, and that handler runs as soon as we return. */
static bool handler_waits(const ucontext_t *context, bool interrupting)
{
	uint64_t waiting = 0, blocked;
	struct action action;

	md_syscall2(SYS_rt_sigpending, (long)&waiting, sizeof waiting);
	memcpy(&blocked, &context->uc_sigmask, sizeof blocked);
	for (uint64_t left = waiting & ~blocked & ~(1ull << (SIGNAL - 1)); left; left &= left - 1) {
		if (md_syscall4(SYS_rt_sigaction, __builtin_ctzll(left) + 1, 0, (long)&action, sizeof action.mask) != 0 ||
			(uintptr_t)action.handler == (uintptr_t)SIG_DFL || (uintptr_t)action.handler == (uintptr_t)SIG_IGN)
			continue;
		if (!interrupting || !(action.flags & SA_RESTART))
			return true;
	}
	return false;
}

/* Calls that the kernel makes again whatever handler ran. */
static bool is_never_interrupted(const struct md_stopped *thread)
{
	long operation = (long)(thread->call_arguments[1] & FUTEX_CMD_MASK);

	return thread->call_number == SYS_futex && (operation == FUTEX_LOCK_PI || operation == FUTEX_LOCK_PI2 || operation == FUTEX_WAIT_REQUEUE_PI);
}

/* Leaves the interrupted call as it would be had we not come. Many calls the kernel makes again because our handler says SA_RESTART; others answer EINTR
 * whatever it says, and are made again here. A relative time limit then begins anew. But where a handler of the program is about to run, the call's
 * fate is what that handler asks for. */
static void settle_call(const struct md_stopped *thread, ucontext_t *context)
{
	struct call call = call_of(context);

	if (call.result == -EINTR && is_call_instruction(call.pc - CALL_BYTES)) {
		bool known = was_in(thread, &call, call.pc);
		long number = known ? thread->call_number : number_before(call.pc - CALL_BYTES);

		/* close has closed, whatever it answers */
		if (number >= 0 && number != SYS_close && !handler_waits(context, false))
			make_again(context, number, known ? thread->call_arguments[0] : call.arguments[0]);
	} else if (was_in(thread, &call, call.pc + CALL_BYTES) && is_call_instruction(call.pc) && !is_never_interrupted(thread) &&
		handler_waits(context, true)) {
		make_interrupted(context);
	}
}

void md_world_settle(void *context)
{
	struct md_stopped unknown = { 0 };

	settle_call(&unknown, context);
}

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
	while (!atomic_load(&world->go_on))
		md_os_wait(&world->go_on, 0);
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

/* Stands still; or, inside one of our calls, leaves word to do so at its end: blocks and tables are half changed there, and pointers to them are not where
 * anybody would look. Who is aside, or forks, asks for himself. */
static void obey(struct md_world *world, struct md_stopped *thread, const ucontext_t *context)
{
	if (md_thread_aside || md_thread_forking || (md_self && md_self->busy)) {
		if (md_self)
			md_self->attended = true;
	} else if (answer(thread)) {
		md_world_registers(&thread->registers, context);
		thread->sp = thread->registers.sp;
		stand(world, thread);
	}
}

static void on_stop(int number, siginfo_t *info, void *context)
{
	struct md_world *world;
	struct md_stopped *thread, asked = { 0 };

	if (info->si_code != SI_QUEUE || (uintptr_t)info->si_value.sival_ptr != MAGIC) {
		hand_on(number, info, context);
		return;
	}
	world = atomic_load(&stopping); /* NULL: it came too late, the others have gone on */
	if (world) {
		thread = enter(world);
		if (thread) {
			asked = *thread;
			obey(world, thread, context);
		}
		leave(world);
	}
	settle_call(&asked, context);
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
	struct action action = { .handler = on_stop, .flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK | RETURN_FLAGS, .restorer = return_from_stop, .mask = ~0ull };
	struct action now;

	if (set_action(NULL, &now) != 0)
		return false;
	if (now.handler == on_stop)
		return true;
	previous = now;
	if (now.restorer)
		action.restorer = now.restorer; /* the C library's has unwind tables */
	return set_action(&action, NULL) == 0;
}

/* Only when no signal of ours is under way: it could end the process. */
static void uninstall(void)
{
	struct action now;

	if (set_action(NULL, &now) == 0 && now.handler == on_stop)
		set_action(&previous, NULL);
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

	if (!read_task_file(thread->tid, "syscall", line, sizeof line))
		return;
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
	siginfo_t info = { .si_signo = SIGNAL, .si_code = SI_QUEUE };

	if (world->count == world->capacity) {
		world->unasked++;
		return;
	}
	struct md_stopped *thread = &world->threads[world->count];

	memset(thread, 0, sizeof *thread);
	thread->tid = tid;
	read_call(thread);
	atomic_store(&thread->state, ASKED);
	world->count++;
	info.si_value.sival_ptr = (void *)MAGIC;
	if (md_syscall4(SYS_rt_tgsigqueueinfo, md_syscall0(SYS_getpid), (long)tid, SIGNAL, (long)&info) == -ESRCH)
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
	atomic_store(&world->go_on, 0);
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

void md_world_resume(struct md_world *world)
{
	if (!world->threads)
		return;
	atomic_store(&stopping, NULL);
	atomic_store(&world->go_on, 1);
	wake_all(&world->go_on);
	if (!world->silent)
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
