/* SPDX-License-Identifier: MIT
 *
 * Symbol process: three processes and a socket.
 *
 *   program's thread ---- clone, exit signal 0 ----> keeper ---- clone, SIGCHLD ----> helper (execve)
 *          |                                        same memory                          |
 *          +------------------------------ socket pair ----------------------------------+
 *
 * A child whose exit signal is not SIGCHLD raises none, and plain wait calls do not find it; but execve makes the exit signal SIGCHLD
 * again. Therefore the helper is a grandchild, and the keeper between us stays until the helper is gone: an orphan would be handed to
 * process 1 or to a subreaper, and the program may be that (containers). The keeper also makes killing safe: as only it reaps the helper,
 * the helper's process id cannot come to mean another process.
 *
 *   phase   STARTING --keeper--> RUNNING (helper executes) or FAILED --thread--> RELEASED: keeper kills the helper, reaps it, ends
 *
 * The keeper shares our memory (nothing is copied, however large the program) and our descriptors (it holds none open that the program
 * closes); it runs on a stack of its own, and the helper's start on another. If our thread ends meanwhile (exec or exit in another thread),
 * the kernel kills the keeper, and then the helper; should that miss, both have time limits.
 *
 * CLONE_UNTRACED keeps debuggers and tracers off both: gdb would take the keeper for a thread of the program.
 */
#include "runtime/symbol_process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "report/symbol_protocol.h"
#include "report/text.h"
#include "runtime/syscall.h"

enum {
	ENVIRONMENT_BYTES = 8192,
	SLICE_MS = 100,         /* how often waiting looks around */
	KEEPER_GRACE_MS = 2000, /* time for killing and reaping the helper */
	HIGH_FD = 200,          /* our descriptors go here or above, out of the way of numbers that programs count on */
	CLOSE_MAX = 65536,      /* descriptors closed one by one where close_range is missing */
	KERNEL_SIGNALS = 64,
};

enum phase { STARTING, RUNNING, FAILED, RELEASED };

/* The kernel's, not the C library's wider one. */
typedef uint64_t signal_set;

struct kernel_sigaction {
	uintptr_t handler;
	unsigned long flags;
	uintptr_t restorer;
	signal_set mask;
};

static char helper[MD_SYMBOL_PATH_MAX];
static char environment[ENVIRONMENT_BYTES]; /* kept strings, one after the other */
static size_t environment_bytes;
static long late_keeper; /* one that did not end in time: its process id, to be reaped next time; 0: none */
static char reason[512];

/* --- Small things --------------------------------------------------------- */

uint64_t md_symbol_now_ms(void)
{
	struct timespec now = { 0, 0 };

	md_syscall2(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t md_symbol_left_ms(uint64_t deadline_ms)
{
	uint64_t now = md_symbol_now_ms();

	return now < deadline_ms ? deadline_ms - now : 0;
}

/* Waits while *word is value, at most ms. The kernel's wake at a thread's end is not a private one, so neither is this. */
static void wait_word(_Atomic uint32_t *word, uint32_t value, uint64_t ms)
{
	struct timespec time = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	md_syscall4(SYS_futex, (long)word, FUTEX_WAIT, value, (long)&time);
}

static void wake_word(_Atomic uint32_t *word)
{
	md_syscall3(SYS_futex, (long)word, FUTEX_WAKE, 1);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		md_syscall1(SYS_close, *fd);
	*fd = -1;
}

/* What an errno value means where we meet it; NULL for the unusual ones. */
static const char *errno_text(int error)
{
	static const struct {
		int error;
		const char *text;
	} rows[] = {
		{ ENOENT, "no such file" },
		{ EACCES, "permission denied" },
		{ EPERM, "not permitted" },
		{ EAGAIN, "too many processes" },
		{ ENOMEM, "not enough memory" },
		{ EMFILE, "too many open files" },
		{ ENFILE, "too many open files in the system" },
		{ ENOSYS, "not supported by this system" },
		{ ENOEXEC, "not an executable file" },
		{ ENOTDIR, "not a directory" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].error == error)
			return rows[i].text;
	}
	return NULL;
}

const char *md_symbol_say(const char *what, const char *object, int error)
{
	struct md_text text;

	md_text_init(&text, reason, sizeof reason - 1, false);
	md_text_put(&text, what);
	md_text_safe(&text, object);
	if (error) {
		const char *meaning = errno_text(error);

		md_text_put(&text, ": ");
		if (meaning) {
			md_text_put(&text, meaning);
		} else {
			md_text_put(&text, "error ");
			md_text_uint(&text, (uint64_t)error);
		}
	}
	reason[text.length] = '\0';
	return reason;
}

const char *md_symbol_helper(void)
{
	return helper;
}

/* --- Environment ---------------------------------------------------------- */

/* Whether the helper may see a variable: what it needs to find and fetch debug files. Everything else could only change how it runs:
 * LD_PRELOAD would load us into it. */
static bool is_helpers_variable(const char *entry)
{
	/* With '=' a whole name, without it the beginning of one. */
	static const char *const names[] = { "DEBUGINFOD_", "PATH=", "HOME=", "LANG=", "LC_ALL=", "LC_CTYPE=", "TMPDIR=", "XDG_CACHE_HOME=",
		"http_proxy=", "https_proxy=", "all_proxy=", "no_proxy=", "HTTPS_PROXY=", "ALL_PROXY=", "NO_PROXY=", "SSL_CERT_FILE=",
		"SSL_CERT_DIR=", "CURL_CA_BUNDLE=" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strncmp(entry, names[i], strlen(names[i])) == 0)
			return true;
	}
	return false;
}

