/* SPDX-License-Identifier: MIT
 *
 * Actions of signals as a program sees them: whatever is set, told and asked for is as without the library, bit for bit.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/ok.h"

static const int numbers[] = { SIGSEGV, SIGBUS, SIGTRAP, SIGILL, SIGFPE, SIGABRT, SIGTERM, SIGINT, SIGUSR1 };
#define COUNT (sizeof numbers / sizeof numbers[0])

static volatile sig_atomic_t calls, last, in_mask, on_itself;

static void plain(int number)
{
	sigset_t now;

	sigprocmask(SIG_BLOCK, NULL, &now);
	calls++;
	last = number;
	in_mask = sigismember(&now, SIGUSR2);
	on_itself = sigismember(&now, number);
}

static void full(int number, siginfo_t *info, void *context)
{
	CHECK(info->si_signo == number && context);
	plain(number);
}

static const char *name_of(void (*handler)(int))
{
	return handler == SIG_DFL ? "default" : handler == SIG_IGN ? "ignore" : handler == SIG_HOLD ? "hold" : handler == SIG_ERR ? "error"
		: handler == plain ? "plain" : (void *)handler == (void *)full ? "full" : "another";
}

static void show(const char *what, int number)
{
	struct sigaction now;

	memset(&now, 0x55, sizeof now);
	CHECK(sigaction(number, NULL, &now) == 0);
	printf("%s %d: %s flags %x mask %lx restorer %d\n", what, number, name_of(now.sa_handler), now.sa_flags, *(unsigned long *)&now.sa_mask,
		now.sa_restorer != NULL);
}

static void use(const char *what, int number)
{
	calls = 0;
	raise(number);
	printf("%s %d: %d calls, last %d, mask %d, itself %d\n", what, number, calls, last, in_mask, on_itself);
}

static void try(int number)
{
	static const unsigned flags[] = { 0, SA_RESTART, SA_NODEFER, SA_RESETHAND, SA_ONSTACK, SA_RESTART | SA_NODEFER | SA_RESETHAND | SA_ONSTACK, SA_NOCLDSTOP,
		0x400 };
	struct sigaction new, old;

	show("at start", number);
	for (size_t i = 0; i < 2 * sizeof flags / sizeof flags[0]; i++) {
		memset(&new, 0, sizeof new);
		new.sa_flags = (int)flags[i / 2] | (i & 1 ? SA_SIGINFO : 0);
		if (i & 1)
			new.sa_sigaction = full;
		else
			new.sa_handler = plain;
		sigaddset(&new.sa_mask, SIGUSR2);
		sigaddset(&new.sa_mask, SIGKILL);
		memset(&old, 0x55, sizeof old);
		CHECK(sigaction(number, &new, &old) == 0);
		printf("set %d %zu: before %s flags %x mask %lx\n", number, i, name_of(old.sa_handler), old.sa_flags, *(unsigned long *)&old.sa_mask);
		show("after", number);
		use("raised", number);
		show("used", number);
	}
	printf("signal %s %s %s\n", name_of(signal(number, plain)), name_of(signal(number, SIG_IGN)), name_of(signal(number, SIG_DFL)));
	show("signal", number);
	signal(number, plain);
	show("bsd", number);
	use("bsd", number);
	use("bsd", number);
	printf("siginterrupt %d\n", siginterrupt(number, 1));
	show("interrupting", number);
	signal(number, plain);
	show("interrupting", number);
	printf("siginterrupt %d\n", siginterrupt(number, 0));
	signal(number, plain);
	show("restarting", number);
	printf("sysv %s\n", name_of(sysv_signal(number, plain)));
	show("sysv", number);
	use("sysv", number);
	show("sysv used", number);
	printf("sigset %s\n", name_of(sigset(number, plain)));
	printf("sigset %s\n", name_of(sigset(number, SIG_HOLD)));
	printf("sigset %s\n", name_of(sigset(number, SIG_HOLD)));
	raise(number);
	calls = 0;
	printf("sigset %s\n", name_of(sigset(number, plain)));
	printf("held %d\n", calls);
	show("sigset", number);
	printf("sigignore %d\n", sigignore(number));
	show("sigignore", number);
	raise(number);
	signal(number, SIG_DFL);
	show("at end", number);
}

/* What a handler changes of its own signal. */
static void change_itself(int number)
{
	struct sigaction now;

	sigaction(number, NULL, &now);
	printf("inside: %s\n", name_of(now.sa_handler));
	signal(number, plain);
}

static void die_by_it(int number)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		raise(number);
		_exit(7);
	}
	CHECK(waitpid(child, &status, 0) == child);
	printf("child %d: exited %d, by signal %d\n", number, WIFEXITED(status), WTERMSIG(status));
}

int main(void)
{
	struct sigaction action = { .sa_handler = change_itself, .sa_flags = SA_RESETHAND };

	for (size_t i = 0; i < COUNT; i++)
		try(numbers[i]);
	sigaction(SIGSEGV, &action, NULL);
	raise(SIGSEGV);
	show("changed inside", SIGSEGV);
	use("changed inside", SIGSEGV);
	signal(SIGSEGV, SIG_DFL);
	for (size_t i = 0; i < COUNT; i++)
		die_by_it(numbers[i]);
	errno = 0;
	printf("%d", sigaction(0, &action, NULL));
	printf(" %d", errno);
	printf(" %d", sigaction(65, NULL, &action));
	printf(" %d", sigaction(SIGKILL, &action, NULL));
	printf(" %d", sigaction(32, &action, NULL));
	printf(" %s", name_of(signal(SIGSEGV, SIG_ERR)));
	printf(" %d\n", errno);
	puts("ok");
	return 0;
}
