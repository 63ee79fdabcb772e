/* SPDX-License-Identifier: MIT
 *
 * vfork and posix_spawn while other blocks are live; the parent's heap must not change by what the child does until it executes.
 */
#include <malloc_debug.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/ok.h"

extern char **environ;

int main(void)
{
	char *text = strdup("survives");
	int status;

	for (int i = 0; i < 20; i++) {
		pid_t pid = vfork();

		if (pid == 0) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(127);
		}
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
		char *arguments[] = { "sh", "-c", "exit 4", NULL };
		CHECK(posix_spawn(&pid, "/bin/sh", NULL, NULL, arguments, environ) == 0);
		CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 4);
		pid = vfork();
		if (pid == 0)
			_exit(9);
		CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 9);
		text = realloc(text, strlen(text) + 100);
	}
	CHECK(strcmp(text, "survives") == 0);
	free(text);
	CHECK(wait(&status) == -1); /* no child that is not ours */
	CHECK(malloc_debug_check_all() <= 0);
	puts("ok");
	return 0;
}
