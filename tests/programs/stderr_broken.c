/* SPDX-License-Identifier: MIT
 *
 * A bug in a program whose stderr cannot take a report from the start: closed, a pipe that nobody reads, a full device, a file that may not
 * grow. It goes on and keeps its exit status. The argument says which; the program executes itself to start like that.
 */
// args: closed
// errors: 0
// output: survived
// status: 7
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void spoil_stderr(const char *how)
{
	int ends[2];

	if (!strcmp(how, "closed")) {
		close(2);
	} else if (!strcmp(how, "pipe")) {
		if (pipe(ends) != 0)
			_exit(1);
		dup2(ends[1], 2);
		close(ends[0]);
		close(ends[1]);
	} else if (!strcmp(how, "full")) {
		dup2(open("/dev/full", O_WRONLY | O_CLOEXEC), 2);
	} else if (!strcmp(how, "limit")) {
		struct rlimit limit = { 0, 0 };

		dup2(open("stderr_broken.tmp", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), 2);
		unlink("stderr_broken.tmp");
		setrlimit(RLIMIT_FSIZE, &limit);
	} else {
		_exit(1);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2) {
		spoil_stderr(argv[1]);
		execl("/proc/self/exe", argv[0], argv[1], "again", (char *)NULL);
		_exit(1);
	}
	char *block = malloc(10);
	block[10] = 1;
	free(block);
	free(block);
	puts("survived");
	return 7;
}
