/* SPDX-License-Identifier: MIT
 *
 * malloc-debug doctor: tries each thing that the library makes use of on this system, and says what to do where it does not work. Nothing
 * is concluded from a version number that can be tried.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/names.h"
#include "report/symbol_protocol.h"
#include "src/clock.h"
#include "tools/commands.h"
#include "tools/library.h"
#include "tools/program.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

#if defined __aarch64__
#define LIBUNWIND "libunwind-aarch64.so.8"
#else
#define LIBUNWIND "libunwind-x86_64.so.8"
#endif

#define CHILD_SECONDS 10      /* for a program under the library, and for the helper */
#define MAP_COUNT_USUAL 65530 /* the kernel's default */

enum verdict { WORKS, LESS, MISSING };

static bool something_is_missing;

/* One line: verdict, subject, what was found and, unless it works, the remedy. */
__attribute__((format(printf, 3, 4))) static void say(enum verdict verdict, const char *subject, const char *format, ...)
{
	static const char *const words[] = { "ok", "less", "MISSING" };
	int error = errno; /* for %m in format */
	va_list arguments;

	something_is_missing |= verdict == MISSING;
	printf("%-8s%-14s", words[verdict], subject);
	errno = error;
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

/* A number from a file of /proc; fallback if it is not there. */
static long read_number(const char *path, long fallback)
{
	FILE *file = fopen(path, "re");
	char line[64];
	long value = fallback;

	if (!file)
		return fallback;
	if (fgets(line, sizeof line, file))
		value = strtol(line, NULL, 10);
	fclose(file);
	return value;
}

/* A number from /proc/self/status. */
static long read_status(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	size_t length = strlen(name);
	char line[256];
	long value = 0;

	if (!file)
		return 0;
	while (fgets(line, sizeof line, file))
		if (!strncmp(line, name, length) && line[length] == ':')
			value = strtol(line + length + 1, NULL, 10);
	fclose(file);
	return value;
}

static void check_kernel(void)
{
	struct utsname name;

	if (uname(&name))
		say(LESS, "kernel", "unknown: %m");
	else
		say(WORKS, "kernel", "%s %s on %s", name.sysname, name.release, name.machine);
}

static void check_guard_pages(void)
{
	size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED) {
		say(MISSING, "guard pages", "no memory can be mapped: %m");
		return;
	}
	if (!madvise(page, bytes, MADV_GUARD_INSTALL))
		say(WORKS, "guard pages", "MADV_GUARD_INSTALL: as many as wanted, and none counts as a mapping");
	else
		say(LESS, "guard pages", "MADV_GUARD_INSTALL: %m; mprotect is used, within vm.max_map_count; Linux 6.13 has it");
	munmap(page, bytes);
}

static void check_map_count(void)
{
	long count = read_number("/proc/sys/vm/max_map_count", -1);

	if (count < 0)
		say(LESS, "mappings", "vm.max_map_count cannot be read; the usual %d is taken", MAP_COUNT_USUAL);
	else if (count < MAP_COUNT_USUAL)
		say(LESS, "mappings", "vm.max_map_count is %ld; more: sysctl vm.max_map_count=%d", count, MAP_COUNT_USUAL);
	else
		say(WORKS, "mappings", "vm.max_map_count is %ld", count);
}

static volatile sig_atomic_t watch_hits;

static void count_hit(int signal)
{
	(void)signal;
	watch_hits++;
}

/* Ticks that clearing a page takes with one instruction, at best. */
static uint64_t time_clearing(void)
{
	static char page[4096];
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 8; i++) {
		uint64_t since = md_clock_now();
		char *to = page;
		size_t count = sizeof page;

#if defined __x86_64__
		__asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(0) : "memory");
#else
		(void)to, (void)count;
#endif
		since = md_clock_now() - since;
		best = since < best ? since : best;
	}
	return best;
}

