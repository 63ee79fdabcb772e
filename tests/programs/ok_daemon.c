/* SPDX-License-Identifier: MIT
 *
 * Leaves a child behind that has closed its standard streams and lives on for some seconds: who reads the other end of a pipe must see its end at once.
 * With the argument "at_exit" the streams are closed by a handler of exit, as many programs do; then the process ends.
 */
#include <string.h>
#include <unistd.h>

#include "tests/programs/ok.h"

static void close_streams(void)
{
	fclose(stdin);
	fclose(stdout);
	fclose(stderr);
}

int main(int argc, char **argv)
{
	puts("ok");
	fflush(stdout);
	if (argc > 1 && !strcmp(argv[1], "at_exit")) {
		atexit(close_streams);
		return 0;
	}
	if (fork() == 0) {
		setsid();
		close_streams();
		for (int i = 0; i < 1000; i++)
			free(malloc(i));
		sleep(5);
		_exit(0);
	}
	return 0;
}
