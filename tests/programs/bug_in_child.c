/* SPDX-License-Identifier: MIT
 *
 * Bugs in a forked child and in its parent, in blocks made before the fork: both report, with their own process numbers.
 */
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: in main *bug_in_child.c:16
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: in main *bug_in_child.c:16
// status: 0
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	char *block = malloc(10);
	pid_t pid = fork();

	if (pid > 0)
		waitpid(pid, NULL, 0);
	block[10] = 1;
	free(block);
	return 0;
}
