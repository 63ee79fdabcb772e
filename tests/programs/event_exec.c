/* SPDX-License-Identifier: MIT
 *
 * Ways to become another program, for tests/system/test_leak_events.c: each loses 100 bytes before. The other program is this one again,
 * which then says so.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "tests/programs/leak.h"

static char *kept, *self, *arguments[] = { "event_exec", "done", "two", NULL };
static char *environment_without[] = { "LEFT=1", NULL };
static volatile int in_malloc = 1;

static void *run(void *unused)
{
	char *volatile here = keep(92);

	execv(self, arguments);
	_exit(here ? 1 : 2);
	return unused;
}

static void *churn(void *unused)
{
	for (;;)
		free(malloc(200));
	return unused;
}

static void on_alarm(int number)
{
	(void)number;
	execve(self, arguments, environ);
	_exit(1);
}

static int wait_for(pid_t pid)
{
	int status;

	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void fail(void)
{
	errno = 0;
	CHECK(execl("/nowhere/at/all", "x", NULL) == -1 && errno == ENOENT);
	errno = 0;
	CHECK(execl("/", "x", NULL) == -1 && errno == EACCES);
	errno = 0;
	CHECK(execlp("no-such-program-anywhere", "x", NULL) == -1 && errno == ENOENT);
	errno = 0;
	CHECK(execve("/dev/null", arguments, environ) == -1 && errno == EACCES);
	errno = 0;
	CHECK(fexecve(-1, arguments, environ) == -1 && (errno == EBADF || errno == EINVAL));
	kept[0] = 3;
}

int main(int argc, char **argv)
{
	static char path[4096];
	struct itimerval soon = { .it_value = { .tv_usec = 3000 } };
	const char *what = argv[1];
	pthread_t thread;
	int file;
	pid_t pid;

	if (!strcmp(what, "done")) {
		CHECK(argc == 3 && !strcmp(argv[2], "two"));
		say_ok();
		_exit(getenv("LEFT") ? 4 : 3);
	}
	self = realpath("/proc/self/exe", path);
	kept = keep(93);
	lose(100);
	if (!strcmp(what, "execve"))
		execve(self, arguments, environ);
	if (!strcmp(what, "execv"))
		execv(self, arguments);
	if (!strcmp(what, "execvp"))
		execvp(self, arguments);
	if (!strcmp(what, "execvpe"))
		execvpe(self, arguments, environment_without);
	if (!strcmp(what, "execl"))
		execl(self, "event_exec", "done", "two", NULL);
	if (!strcmp(what, "execlp")) {
		char *slash = strrchr(path, '/');

		*slash = '\0';
		setenv("PATH", path, 1);
		execlp(slash + 1, "event_exec", "done", "two", NULL);
	}
	if (!strcmp(what, "execle"))
		execle(self, "event_exec", "done", "two", NULL, environment_without);
	file = open(self, O_RDONLY);
	if (!strcmp(what, "fexecve"))
		fexecve(file, arguments, environ);
	if (!strcmp(what, "execveat"))
		execveat(file, "", arguments, environ, AT_EMPTY_PATH);
	if (!strcmp(what, "thread")) {
		pthread_create(&thread, NULL, churn, NULL);
		pthread_create(&thread, NULL, run, NULL);
		churn(NULL);
	}
	if (!strcmp(what, "interrupted")) {
		signal(SIGALRM, on_alarm);
		setitimer(ITIMER_REAL, &soon, NULL);
		while (in_malloc)
			free(malloc(200));
	}
	if (!strcmp(what, "fail")) {
		fail();
		say_ok();
		_exit(3);
	}
	if (!strcmp(what, "refused")) { /* the file looks like a program until the kernel sees it */
		errno = 0;
		CHECK(execv(argv[2], arguments) == -1 && errno == ENOEXEC);
		kept[0] = 3;
		execv(self, arguments);
	}
	if (!strcmp(what, "vfork")) {
		pid = vfork();
		if (pid == 0) {
			execv(self, arguments);
			_exit(1);
		}
		return wait_for(pid);
	}
	if (!strcmp(what, "fork")) {
		pid = fork();
		if (pid == 0) {
			lose(97);
			execv(self, arguments);
			_exit(1);
		}
		return wait_for(pid);
	}
	if (!strcmp(what, "system"))
		return system("exit 3") >> 8;
	return 1;
}
