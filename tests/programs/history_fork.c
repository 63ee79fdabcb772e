/* SPDX-License-Identifier: MIT
 *
 * Forks; before, and in parent and child afterwards, a block is allocated by a function with a name of its own. Prints the process numbers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static __attribute__((noinline)) void *both_owner(void)
{
	return malloc(3000);
}

static __attribute__((noinline)) void *parent_owner(void)
{
	return malloc(3001);
}

static __attribute__((noinline)) void *child_owner(void)
{
	return malloc(3002);
}

int main(int argc, char **argv)
{
	void *volatile before = both_owner(), *volatile after;
	const char *how = argc > 1 ? argv[1] : "fork";
	int status;

	if (!strcmp(how, "limit")) {
		struct rlimit small = { 4096, RLIM_INFINITY };

		setrlimit(RLIMIT_FSIZE, &small);
		if (fork() == 0) /* one more, and its child */
			return fork() == 0 ? 0 : wait(&status) < 0;
		wait(&status);
	}
	pid_t child = strcmp(how, "behind") ? fork() : _Fork();

	if (child == 0) {
		for (int i = 0; i < 3000; i++) { /* more than a ring of its own would hold back */
			after = child_owner();
			free(after);
		}
		free(before);
		_exit(0);
	}
	after = parent_owner();
	if (waitpid(child, &status, 0) != child || status)
		return 1;
	printf("%d %d\n", (int)getpid(), (int)child);
	free(after);
	free(before);
	return 0;
}
