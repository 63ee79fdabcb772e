/* SPDX-License-Identifier: MIT
 *
 * Runs one program and writes what it cost:
 *   measure SECONDS RESULT [NAME=VALUE ...] -- PROGRAM [ARGS ...]
 *
 * RESULT receives one line: how it ended (exit N, signal N, or timeout 0), then wall, user and system time in microseconds, peak resident
 * memory in KiB, minor and major page faults. Memory and time are those of the program and of the children it waited for.
 *
 * A program of its own because the peak memory of a process begins with that of the process it was forked from: a driver written in Python
 * would hide everything below its own size. The variables are set for PROGRAM only: this process never runs under what is measured.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static long long timeval_us(struct timeval time)
{
	return time.tv_sec * 1000000LL + time.tv_usec;
}

/* Becomes the program, in a process group of its own so that a timeout reaches its children too. Does not return. */
static void run(char **argv, const sigset_t *mask)
{
	static const struct rlimit no_core = { 0, 0 };

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a bench that is cut short leaves nothing running */
	setrlimit(RLIMIT_CORE, &no_core); /* writing a core file would be measured as the cost of a crash */
	sigprocmask(SIG_SETMASK, mask, NULL);
	for (; *argv && strcmp(*argv, "--"); argv++)
		putenv(*argv);
	if (!*argv || !argv[1])
		_exit(126);
	execvp(argv[1], argv + 1);
	_exit(127);
}

int main(int argc, char **argv)
{
	sigset_t child_ends, before;
	struct rusage used;
	int status, timeout = 0;

	if (argc < 5) {
		fprintf(stderr, "usage: measure SECONDS RESULT [NAME=VALUE ...] -- PROGRAM [ARGS ...]\n");
		return 2;
	}
	/* Blocked before the fork: a program that ends at once must not be missed by the wait below. */
	sigemptyset(&child_ends);
	sigaddset(&child_ends, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_ends, &before);

	long long start = now_us(), end = start + atoll(argv[1]) * 1000000;
	pid_t pid = fork();

	if (pid < 0) {
		perror("fork");
		return 2;
	}
	if (pid == 0)
		run(argv + 3, &before);
	for (;;) {
		pid_t ended = wait4(pid, &status, timeout ? 0 : WNOHANG, &used);

		if (ended == pid)
			break;
		if (ended < 0 && errno != EINTR) {
			perror("wait4");
			return 2;
		}
		long long left = end - now_us();
		struct timespec pause = { left / 1000000, left % 1000000 * 1000 };

		if (left <= 0) {
			timeout = 1;
			kill(-pid, SIGKILL);
			kill(pid, SIGKILL); /* in case it left its group */
		} else {
			sigtimedwait(&child_ends, NULL, &pause);
		}
	}
	long long wall = now_us() - start;

	kill(-pid, SIGKILL); /* whatever it left behind would disturb the next run */
	FILE *result = fopen(argv[2], "w");

	if (!result) {
		perror(argv[2]);
		return 2;
	}
	if (timeout)
		fprintf(result, "timeout 0");
	else if (WIFSIGNALED(status))
		fprintf(result, "signal %d", WTERMSIG(status));
	else
		fprintf(result, "exit %d", WEXITSTATUS(status));
	fprintf(result, " %lld %lld %lld %ld %ld %ld\n", wall, timeval_us(used.ru_utime), timeval_us(used.ru_stime), used.ru_maxrss,
		used.ru_minflt, used.ru_majflt);
	if (fclose(result)) {
		perror(argv[2]);
		return 2;
	}
	return 0;
}
