/* SPDX-License-Identifier: MIT
 *
 * Ends with buffered output in a file of its own, while one thread sleeps and another waits for input with its stream locked: the exit status is changed
 * and no output is lost.
 */
// options: exitcode=42
// expect: ERROR: malloc-debug: double-free
// output: kept
// status: 42
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *never;

static void *read_for_ever(void *argument)
{
	fgetc(never);
	return argument;
}

static void *sleep_for_ever(void *argument)
{
	pause();
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t threads[2];
	int ends[2];

	if (argc > 1) { /* the child: writes to the descriptor that it was given */
		FILE *stream = fdopen(atoi(argv[1]), "w");
		char *block = malloc(10);

		if (!stream || pipe(ends) != 0 || !(never = fdopen(ends[0], "r")))
			return 1;
		pthread_create(&threads[0], NULL, read_for_ever, NULL);
		pthread_create(&threads[1], NULL, sleep_for_ever, NULL);
		usleep(100000);
		fputs("kept\n", stream);
		free(block);
		free(block);
		return 0;
	}
	if (pipe(ends) != 0)
		return 1;
	pid_t child = fork();

	if (child == 0) {
		char number[16];

		close(ends[0]);
		snprintf(number, sizeof number, "%d", ends[1]);
		execl("/proc/self/exe", argv[0], number, (char *)NULL);
		_exit(1);
	}
	char text[100] = "";
	int status = 0;

	close(ends[1]);
	if (read(ends[0], text, sizeof text - 1) < 0 || waitpid(child, &status, 0) < 0)
		return 1;
	printf("%s", text);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