/* As the process was given it: what the program has put there since may be freed by now. */
static void keep_environment(char *const *given)
{
	size_t entries = 0;

	environment_bytes = 0;
	for (char *const *entry = given; entry && *entry; entry++) {
		size_t bytes = strlen(*entry) + 1;

		if (!is_helpers_variable(*entry) || bytes > sizeof environment - environment_bytes || entries == MD_SYMBOL_VARIABLES_MAX)
			continue;
		memcpy(environment + environment_bytes, *entry, bytes);
		environment_bytes += bytes;
		entries++;
	}
}

void md_symbol_process_init(const char *helper_path, char *const *given)
{
	size_t bytes = helper_path ? strlen(helper_path) + 1 : 0;

	helper[0] = '\0';
	if (bytes <= sizeof helper && bytes > 0)
		memcpy(helper, helper_path, bytes);
	keep_environment(given);
}

/* --- The helper's start, in the child of the keeper ------------------------ */

/* Starts a process that shares our memory, on another stack, in run(process), which must not return. Returns as clone does. */
static long clone_on_stack(unsigned long flags, unsigned char *stack_end, void (*run)(struct md_symbol_process *),
	struct md_symbol_process *process, _Atomic uint32_t *cleared_at_end)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = (long)cleared_at_end;
	register long r8 __asm__("r8") = 0;
	register void *r12 __asm__("r12") = (void *)run;
	register void *r13 __asm__("r13") = process;
	long result;

	__asm__ volatile("syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xorl %%ebp, %%ebp\n\t" /* the child: outermost frame */
			 "movq %%r13, %%rdi\n\t"
			 "callq *%%r12\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(result)
			 : "a"(SYS_clone), "D"(flags), "S"(stack_end), "d"(0), "r"(r10), "r"(r8), "r"(r12), "r"(r13)
			 : "rcx", "r11", "memory", "cc");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = SYS_clone;
	register long x0 __asm__("x0") = (long)flags;
	register void *x1 __asm__("x1") = stack_end;
	register long x2 __asm__("x2") = 0;
	register long x3 __asm__("x3") = 0;
	register void *x4 __asm__("x4") = (void *)cleared_at_end;
	register void *x10 __asm__("x10") = (void *)run;
	register void *x11 __asm__("x11") = process;

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t" /* the child: outermost frame */
			 "mov x30, xzr\n\t"
			 "mov x0, x11\n\t"
			 "blr x10\n\t"
			 "brk 0\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x10), "r"(x11)
			 : "memory", "cc");
	return x0;
#endif
}

static _Noreturn void end_process(int status)
{
	for (;;)
		md_syscall1(SYS_exit_group, status);
}

/* The program may have limits for itself that are too tight for reading debug information; what it may not exceed stays. */
static void raise_limits(void)
{
	static const int resources[] = { RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_NOFILE };
	struct rlimit64 limit;

	for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
		if (md_syscall4(SYS_prlimit64, 0, resources[i], 0, (long)&limit) == 0 && limit.rlim_cur != limit.rlim_max) {
			limit.rlim_cur = limit.rlim_max;
			md_syscall4(SYS_prlimit64, 0, resources[i], (long)&limit, 0);
		}
	}
}

