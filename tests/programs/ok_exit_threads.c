/* SPDX-License-Identifier: MIT
 *
 * All ways of a process to end while its threads, joinable and detached, are in the middle of malloc and free: each ends it at once, with its own status or
 * signal. And a main thread that ends before the others, whose last one ends the process.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/ok.h"

static atomic_int running;

static void *work_for_ever(void *arg)
{
	void *blocks[32] = { 0 };

	atomic_fetch_add(&running, 1);
	for (size_t i = 0;; i++) {
		free(blocks[i % 32]);
		blocks[i % 32] = malloc(i * 37 % 3000);
	}
	return arg;
}

/* Outlives main, and is what the process ends with. */
static void *work_and_exit(void *arg)
{
	usleep(20000);
	for (size_t i = 0; i < 500; i++)
		free(malloc(i));
	exit(35);
	return arg;
}

static void *work_and_end(void *arg)
{
	usleep(20000);
	for (size_t i = 0; i < 500; i++)
		free(malloc(i));
	return arg;
}

static void leave_by_exit(void)
{
	exit(31);
}

static void leave_by__exit(void)
{
	_exit(32);
}

static void leave_by_quick_exit(void)
{
	quick_exit(33);
}

static void leave_by_abort(void)
{
	abort();
}

static void leave_by_exec(void)
{
	execl("/bin/sh", "sh", "-c", "exit 34", (char *)NULL);
}

static void leave_by_kill(void)
{
	raise(SIGKILL);
}

static void leave_by_signal(void)
{
	raise(SIGTERM);
}

static void leave_by_system_call(void)
{
	syscall(SYS_exit_group, 36);
}

static void leave_to_exiting_thread(void)
{
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, work_and_exit, NULL) == 0);
	pthread_exit(NULL);
}

static void run(void (*leave)(void), int threads, int expected)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < threads; i++) {
			pthread_t thread;

			CHECK(pthread_create(&thread, NULL, work_for_ever, NULL) == 0);
			if (i % 2)
				pthread_detach(thread);
		}
		while (atomic_load(&running) < threads)
			usleep(100);
		leave();
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	if (status != expected)
		printf("status %x, expected %x\n", (unsigned)status, (unsigned)expected);
}

static void leave_to_ending_threads(void)
{
	pthread_t thread;

	for (int i = 0; i < 3; i++) {
		CHECK(pthread_create(&thread, NULL, work_and_end, NULL) == 0);
		pthread_detach(thread);
	}
	pthread_exit(NULL);
}

int main(void)
{
	for (int i = 0; i < 2; i++) {
		run(leave_by_exit, 4, 31 << 8);
		run(leave_by__exit, 4, 32 << 8);
		run(leave_by_quick_exit, 4, 33 << 8);
		run(leave_by_abort, 4, SIGABRT);
		run(leave_by_exec, 4, 34 << 8);
		run(leave_by_kill, 4, SIGKILL);
		run(leave_by_signal, 4, SIGTERM);
		run(leave_by_system_call, 4, 36 << 8);
		run(leave_to_exiting_thread, 4, 35 << 8);
		run(leave_to_ending_threads, 0, 0);
	}
	puts("ok");
	return 0;
}
