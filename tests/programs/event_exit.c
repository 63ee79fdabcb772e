/* SPDX-License-Identifier: MIT
 *
 * Ways to end at once, for tests/system/test_leak_events.c: each loses 100 bytes before, and one prints what the last handler of its own
 * saw.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "tests/programs/leak.h"

static char *kept;
static volatile int in_malloc = 1;

static void at_end(void)
{
	lose(95);
}

static void at_end_now(void)
{
	_exit(4);
}

static void *end_here(void *unused)
{
	char *volatile here = keep(92);

	_exit(here ? 3 : 1);
	return unused;
}

static void on_alarm(int number)
{
	(void)number;
	_exit(5);
}

/* Ends in a signal handler that mostly comes in the middle of malloc or free. */
static void end_in_handler(void)
{
	struct itimerval soon = { .it_value = { .tv_usec = 3000 } };

	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &soon, NULL);
	while (in_malloc)
		free(malloc(200));
}

static int child(void *unused)
{
	(void)unused;
	_exit(6);
}

/* A process of its own that shares this one's memory. */
static int end_clone(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int status, pid = clone(child, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);

	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WEXITSTATUS(status);
}

static int wait_for(pid_t pid)
{
	int status;

	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	const char *what = argv[1];
	pthread_t threads[8];
	pid_t pid;

	(void)argc;
	kept = keep(93);
	if (strcmp(what, "none"))
		lose(100);
	if (!strcmp(what, "_exit") || !strcmp(what, "none"))
		_exit(2);
	if (!strcmp(what, "_Exit"))
		_Exit(2);
	if (!strcmp(what, "quick_exit"))
		quick_exit(2);
	if (!strcmp(what, "handler")) {
		at_quick_exit(at_end);
		quick_exit(2);
	}
	if (!strcmp(what, "exit"))
		exit(2);
	if (!strcmp(what, "atexit")) {
		atexit(at_end_now);
		exit(2);
	}
	if (!strcmp(what, "thread")) {
		pthread_create(threads, NULL, end_here, NULL);
		pause();
	}
	if (!strcmp(what, "threads")) {
		for (int i = 0; i < 8; i++)
			pthread_create(&threads[i], NULL, end_here, NULL);
		pause();
	}
	if (!strcmp(what, "interrupted"))
		end_in_handler();
	if (!strcmp(what, "vfork")) {
		pid = vfork();
		if (pid == 0)
			_exit(6);
		return wait_for(pid);
	}
	if (!strcmp(what, "clone"))
		return end_clone();
	if (!strcmp(what, "fork") || !strcmp(what, "fork-exit")) {
		pid = fork();
		if (pid == 0) {
			kept = keep(96);
			lose(97);
			if (what[4])
				exit(7);
			_exit(7);
		}
		return wait_for(pid);
	}
	if (!strcmp(what, "_Fork")) {
		pid = _Fork();
		if (pid == 0)
			_exit(8);
		return wait_for(pid);
	}
	return 1;
}
