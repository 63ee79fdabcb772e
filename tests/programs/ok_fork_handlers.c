/* SPDX-License-Identifier: MIT
 *
 * Handlers of pthread_atfork that allocate, on all three sides, and a child made by the bare system call, which runs no handler.
 */
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/ok.h"

static void *held;
static int prepared;

static void prepare(void)
{
	free(held);
	held = malloc(1000);
	prepared++;
}

static void resume(void)
{
	free(held);
	held = malloc(50);
}

int main(void)
{
	int status;

	CHECK(pthread_atfork(prepare, resume, resume) == 0);
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			free(malloc(77));
			_exit(5);
		}
		CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
	}
	CHECK(prepared == 20);
	for (int i = 0; i < 20; i++) {
		pid_t pid = (pid_t)syscall(SYS_fork);

		if (pid == 0) {
			for (int j = 0; j < 1000; j++)
				free(malloc((size_t)j));
			free(held);
			_exit(6);
		}
		CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 6);
	}
	free(held);
	puts("ok");
	return 0;
}