/* Sets one as the library does, steps on it, and looks whether the signal came: some virtual machines accept watchpoints that never trigger. */
static void check_watchpoints(void)
{
	static volatile uint64_t watched;
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_BREAKPOINT,
		.size = sizeof attributes,
		.bp_type = HW_BREAKPOINT_RW,
		.bp_addr = (uintptr_t)&watched,
		.bp_len = HW_BREAKPOINT_LEN_8,
		.sample_period = 1,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.sigtrap = 1,
		.remove_on_exec = 1,
		.inherit = 1,
		.inherit_thread = 1,
	};
	uint64_t without = time_clearing();
	struct sigaction action = { .sa_handler = count_hit }, before;
	long fd;

	sigaction(SIGTRAP, &action, &before);
	fd = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0) {
		int error = errno;
		long paranoid = read_number("/proc/sys/kernel/perf_event_paranoid", -2);

		if ((error == EACCES || error == EPERM) && paranoid > 2)
			say(LESS, "watchpoints", "kernel.perf_event_paranoid is %ld; sysctl kernel.perf_event_paranoid=2 allows them",
				paranoid);
		else if (error == EACCES || error == EPERM)
			say(LESS, "watchpoints", "perf_event_open: %s; a container's seccomp profile has to allow it", strerror(error));
		else if (error == EINVAL)
			say(LESS, "watchpoints", "perf_event_open: %s; Linux 5.13 has the signals they need", strerror(error));
		else
			say(LESS, "watchpoints", "perf_event_open: %s; a virtual machine may have no debug registers", strerror(error));
	} else {
		watched = 1;
		if (watch_hits && time_clearing() > 4 * without)
			say(WORKS, "watchpoints", "perf_event_open: a store was caught; this processor copies slowly meanwhile, so they are on for short windows");
		else if (watch_hits)
			say(WORKS, "watchpoints", "perf_event_open: a store was caught");
		else
			say(LESS, "watchpoints", "perf_event_open: a store was not caught; a virtual machine may have no debug registers");
		close((int)fd);
	}
	sigaction(SIGTRAP, &before, NULL);
}

static void check_reading(void)
{
	int from = 7, to = 0;
	struct iovec local = { &to, sizeof to }, remote = { &from, sizeof from };

	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == sizeof to && to == from)
		say(WORKS, "safe reading", "process_vm_readv reads memory that may be unmapped");
	else
		say(LESS, "safe reading", "process_vm_readv: %m; a pipe is used; a container's seccomp profile has to allow it");
}

static void check_libunwind(void)
{
	void *library = dlopen(LIBUNWIND, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		say(MISSING, "stacks", "%s; apt-get install libunwind8", dlerror());
		return;
	}
	say(WORKS, "stacks", LIBUNWIND " can be loaded");
	dlclose(library);
}

static pid_t start(char *const *arguments, char *const *environment, int in, int out, int err)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
	error = posix_spawn(&pid, arguments[0], &actions, NULL, arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	errno = error;
	return error ? -1 : pid;
}

