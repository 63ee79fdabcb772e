/* SPDX-License-Identifier: MIT
 *
 * Symbol client: three processes and a socket.
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
#include "runtime/symbol_client.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
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
	STACK_BYTES = 16384,
	ENVIRONMENT_BYTES = 8192,
	ENVIRONMENT_ENTRIES = 64,
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

/* All memory of one conversation; mapped for it. */
struct conversation {
	_Atomic uint32_t phase;          /* enum phase; a futex */
	_Atomic uint32_t keeper_running; /* the kernel clears and wakes it when the keeper is off its stack */
	const char *failed_step;         /* these three are set before phase is FAILED: what did not work, */
	const char *failed_path;         /* with which file ("": none), */
	int failed_errno;                /* and why */
	int helper_fd;                   /* helper's end of the socket pair */
	uint64_t deadline_ms;            /* as now_ms counts */
	char *argv[3];
	char *envp[ENVIRONMENT_ENTRIES + 2];

	size_t out_filled, out_sent;
	size_t in_filled;
	struct md_symbol_replies replies;
	unsigned char out[MD_SYMBOL_REQUEST_MAX];
	unsigned char in[2 * MD_SYMBOL_REPLY_MAX];
	_Alignas(64) unsigned char keeper_stack[STACK_BYTES];
	_Alignas(64) unsigned char helper_stack[STACK_BYTES];
};

static char helper[MD_SYMBOL_PATH_MAX];
static char environment[ENVIRONMENT_BYTES]; /* kept strings, one after the other */
static size_t environment_bytes;
static bool environment_kept;
static long late_keeper; /* one that did not end in time: its process id, to be reaped next time; 0: none */
static char reason[512];

/* --- Small things --------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec now = { 0, 0 };

	md_syscall2(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
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

/* Composes the reason: what, and why if error is not 0. */
static const char *say(const char *what, const char *object, int error)
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

static void keep_environment(void)
{
	size_t entries = 0;

	if (environment_kept || !environ) /* before the C library's own start there is none yet: done when first needed */
		return;
	environment_kept = true;
	for (char **entry = environ; *entry; entry++) {
		size_t bytes = strlen(*entry) + 1;

		if (!is_helpers_variable(*entry) || bytes > sizeof environment - environment_bytes || entries == ENVIRONMENT_ENTRIES)
			continue;
		memcpy(environment + environment_bytes, *entry, bytes);
		environment_bytes += bytes;
		entries++;
	}
}

void md_symbol_client_init(const char *helper_path)
{
	size_t bytes = helper_path ? strlen(helper_path) + 1 : 0;

	helper[0] = '\0';
	if (bytes <= sizeof helper && bytes > 0)
		memcpy(helper, helper_path, bytes);
	keep_environment();
}

/* --- The helper's start, in the child of the keeper ------------------------ */

/* Starts a process that shares our memory, on another stack, in run(conversation), which must not return. Returns as clone does. */
static long clone_on_stack(unsigned long flags, unsigned char *stack_end, void (*run)(struct conversation *),
	struct conversation *conversation, _Atomic uint32_t *cleared_at_end)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = (long)cleared_at_end;
	register long r8 __asm__("r8") = 0;
	register void *r12 __asm__("r12") = (void *)run;
	register void *r13 __asm__("r13") = conversation;
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
	register void *x11 __asm__("x11") = conversation;

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
static _Noreturn void run_helper(struct conversation *conversation)
{
	const struct kernel_sigaction plain = { 0 };
	const signal_set none = 0;

	md_syscall5(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	arrange_fds(conversation->helper_fd);
	raise_limits();
	/* execve keeps what is ignored and what is blocked, neither of which the helper asked for. */
	for (int signal = 1; signal <= KERNEL_SIGNALS; signal++)
		md_syscall4(SYS_rt_sigaction, signal, (long)&plain, 0, sizeof plain.mask);
	md_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, sizeof none);
	long result = md_syscall3(SYS_execve, (long)helper, (long)conversation->argv, (long)conversation->envp);
	conversation->failed_errno = (int)-result;
	conversation->failed_path = helper;
	conversation->failed_step = "cannot execute the symbol helper ";
	end_process(127);
}

/* --- The keeper ----------------------------------------------------------- */

static uint64_t left_until(uint64_t deadline_ms)
{
	uint64_t now = now_ms();

	return now < deadline_ms ? deadline_ms - now : 0;
}