/* Leaves the socket at 0 and 1, a place nobody reads at 2, and nothing else. The socket is above 2 (see move_high). */
static void arrange_fds(int fd)
{
	struct rlimit64 limit = { CLOSE_MAX, CLOSE_MAX };

	md_syscall3(SYS_dup3, fd, 0, 0);
	md_syscall3(SYS_dup3, fd, 1, 0);
	/* In a chroot without devices a folder does as well: writing to it only fails. */
	long nowhere = md_syscall4(SYS_openat, AT_FDCWD, (long)"/dev/null", O_RDWR, 0);
	if (md_syscall_failed(nowhere))
		nowhere = md_syscall4(SYS_openat, AT_FDCWD, (long)"/", O_RDONLY, 0);
	if (md_syscall_failed(nowhere))
		md_syscall1(SYS_close, 2);
	else if (nowhere != 2)
		md_syscall3(SYS_dup3, nowhere, 2, 0);
	if (!md_syscall_failed(md_syscall3(SYS_close_range, 3, (long)~0u, 0)))
		return;
	md_syscall4(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)&limit);
	if (limit.rlim_max > CLOSE_MAX)
		limit.rlim_max = CLOSE_MAX;
	for (unsigned i = 3; i < limit.rlim_max; i++)
		md_syscall1(SYS_close, i);
}

/* Runs with all signals blocked, in our memory, until execve. Its own are: descriptors, signal handlers, limits. */
static _Noreturn void run_helper(struct md_symbol_process *process)
{
	const struct kernel_sigaction plain = { 0 };
	const signal_set none = 0;

	md_syscall5(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	arrange_fds(process->helper_fd);
	raise_limits();
	/* execve keeps what is ignored and what is blocked, neither of which the helper asked for. */
	for (int signal = 1; signal <= KERNEL_SIGNALS; signal++)
		md_syscall4(SYS_rt_sigaction, signal, (long)&plain, 0, sizeof plain.mask);
	md_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, sizeof none);
	long result = md_syscall3(SYS_execve, (long)helper, (long)process->argv, (long)process->envp);
	process->failed_errno = (int)-result;
	process->failed_path = helper;
	process->failed_step = "cannot execute the symbol helper ";
	end_process(127);
}

/* --- The keeper ----------------------------------------------------------- */

/* Starts the helper, waits until the thread is done with it, and leaves nothing of it behind. */
static _Noreturn void run_keeper(struct md_symbol_process *process)
{
	const struct kernel_sigaction plain = { 0 };
	uint32_t phase = STARTING;
	uint64_t left;

	md_syscall5(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* Where the program ignores SIGCHLD, our copy of that would have the kernel reap the helper by itself. */
	md_syscall4(SYS_rt_sigaction, SIGCHLD, (long)&plain, 0, sizeof plain.mask);

	/* Returns once the helper executes or has ended (CLONE_VFORK): failed_step is decided then. */
	long pid = clone_on_stack(CLONE_VM | CLONE_VFORK | CLONE_UNTRACED | SIGCHLD, process->helper_stack + sizeof process->helper_stack,
		run_helper, process, NULL);
	if (md_syscall_failed(pid)) {
		process->failed_errno = (int)-pid;
		process->failed_path = "";
		process->failed_step = "cannot start a process for the symbol helper";
	}
	atomic_compare_exchange_strong(&process->phase, &phase, process->failed_step ? FAILED : RUNNING);
	wake_word(&process->phase);

	phase = process->failed_step ? FAILED : RUNNING;
	while (phase == RUNNING && atomic_load(&process->phase) == RUNNING && (left = md_symbol_left_ms(process->deadline_ms + 1000)) > 0)
		wait_word(&process->phase, RUNNING, left);
	if (!md_syscall_failed(pid)) {
		md_syscall2(SYS_kill, pid, SIGKILL);
		while (md_syscall4(SYS_wait4, pid, 0, __WALL, 0) == -EINTR)
			;
	}
	end_process(0);
}

/* --- Start and end, in the program's thread -------------------------------- */

/* A process started after unshare(CLONE_NEWPID) would be the first of that namespace, and its end the end of the namespace. */
static bool has_empty_pid_namespace(void)
{
	char link[64];

	if (md_syscall_failed(md_syscall4(SYS_readlinkat, AT_FDCWD, (long)"/proc/thread-self/ns/pid", (long)link, sizeof link)))
		return false; /* no /proc: cannot be known */
	/* The namespace has no name until it has its first process. */
	return md_syscall4(SYS_readlinkat, AT_FDCWD, (long)"/proc/thread-self/ns/pid_for_children", (long)link, sizeof link) == -ENOENT;
}

/* Moves a descriptor up; where the limit is too low for that, at least above the standard ones. */
static int move_high(int fd)
{
	long high = md_syscall3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIGH_FD);

	if (md_syscall_failed(high) && fd <= 2) {
		high = md_syscall3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
		if (md_syscall_failed(high)) {
			md_syscall1(SYS_close, fd);
			return (int)high;
		}
	}
	if (md_syscall_failed(high))
		return fd;
	md_syscall1(SYS_close, fd);
	return (int)high;
}