/* Waits for a child, not for ever. */
static int wait_for(pid_t pid)
{
	int status = -1;

	for (int i = 0; i < CHILD_SECONDS * 100; i++) {
		if (waitpid(pid, &status, WNOHANG))
			return status;
		usleep(10000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return status;
}

/* Runs /bin/true with the library: it starts, says nothing, and the loader has no complaint either. */
static void check_library(void)
{
	char path[PATH_MAX], preload[PATH_MAX + 16], said[256] = "";
	char *arguments[] = { "/bin/true", NULL }, *environment[] = { preload, NULL };
	int pipes[2], null = open("/dev/null", O_RDWR | O_CLOEXEC), status;
	pid_t pid;

	if (!md_library_find(path, false)) {
		say(MISSING, "library", "not found beside the command nor in ../lib; MALLOC_DEBUG_LIBRARY can name it");
		close(null);
		return;
	}
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", path);
	if (null < 0 || pipe2(pipes, O_CLOEXEC)) {
		say(LESS, "library", "%s; not tried: %m", path);
		close(null);
		return;
	}
	pid = start(arguments, environment, null, null, pipes[1]);
	close(pipes[1]);
	status = pid < 0 ? -1 : wait_for(pid);

	ssize_t length = read(pipes[0], said, sizeof said - 1);

	said[length > 0 ? length : 0] = '\0';
	said[strcspn(said, "\n")] = '\0';
	if (pid < 0)
		say(LESS, "library", "%s; not tried: /bin/true: %m", path);
	else if (status || *said)
		say(MISSING, "library", "%s: /bin/true does not run with it (status %d): %s", path, status, said);
	else
		say(WORKS, "library", "%s: a program runs with it", path);
	close(pipes[0]);
	close(null);
}

static bool send_request(int fd, const struct md_symbol_request *request)
{
	static char buffer[MD_SYMBOL_REQUEST_MAX];
	size_t length = md_symbol_request_write(request, buffer, sizeof buffer);

	return length && send(fd, buffer, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* Bias of this program: what the loader added to its file's addresses. */
static int get_own_bias(struct dl_phdr_info *info, size_t bytes, void *bias)
{
	(void)bytes;
	*(uint64_t *)bias = info->dlpi_addr;
	return 1; /* the first one is the program */
}

/* Asks the helper for the name of one of our own functions. */
static void check_helper(void)
{
	static _Alignas(16) char memory[1 << 16];
	static char received[MD_SYMBOL_REPLY_MAX];
	static struct md_symbol_replies replies;
	static const struct md_frame frame = { .pc = 1 };
	char path[PATH_MAX];
	ssize_t path_length = readlink("/proc/self/exe", path, sizeof path - 1);
	char *arguments[] = { path, "symbolizer", NULL };
	int sockets[2];
	uint64_t bias = 0;
	size_t filled = 0;

	if (path_length < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets)) {
		say(LESS, "names", "the helper was not tried: %m");
		return;
	}
	path[path_length] = '\0';
	dl_iterate_phdr(get_own_bias, &bias);

	pid_t pid = start(arguments, environ, sockets[1], sockets[1], STDERR_FILENO);
	const struct timeval patience = { .tv_sec = CHILD_SECONDS };
	const struct md_symbol_request requests[] = {
		{ .kind = MD_SYMBOL_HELLO, .version = MD_SYMBOL_VERSION, .timeout_ms = CHILD_SECONDS * 1000 },
		{ .kind = MD_SYMBOL_ASK, .address = (uintptr_t)md_cmd_doctor + 1 - bias, .path = path, .path_bytes = (size_t)path_length },
		{ .kind = MD_SYMBOL_END },
	};

	close(sockets[1]);
	setsockopt(sockets[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	for (size_t i = 0; pid >= 0 && i < sizeof requests / sizeof *requests; i++)
		if (!send_request(sockets[0], &requests[i]))
			break;
	replies = (struct md_symbol_replies){ .frames = &frame, .frame_count = 1, .names = md_names_init(memory, sizeof memory) };
	while (pid >= 0 && !replies.done) {
		ssize_t length = recv(sockets[0], received + filled, sizeof received - filled, 0);
		long taken;

		if (length <= 0)
			break;
		filled += (size_t)length;
		taken = md_symbol_replies_parse(&replies, received, filled);
		if (taken < 0)
			break;
		filled -= (size_t)taken;
		memmove(received, received + taken, filled);
	}
	close(sockets[0]);
	if (pid >= 0)
		wait_for(pid);

	struct md_name name;

	if (replies.done && md_names_get(replies.names, frame, &name, 1) && strstr(name.function, "md_cmd_doctor"))
		say(WORKS, "names", "the helper finds functions%s", *name.file ? " and lines" : "; this command has no lines to find");
	else if (replies.done)
		say(LESS, "names", "the helper runs and finds no function in this command: was it stripped?");
	else
		say(LESS, "names", "the helper does not answer; reports show module and offset");
}

/* Two ways to ask a server: the helper's, while a report waits, and symbolize's, later. */
static void check_debuginfod(void)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	char path[PATH_MAX];

	if (urls && *urls)
		say(WORKS, "debug files", "looked for in /usr/lib/debug and at %s", urls);
	else
		say(WORKS, "debug files", "looked for in /usr/lib/debug; DEBUGINFOD_URLS=https://debuginfod.debian.net adds a server");
	if (md_program_find("debuginfod-find", path))
		say(LESS, "debuginfod", "no debuginfod-find for malloc-debug symbolize --debuginfod; apt-get install debuginfod");
	else
		say(WORKS, "debuginfod", "%s fetches debug files for malloc-debug symbolize --debuginfod", path);
}

/* Whether a crash leaves a core, and where: for gdb, after the program is gone. */
static void check_cores(void)
{
	FILE *file = fopen("/proc/sys/kernel/core_pattern", "re");
	char pattern[160] = "";
	struct rlimit limit;

	if (file && fgets(pattern, sizeof pattern, file))
		pattern[strcspn(pattern, "\n")] = '\0';
	if (file)
		fclose(file);
	if (!getrlimit(RLIMIT_CORE, &limit) && limit.rlim_cur == 0)
		say(LESS, "cores", "a crash leaves no core: its size is limited to 0; ulimit -c unlimited (core_pattern is %s)", pattern);
	else if (pattern[0] == '|')
		say(WORKS, "cores", "a crash hands its core to a program: %s", pattern + 1);
	else if (*pattern)
		say(WORKS, "cores", "a crash leaves a core: %s", pattern);
	else
		say(LESS, "cores", "kernel.core_pattern is empty: a crash leaves no core; sysctl kernel.core_pattern=core.%%p");
}

static void check_gdb(void)
{
	char path[PATH_MAX];

	if (md_program_find("gdb", path))
		say(LESS, "gdb", "not in PATH: malloc-debug run --gdb needs it; apt-get install gdb");
	else
		say(WORKS, "gdb", "%s", path);
}

/* The log, the files of reports, and watchpoints take a few descriptors. */
static void check_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= 256)
		say(WORKS, "files", "a process may open %llu", (unsigned long long)limit.rlim_cur);
	else
		say(LESS, "files", "a process may open %llu: names and watchpoints use numbers from 200 on; ulimit -n 1024",
			(unsigned long long)limit.rlim_cur);
}

static void check_address_space(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY)
		say(WORKS, "memory limit", "none on address space");
	else
		say(limit.rlim_cur < 256u << 20 ? LESS : WORKS, "memory limit",
			"address space is limited to %llu MiB; ulimit -v unlimited lifts it", (unsigned long long)limit.rlim_cur >> 20);
}

static void check_confinement(void)
{
	long seccomp = read_status("Seccomp"), tracer = read_status("TracerPid"),
	     scope = read_number("/proc/sys/kernel/yama/ptrace_scope", 0);

	if (seccomp)
		say(LESS, "seccomp",
			"a filter is installed (mode %ld): only calls that malloc itself makes are used; start without it for more",
			seccomp);
	else
		say(WORKS, "seccomp", "no filter");
	if (tracer)
		say(WORKS, "debugger", "this process is traced by process %ld", tracer);
	else if (scope > 1)
		say(LESS, "debugger", "kernel.yama.ptrace_scope is %ld: on_error=pause needs sysctl kernel.yama.ptrace_scope=1 to attach",
			scope);
	else if (scope == 1)
		say(WORKS, "debugger", "kernel.yama.ptrace_scope is 1: attaching to a program paused by on_error=pause needs root");
	else
		say(WORKS, "debugger", "one may attach to a program paused by on_error=pause");
}

int md_cmd_doctor(int argc, char **argv)
{
	if (argc > 1) {
		fprintf(stderr, "malloc-debug doctor: %s: it takes no arguments\n", argv[1]);
		return MD_EXIT_USAGE;
	}
	check_kernel();
	check_library();
	check_libunwind();
	check_helper();
	check_debuginfod();
	check_guard_pages();
	check_map_count();
	check_watchpoints();
	check_reading();
	check_address_space();
	check_files();
	check_cores();
	check_gdb();
	check_confinement();
	return something_is_missing ? MD_EXIT_TROUBLE : 0;
}