/* Starts the helper, waits until the thread is done with it, and leaves nothing of it behind. */
static _Noreturn void run_keeper(struct conversation *conversation)
{
	const struct kernel_sigaction plain = { 0 };
	uint32_t phase = STARTING;
	uint64_t left;

	md_syscall5(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* Where the program ignores SIGCHLD, our copy of that would have the kernel reap the helper by itself. */
	md_syscall4(SYS_rt_sigaction, SIGCHLD, (long)&plain, 0, sizeof plain.mask);

	/* Returns once the helper executes or has ended (CLONE_VFORK): failed_step is decided then. */
	long pid = clone_on_stack(CLONE_VM | CLONE_VFORK | CLONE_UNTRACED | SIGCHLD, conversation->helper_stack + STACK_BYTES, run_helper,
		conversation, NULL);
	if (md_syscall_failed(pid)) {
		conversation->failed_errno = (int)-pid;
		conversation->failed_path = "";
		conversation->failed_step = "cannot start a process for the symbol helper";
	}
	atomic_compare_exchange_strong(&conversation->phase, &phase, conversation->failed_step ? FAILED : RUNNING);
	wake_word(&conversation->phase);

	phase = conversation->failed_step ? FAILED : RUNNING;
	while (phase == RUNNING && atomic_load(&conversation->phase) == RUNNING &&
		(left = left_until(conversation->deadline_ms + 1000)) > 0)
		wait_word(&conversation->phase, RUNNING, left);
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
		return say("cannot open a socket to the symbol helper", "", (int)-result);
	*ours = move_high(fds[0]);
	*helpers = move_high(fds[1]);
	if (*ours < 0 || *helpers < 0)
		return say("cannot open a socket to the symbol helper", "", -(*ours < 0 ? *ours : *helpers));
	return NULL;
}

static void fill_arguments(struct conversation *conversation)
{
	size_t count = 0;

	conversation->argv[0] = (char *)"malloc-debug";
	conversation->argv[1] = (char *)"symbolizer";
	for (size_t at = 0; at < environment_bytes; at += strlen(environment + at) + 1)
		conversation->envp[count++] = environment + at;
	/* /etc/ld.so.preload could have us loaded into the helper all the same. */
	conversation->envp[count] = (char *)"MALLOC_DEBUG_PRESET=off";
}

/* Whether the keeper is gone, for whatever reason. */
static bool is_keeper_gone(long keeper)
{
	long result = md_syscall4(SYS_wait4, keeper, 0, WNOHANG | __WALL, 0);

	return result == keeper || result == -ECHILD;
}

static const char *start_helper(struct conversation *conversation, long *keeper)
{
	*keeper = clone_on_stack(CLONE_VM | CLONE_FILES | CLONE_UNTRACED | CLONE_CHILD_CLEARTID, conversation->keeper_stack + STACK_BYTES,
		run_keeper, conversation, &conversation->keeper_running);
	if (md_syscall_failed(*keeper)) {
		int error = (int)-*keeper;

		*keeper = 0;
		return say("cannot start a process for the symbol helper", "", error);
	}
	uint64_t left;
	while (atomic_load(&conversation->phase) == STARTING) {
		if ((left = left_until(conversation->deadline_ms)) == 0)
			return say("the symbol helper did not start in time", "", 0);
		wait_word(&conversation->phase, STARTING, left < SLICE_MS ? left : SLICE_MS);
		if (atomic_load(&conversation->phase) == STARTING && atomic_load(&conversation->keeper_running) == 0)
			return say("the symbol helper's start was interrupted", "", 0);
	}
	if (atomic_load(&conversation->phase) == FAILED)
		return say(conversation->failed_step, conversation->failed_path, conversation->failed_errno);
	return NULL;
}

/* Ends keeper and helper. False if the keeper still runs on the conversation's memory. */
static bool end_helper(struct conversation *conversation, long keeper)
{
	uint64_t deadline_ms = now_ms() + KEEPER_GRACE_MS, left;

	if (keeper == 0)
		return true;
	atomic_store(&conversation->phase, RELEASED);
	wake_word(&conversation->phase);
	while (atomic_load(&conversation->keeper_running) != 0 && (left = left_until(deadline_ms)) > 0)
		wait_word(&conversation->keeper_running, 1, left);
	if (atomic_load(&conversation->keeper_running) != 0 && !is_keeper_gone(keeper)) {
		late_keeper = keeper;
		return false;
	}
	while (md_syscall4(SYS_wait4, keeper, 0, __WALL, 0) == -EINTR)
		;
	return true;
}

/* --- Conversation --------------------------------------------------------- */

struct asking {
	const struct md_frame *frames;
	size_t count;
	const struct md_modules *modules;
	const struct md_names *names;
	size_t next; /* frame to be looked at */
	unsigned timeout_ms;
	bool greeted, ended;
};

/* A frame the helper may know something of, not asked for before, and without names. */
static bool is_worth_asking(const struct asking *asking, size_t i)
{
	struct md_frame frame = asking->frames[i];
	const struct md_module *module = md_modules_get(asking->modules, frame.module);
	struct md_name name;

	if (frame.module == MD_MODULE_NONE || !strchr(module->path, '/') || frame.pc <= module->bias)
		return false; /* the vdso and the like have no file */
	for (size_t earlier = 0; earlier < i; earlier++) {
		if (asking->frames[earlier].pc == frame.pc && asking->frames[earlier].module == frame.module)
			return false;
	}
	return md_names_get(asking->names, frame, &name, 1) == 0;
}

/* Puts the next message into the empty output buffer. */
static void prepare_message(struct conversation *conversation, struct asking *asking)
{
	struct md_symbol_request request = { .kind = MD_SYMBOL_END };

	conversation->out_sent = 0;
	conversation->out_filled = 0;
	if (!asking->greeted) {
		asking->greeted = true;
		request.kind = MD_SYMBOL_HELLO;
		request.timeout_ms = asking->timeout_ms;
		conversation->out_filled = md_symbol_request_write(&request, conversation->out, sizeof conversation->out);
		return;
	}
	while (conversation->out_filled == 0 && asking->next < asking->count) {
		size_t i = asking->next++;

		if (!is_worth_asking(asking, i))
			continue;
		const struct md_module *module = md_modules_get(asking->modules, asking->frames[i].module);
		request.kind = MD_SYMBOL_ASK;
		request.index = (uint32_t)i;
		request.address = asking->frames[i].pc - module->bias;
		request.path = module->path;
		request.path_bytes = strlen(module->path);
		request.build_id_bytes = module->build_id_bytes;
		memcpy(request.build_id, module->build_id, sizeof request.build_id);
		conversation->out_filled = md_symbol_request_write(&request, conversation->out, sizeof conversation->out);
	}
	if (conversation->out_filled == 0 && !asking->ended) {
		asking->ended = true;
		request.kind = MD_SYMBOL_END;
		conversation->out_filled = md_symbol_request_write(&request, conversation->out, sizeof conversation->out);
	}
}

/* Whether the user wants the program to end: then it should not wait for names. */
static bool is_interrupted(signal_set blocked_by_program)
{
	const signal_set ending = 1ull << (SIGINT - 1) | 1ull << (SIGTERM - 1) | 1ull << (SIGHUP - 1) | 1ull << (SIGQUIT - 1);
	signal_set pending = 0;

	md_syscall2(SYS_rt_sigpending, (long)&pending, sizeof pending);
	return (pending & ending & ~blocked_by_program) != 0;
}

static bool is_for_now(long result)
{
	return result == -EAGAIN || result == -EINTR;
}

/* Sends and receives until DONE, the deadline, or an error. Never blocks in one direction alone: full buffers cannot stop both sides. */
static const char *talk(struct conversation *conversation, struct asking *asking, int fd, signal_set blocked_by_program)
{
	struct md_symbol_replies *replies = &conversation->replies;

	while (!replies->done) {
		uint64_t left = left_until(conversation->deadline_ms);

		if (left == 0)
			return say("the symbol helper did not answer in time", "", 0);
		if (is_interrupted(blocked_by_program))
			return say("finding symbol names was interrupted by a signal", "", 0);
		if (conversation->out_sent == conversation->out_filled)
			prepare_message(conversation, asking);

		bool sending = conversation->out_sent < conversation->out_filled;
		struct pollfd poll = { .fd = fd, .events = POLLIN };
		struct timespec slice = { 0, (long)(left < SLICE_MS ? left : SLICE_MS) * 1000000 };
		if (sending)
			poll.events |= POLLOUT;
		long ready = md_syscall5(SYS_ppoll, (long)&poll, 1, (long)&slice, 0, sizeof(signal_set));
		if (md_syscall_failed(ready) && !is_for_now(ready))
			return say("cannot wait for the symbol helper", "", (int)-ready);
		if (ready <= 0)
			continue;

		if (poll.revents & POLLOUT) {
			long sent = md_syscall6(SYS_sendto, fd, (long)(conversation->out + conversation->out_sent),
				(long)(conversation->out_filled - conversation->out_sent), MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);

			if (sent > 0)
				conversation->out_sent += (size_t)sent;
			else if (!is_for_now(sent))
				conversation->out_sent = conversation->out_filled; /* nobody listens; what it said can still be read */
		}
		if (poll.revents & (POLLIN | POLLHUP | POLLERR)) {
			long got = md_syscall6(SYS_recvfrom, fd, (long)(conversation->in + conversation->in_filled),
				(long)(sizeof conversation->in - conversation->in_filled), MSG_DONTWAIT, 0, 0);

			if (is_for_now(got))
				continue;
			if (got <= 0)
				return say("the symbol helper ended before it had answered", "", 0);
			conversation->in_filled += (size_t)got;
			long taken = md_symbol_replies_parse(replies, conversation->in, conversation->in_filled);
			if (taken < 0 && replies->greeted && replies->version != MD_SYMBOL_VERSION)
				return say("the symbol helper is of another version: ", helper, 0);
			if (taken < 0)
				return say("the symbol helper gave an answer that makes no sense", "", 0);
			conversation->in_filled -= (size_t)taken;
			memmove(conversation->in, conversation->in + taken, conversation->in_filled);
		}
	}
	if (replies->full)
		return say("there are more names than there is room for", "", 0);
	return replies->note[0] ? say("", replies->note, 0) : NULL;
}

/* Everything between mapping the conversation's memory and giving it back. False in *memory_free: somebody still uses it. */
static const char *converse(
	struct conversation *conversation, struct asking *asking, struct md_names *names, signal_set blocked_by_program, bool *memory_free)
{
	int ours = -1;
	long keeper = 0;

	conversation->deadline_ms = now_ms() + asking->timeout_ms;
	conversation->helper_fd = -1;
	atomic_store(&conversation->keeper_running, 1);
	conversation->replies.frames = asking->frames;
	conversation->replies.frame_count = asking->count;
	conversation->replies.names = names;
	fill_arguments(conversation);

	const char *why = open_sockets(&ours, &conversation->helper_fd);
	if (!why)
		why = start_helper(conversation, &keeper);
	close_fd(&conversation->helper_fd);
	if (!why)
		why = talk(conversation, asking, ours, blocked_by_program);
	*memory_free = end_helper(conversation, keeper);
	close_fd(&ours);
	return why;
}

const char *md_symbol_client_ask(
	const struct md_frame *frames, size_t count, const struct md_modules *modules, struct md_names *names, unsigned timeout_ms)
{
	struct asking asking = { .frames = frames, .count = count, .modules = modules, .names = names, .timeout_ms = timeout_ms };
	const signal_set all = ~0ull;
	signal_set before = 0;

	if (asking.count > MD_SYMBOL_FRAMES_MAX)
		asking.count = MD_SYMBOL_FRAMES_MAX;
	while (asking.next < asking.count && !is_worth_asking(&asking, asking.next))
		asking.next++;
	if (asking.next == asking.count)
		return NULL;
	if (!helper[0])
		return say("no names: the command malloc-debug, which looks them up, is not beside the library", "", 0);
	if (late_keeper && is_keeper_gone(late_keeper))
		late_keeper = 0;
	if (late_keeper)
		return say("an earlier symbol helper still hangs", "", 0);
	if (has_empty_pid_namespace())
		return say("no symbol helper: the next process would be the first of a new namespace", "", 0);
	keep_environment();

	struct conversation *conversation = (struct conversation *)md_syscall6(
		SYS_mmap, 0, sizeof *conversation, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (md_syscall_failed((long)conversation))
		return say("no memory for talking to the symbol helper", "", (int)-(long)conversation);
	md_syscall3(SYS_madvise, (long)conversation, sizeof *conversation, MADV_DONTFORK); /* a fork meanwhile has no use for a copy */

	/* No handler of the program may run in the keeper, nor leave us by longjmp with processes and descriptors behind it. */
	md_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, sizeof all);
	bool memory_free = true;
	const char *why = converse(conversation, &asking, names, before, &memory_free);
	if (memory_free)
		md_syscall2(SYS_munmap, (long)conversation, sizeof *conversation);
	md_syscall4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof before);
	return why;
}
