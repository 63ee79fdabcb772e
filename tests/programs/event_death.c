/* SPDX-License-Identifier: MIT
 *
 * Ways to die by a signal, and not to, for tests/system/test_leak_events.c: each loses 100 bytes before. Prints what it is told of the
 * signal's action.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "tests/programs/leak.h"

#define SA_OURS (SA_RESTART | SA_NODEFER | SA_NOCLDSTOP)

static char *kept;
static volatile sig_atomic_t handled, number_now;

static void on_signal(int number)
{
	(void)number;
	handled++;
}

/* As programs clean up: the default action, once more, and no return. */
static void on_last_signal(int number)
{
	sigset_t only;

	signal(number, SIG_DFL);
	sigemptyset(&only);
	sigaddset(&only, number);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
	raise(number);
	_exit(9);
}

static void on_alarm(int number)
{
	(void)number;
	raise(number_now);
	_exit(10);
}

static void *churn(void *unused)
{
	for (;;)
		free(malloc(200));
	return unused;
}

static void send(int number)
{
	CHECK(kill(getpid(), number) == 0);
}

static void send_from_elsewhere(int number, int times, unsigned microseconds)
{
	pid_t parent = getpid(), pid = fork();

	CHECK(pid >= 0);
	if (pid)
		return;
	for (int i = 0; i < times; i++) {
		usleep(microseconds);
		kill(parent, number);
	}
	_exit(0);
}

/* What the C library and the kernel say of the default action, before and after it was set in each way. */
static void check_actions(int number)
{
	struct sigaction action, before;
	sigset_t mask;

	CHECK(sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_DFL && action.sa_flags == 0);
	CHECK(signal(number, SIG_DFL) == SIG_DFL);
	CHECK(signal(number, on_signal) == SIG_DFL);
	send(number);
	CHECK(handled == 1);
	CHECK(signal(number, SIG_IGN) == on_signal);
	send(number);
	CHECK(signal(number, SIG_DFL) == SIG_IGN);
	CHECK(sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_DFL && (action.sa_flags & SA_RESTART));
	memset(&action, 0, sizeof action);
	action.sa_flags = SA_OURS;
	sigaddset(&action.sa_mask, SIGUSR1);
	CHECK(sigaction(number, &action, &before) == 0 && before.sa_handler == SIG_DFL && !(before.sa_flags & SA_NODEFER));
	CHECK(sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_DFL && (action.sa_flags & SA_OURS) == SA_OURS);
	CHECK(!(action.sa_flags & (SA_SIGINFO | SA_ONSTACK)) && sigismember(&action.sa_mask, SIGUSR1) &&
		!sigismember(&action.sa_mask, SIGUSR2));
	CHECK(sigset(number, SIG_DFL) == SIG_DFL);
	CHECK(sigset(number, SIG_HOLD) == SIG_DFL);
	CHECK(sigprocmask(SIG_SETMASK, NULL, &mask) == 0 && sigismember(&mask, number));
	CHECK(sigrelse(number) == 0);
	CHECK(sigaction(number, &action, &action) == 0 && action.sa_handler == SIG_DFL);
	CHECK(sigaction(0, NULL, &action) == -1 && signal(65, SIG_DFL) == SIG_ERR);
	CHECK(system("kill -TERM $$; exit 1") != 0);
	CHECK(sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
}

static int wait_for(pid_t pid)
{
	int status;

	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

/* A process that cannot write its report, because nobody reads, gets the signal again and again. Had it been left in peace, the report would be there once
 * somebody reads at last. */
static void stuck(char **argv, int number)
{
	static char text[65536];
	ssize_t got;
	int ends[2];
	pid_t pid;

	CHECK(pipe(ends) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
	while (write(ends[1], text, 4096) > 0)
		;
	CHECK(fcntl(ends[1], F_SETFL, 0) == 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		execl("/proc/self/exe", argv[0], "wait", NULL);
	}
	usleep(300000);
	for (int i = 0; i < 3; i++) {
		kill(pid, number);
		usleep(300000);
	}
	close(ends[1]);
	while ((got = read(ends[0], text, sizeof text - 1)) > 0) {
		for (ssize_t at = 0; at < got; at++)
			CHECK(!text[at]);
	}
	CHECK(wait_for(pid) == number);
}

int main(int argc, char **argv)
{
	const char *what = argv[1];
	int number = argc > 2 ? atoi(argv[2]) : SIGTERM;
	struct itimerval soon = { .it_value = { .tv_usec = 3000 } };
	pthread_t thread;
	pid_t pid;

	number_now = number;
	kept = keep(93);
	if (strcmp(what, "none"))
		lose(100);
	if (!strcmp(what, "default") || !strcmp(what, "none"))
		send(number);
	if (!strcmp(what, "raise"))
		raise(number);
	if (!strcmp(what, "handler") || !strcmp(what, "ignored")) {
		signal(number, what[0] == 'h' ? on_signal : SIG_IGN);
		send(number);
		CHECK(handled == (what[0] == 'h'));
		say_ok();
		_exit(0);
	}
	if (!strcmp(what, "inherited")) { /* ignored from the start, as by nohup */
		send(number);
		say_ok();
		_exit(0);
	}
	if (!strcmp(what, "nohup")) {
		signal(number, SIG_IGN);
		execl("/proc/self/exe", argv[0], "inherited", argv[2], NULL);
	}
	if (!strcmp(what, "actions")) {
		check_actions(number);
		say_ok();
		send(number);
	}
	if (!strcmp(what, "last")) {
		signal(number, on_last_signal);
		send(number);
	}
	if (!strcmp(what, "raise-in-malloc")) { /* from a handler that mostly interrupts malloc or free: nothing may come after raise */
		signal(SIGALRM, on_alarm);
		setitimer(ITIMER_REAL, &soon, NULL);
		churn(NULL);
	}
	if (!strcmp(what, "churn")) {
		send_from_elsewhere(number, 1, 3000);
		churn(NULL);
	}
	if (!strcmp(what, "threads")) {
		for (int i = 0; i < 6; i++)
			pthread_create(&thread, NULL, churn, NULL);
		send_from_elsewhere(number, 1, 20000);
		churn(NULL);
	}
	if (!strcmp(what, "forking")) { /* a signal may come while a child is being made */
		send_from_elsewhere(number, 1, 30000);
		for (;;) {
			pid = fork();
			if (pid == 0)
				_exit(0);
			waitpid(pid, NULL, 0);
		}
	}
	if (!strcmp(what, "blocked")) { /* by the main thread: another one gets it */
		sigset_t all;

		CHECK(pthread_create(&thread, NULL, churn, NULL) == 0);
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		send(number);
		for (;;)
			pause();
	}
	if (!strcmp(what, "twice")) { /* as timeout(1) sends it */
		send_from_elsewhere(number, 2, 0);
		for (;;)
			pause();
	}
	if (!strcmp(what, "stuck")) {
		stuck(argv, number);
		say_ok();
		_exit(0);
	}
	if (!strcmp(what, "fork")) {
		pid = fork();
		if (pid == 0) {
			lose(97);
			send(number);
			_exit(1);
		}
		CHECK(wait_for(pid) == number);
		say_ok();
		_exit(0);
	}
	if (!strcmp(what, "vfork")) {
		pid = vfork();
		if (pid == 0) {
			kill(getpid(), number);
			_exit(1);
		}
		CHECK(wait_for(pid) == number);
		say_ok();
		_exit(0);
	}
	for (;;)
		pause();
}