static const char *open_sockets(int *ours, int *helpers)
{
	int fds[2];
	long result = md_syscall4(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, (long)fds);

	if (md_syscall_failed(result))
		return md_symbol_say("cannot open a socket to the symbol helper", "", (int)-result);
	*ours = move_high(fds[0]);
	*helpers = move_high(fds[1]);
	if (*ours < 0 || *helpers < 0)
		return md_symbol_say("cannot open a socket to the symbol helper", "", -(*ours < 0 ? *ours : *helpers));
	return NULL;
}

static void fill_arguments(struct md_symbol_process *process)
{
	size_t count = 0;

	process->argv[0] = (char *)"malloc-debug";
	process->argv[1] = (char *)"symbolizer";
	for (size_t at = 0; at < environment_bytes; at += strlen(environment + at) + 1)
		process->envp[count++] = environment + at;
	/* /etc/ld.so.preload could have us loaded into the helper all the same. */
	process->envp[count] = (char *)"MALLOC_DEBUG_PRESET=off";
}

/* Whether the keeper is gone, for whatever reason. */
static bool is_keeper_gone(long keeper)
{
	long result = md_syscall4(SYS_wait4, keeper, 0, WNOHANG | __WALL, 0);

	return result == keeper || result == -ECHILD;
}

static const char *start_helper(struct md_symbol_process *process)
{
	process->keeper = clone_on_stack(CLONE_VM | CLONE_FILES | CLONE_UNTRACED | CLONE_CHILD_CLEARTID,
		process->keeper_stack + sizeof process->keeper_stack, run_keeper, process, &process->keeper_running);
	if (md_syscall_failed(process->keeper)) {
		int error = (int)-process->keeper;

		process->keeper = 0;
		return md_symbol_say("cannot start a process for the symbol helper", "", error);
	}
	uint64_t left;
	while (atomic_load(&process->phase) == STARTING) {
		if ((left = md_symbol_left_ms(process->deadline_ms)) == 0)
			return md_symbol_say("the symbol helper did not start in time", "", 0);
		wait_word(&process->phase, STARTING, left < SLICE_MS ? left : SLICE_MS);
		if (atomic_load(&process->phase) == STARTING && atomic_load(&process->keeper_running) == 0)
			return md_symbol_say("the symbol helper's start was interrupted", "", 0);
	}
	if (atomic_load(&process->phase) == FAILED)
		return md_symbol_say(process->failed_step, process->failed_path, process->failed_errno);
	return NULL;
}

const char *md_symbol_process_refuses(void)
{
	if (!helper[0])
		return md_symbol_say("no names: the command malloc-debug, which looks them up, is not beside the library", "", 0);
	if (late_keeper && is_keeper_gone(late_keeper))
		late_keeper = 0;
	if (late_keeper)
		return md_symbol_say("an earlier symbol helper still hangs", "", 0);
	if (has_empty_pid_namespace())
		return md_symbol_say("no symbol helper: the next process would be the first of a new namespace", "", 0);
	return NULL;
}

const char *md_symbol_process_start(struct md_symbol_process *process, uint64_t deadline_ms)
{
	process->fd = -1;
	process->helper_fd = -1;
	process->deadline_ms = deadline_ms;
	atomic_store(&process->keeper_running, 1);
	fill_arguments(process);

	const char *why = open_sockets(&process->fd, &process->helper_fd);
	if (!why)
		why = start_helper(process);
	close_fd(&process->helper_fd);
	return why;
}

bool md_symbol_process_end(struct md_symbol_process *process)
{
	long keeper = process->keeper;
	uint64_t deadline_ms = md_symbol_now_ms() + KEEPER_GRACE_MS, left;

	close_fd(&process->helper_fd);
	close_fd(&process->fd);
	if (keeper == 0)
		return true;
	atomic_store(&process->phase, RELEASED);
	wake_word(&process->phase);
	while (atomic_load(&process->keeper_running) != 0 && (left = md_symbol_left_ms(deadline_ms)) > 0)
		wait_word(&process->keeper_running, 1, left);
	if (atomic_load(&process->keeper_running) != 0 && !is_keeper_gone(keeper)) {
		late_keeper = keeper;
		return false;
	}
	while (md_syscall4(SYS_wait4, keeper, 0, __WALL, 0) == -EINTR)
		;
	return true;
}
