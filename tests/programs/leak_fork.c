/* SPDX-License-Identifier: MIT
 *
 * A child made by fork has its parent's blocks, and cannot free what the parent's other threads hold: leaks are its parent's business, unless asked for. Then
 * only what the child allocated itself counts.
 */
// leaks: | | direct=1:100 reachable=2
// leaks: twice | | direct=1:100 reachable=2
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/leak.h"

static char *kept;

static void *hold(void *unused)
{
	char *volatile here = keep(102);

	for (;;)
		pause();
	return here;
}

static void child(int again)
{
	kept = keep(103);
	lose(104);
	if (again) {
		pid_t pid = fork();

		if (pid == 0) {
			lose(105);
			exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	exit(0);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int status;

	kept = keep(101);
	lose(100);
	CHECK(pthread_create(&thread, NULL, hold, NULL) == 0);
	usleep(10000);
	pid_t pid = fork();

	if (pid == 0)
		child(argv[1] != NULL);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	say_ok();
	return 0;
}
