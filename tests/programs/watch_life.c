/* SPDX-License-Identifier: MIT
 *
 * One byte is read before a young block, after something happened to the process that watchpoints have to live through: for
 * tests/system/test_watch.c. Each way prints "ok" when all else is as it should be.
 */
// args: fork
// options: guard=auto
// errors: any
// output: ok
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/ok.h"

static volatile int sink;

static __attribute__((noinline)) void under_read(void)
{
	char *block = malloc(24);

	sink += block[-1];
	free(block);
}

static void wait_for(pid_t pid)
{
	int status;

	CHECK(pid > 0 && waitpid(pid, &status, __WALL) == pid && status == 0);
}

/* In the parent and in a child that lives a while. */
static void way_fork(void)
{
	pid_t pid;

	under_read();
	pid = fork();
	if (!pid) {
		usleep(50000);
		under_read();
		_exit(0);
	}
	wait_for(pid);
}

/* A child without handlers of fork. */
static void way_clone(void)
{
	pid_t pid;

	free(malloc(24));
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		usleep(50000);
		under_read();
		_exit(0);
	}
	wait_for(pid);
	under_read();
}

/* A child that shares all memory, and may not touch what is the parent's. */
static void way_vfork(void)
{
	pid_t pid;

	free(malloc(24));
	pid = vfork();
	if (!pid) {
		free(malloc(1000));
		_exit(0);
	}
	wait_for(pid);
	under_read();
}

/* What is set may not trap in the next program. */
static void way_exec(char *self)
{
	char *arguments[] = { self, "read", NULL };
	pid_t pid;

	free(malloc(24));
	pid = fork();
	if (!pid) {
		execv("/proc/self/exe", arguments);
		_exit(1);
	}
	wait_for(pid);
	execv("/proc/self/exe", arguments);
}

static void *run_thread(void *unused)
{
	under_read();
	return unused;
}

/* A thread made after the watchpoints were set, and one made by that. */
static void *run_outer(void *unused)
{
	pthread_t thread;

	pthread_create(&thread, NULL, run_thread, NULL);
	pthread_join(thread, NULL);
	return unused;
}

static void way_threads(void)
{
	pthread_t thread;

	free(malloc(24));
	pthread_create(&thread, NULL, run_outer, NULL);
	pthread_join(thread, NULL);
}

/* Another thread's block. */
static char *volatile shared;

static void *read_shared(void *unused)
{
	sink += shared[-1];
	return unused;
}

static void way_other_thread(void)
{
	pthread_t thread;

	shared = malloc(24);
	pthread_create(&thread, NULL, read_shared, NULL);
	pthread_join(thread, NULL);
}

/* All descriptors are gone, and come anew; what the program opens meanwhile is its own. */
static void way_closefrom(void)
{
	int fds[300], count = 0;

	free(malloc(24));
	closefrom(3);
	while (count < 300 && (fds[count] = open("/dev/null", O_RDWR)) >= 0)
		count++;
	under_read();
	for (int i = 0; i < count; i++)
		CHECK(fds[i] == i + 3 && write(fds[i], "x", 1) == 1);
	for (int i = 0; i < count; i++)
		CHECK(close(fds[i]) == 0);
}

/* The program puts something of its own in their places. */
static void way_dup(void)
{
	int null = open("/dev/null", O_RDWR);

	free(malloc(24));
	for (int i = 200; i < 210; i++)
		CHECK(dup2(null, i) == i);
	under_read();
	for (int i = 200; i < 210; i++)
		CHECK(write(i, "x", 1) == 1);
}

static long open_event(struct perf_event_attr *attributes)
{
	attributes->size = sizeof *attributes;
	return syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0);
}

static volatile sig_atomic_t traps;

static void on_trap(int number, siginfo_t *info, void *context)
{
	(void)context;
	CHECK(number == SIGTRAP && info);
	traps++;
}

/* The program's own events, and its own handler for them. */
static void way_perf(void)
{
	static volatile uint64_t watched;
	struct perf_event_attr clock = { .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_TASK_CLOCK };
	struct perf_event_attr faults = { .type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_PAGE_FAULTS,
		.sample_period = 1,
		.sigtrap = 1,
		.remove_on_exec = 1,
		.exclude_kernel = 1,
		.sig_data = 0x1234567890abcdef };
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
	uint64_t value = 0;
	long fd, traps_fd;

	free(malloc(24));
	CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
	fd = open_event(&clock);
	CHECK(fd >= 3 && fd < 200);
	traps_fd = open_event(&faults);
	CHECK(traps_fd >= 3);
	static char fresh[1 << 16];

	for (size_t i = 0; i < sizeof fresh; i += 4096)
		fresh[i] = 1;
	CHECK(traps >= 8);
	close(traps_fd);
	int before = traps;

	under_read();
	CHECK(traps == before);
	CHECK(read((int)fd, &value, sizeof value) == sizeof value && value > 0);
	watched = value;
	close((int)fd);
}

/* Breakpoints compiled in, with a handler of the program's. */
static void way_int3(void)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO }, now;

	free(malloc(24));
	CHECK(sigaction(SIGTRAP, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
	CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
	__asm__ volatile("int3");
	CHECK(traps == 1);
	under_read();
	CHECK(traps == 1);
	CHECK(raise(SIGTRAP) == 0 && traps == 2);
	CHECK(sigaction(SIGTRAP, NULL, &now) == 0 && now.sa_sigaction == on_trap);
	CHECK(signal(SIGTRAP, SIG_DFL) != SIG_ERR);
}

/* Breakpoints compiled in, and no handler: the process dies by the signal. */
static void way_dies(void)
{
	free(malloc(24));
	puts("ok");
	fflush(stdout);
	__asm__ volatile("int3");
}

/* The signal comes late, or never, if it is blocked; nobody dies of that. */
static void way_blocked(void)
{
	sigset_t set, waiting;

	free(malloc(24));
	sigemptyset(&set);
	sigaddset(&set, SIGTRAP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	under_read();
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	CHECK(sigpending(&waiting) == 0 && !sigismember(&waiting, SIGTRAP));
	under_read();
}

static void way_ignored(void)
{
	signal(SIGTRAP, SIG_IGN);
	under_read();
	CHECK(signal(SIGTRAP, SIG_DFL) == SIG_IGN);
}

/* A child's child that was left alone by all. */
static void way_chain(void)
{
	for (int i = 0; i < 6; i++) {
		pid_t pid;

		usleep(20000);
		free(malloc(24));
		pid = fork();
		if (pid) {
			wait_for(pid);
			if (i)
				_exit(0);
			return;
		}
	}
	usleep(50000);
	under_read();
	_exit(0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*way)(void);
	} ways[] = { { "read", under_read }, { "fork", way_fork }, { "clone", way_clone }, { "vfork", way_vfork },
		{ "threads", way_threads }, { "other-thread", way_other_thread }, { "closefrom", way_closefrom }, { "dup", way_dup },
		{ "perf", way_perf }, { "int3", way_int3 }, { "dies", way_dies }, { "blocked", way_blocked }, { "ignored", way_ignored },
		{ "chain", way_chain } };

	if (argc > 1 && !strcmp(argv[1], "exec"))
		way_exec(argv[0]);
	for (size_t i = 0; argc > 1 && i < sizeof ways / sizeof *ways; i++)
		if (!strcmp(argv[1], ways[i].name))
			ways[i].way();
	puts("ok");
	return 0;
}
