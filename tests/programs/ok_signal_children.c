/* SPDX-License-Identifier: MIT
 *
 * Actions of signals in children: of fork, vfork, _Fork, posix_spawn and exec. What a child sets is its own business, also where it shares its parent's
 * memory; a program that is started has default actions, but for what was ignored.
 */
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/ok.h"

extern char **environ;
static volatile sig_atomic_t calls;

static void count(int number)
{
	calls++;
}

static char action_of(int number)
{
	struct sigaction now;

	CHECK(sigaction(number, NULL, &now) == 0);
	return now.sa_handler == SIG_DFL ? 'd' : now.sa_handler == SIG_IGN ? 'i' : now.sa_handler == count ? 'h' : '?';
}

static int report(void)
{
	return printf("started: segv %c bus %c term %c usr1 %c\n", action_of(SIGSEGV), action_of(SIGBUS), action_of(SIGTERM), action_of(SIGUSR1)) < 0;
}

static void wait_for(pid_t child, const char *how)
{
	int status;

	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	printf("%s: exited %d with %d, signal %d\n", how, WIFEXITED(status), WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	printf("here: segv %c bus %c\n", action_of(SIGSEGV), action_of(SIGBUS));
	fflush(stdout);
}

static void start(const char *self, const char *how)
{
	char *const arguments[] = { (char *)self, "report", NULL };
	posix_spawnattr_t attributes;
	sigset_t set;
	pid_t child;

	fflush(stdout);
	child = vfork();
	if (!child) {
		execv(self, arguments);
		_exit(1);
	}
	wait_for(child, how);
	CHECK(posix_spawn(&child, self, NULL, NULL, arguments, environ) == 0);
	wait_for(child, "spawned");
	posix_spawnattr_init(&attributes);
	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	posix_spawnattr_setsigdefault(&attributes, &set);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	CHECK(posix_spawn(&child, self, NULL, &attributes, arguments, environ) == 0);
	wait_for(child, "spawned with defaults");
	posix_spawnattr_destroy(&attributes);
}

/* The child sets and shows actions, and dies by a fault of its own. */
static void shared(void)
{
	pid_t child = vfork();

	if (!child) {
		bool right = action_of(SIGSEGV) == 'h';

		signal(SIGSEGV, SIG_IGN);
		right = right && action_of(SIGSEGV) == 'i';
		signal(SIGSEGV, SIG_DFL);
		right = right && action_of(SIGSEGV) == 'd';
		if (!right)
			_exit(3);
		*(volatile char *)8 = 1;
		_exit(4);
	}
	wait_for(child, "vfork");
	calls = 0;
	raise(SIGSEGV);
	printf("%d calls\n", calls);
}

static void separate(pid_t (*function)(void), const char *how)
{
	pid_t child;

	fflush(stdout);
	child = function();
	if (!child) {
		bool right = action_of(SIGSEGV) == 'h';

		raise(SIGSEGV);
		right = right && calls == 1;
		signal(SIGSEGV, SIG_DFL);
		right = right && action_of(SIGSEGV) == 'd';
		raise(SIGSEGV);
		_exit(right ? 5 : 6);
	}
	wait_for(child, how);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return report();
	start(argv[0], "all default");
	signal(SIGSEGV, count);
	start(argv[0], "a handler");
	shared();
	calls = 0;
	separate(fork, "fork");
	separate(_Fork, "_Fork");
	signal(SIGSEGV, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	start(argv[0], "ignored");
	puts("ok");
	return 0;
}
