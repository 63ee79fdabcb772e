/* SPDX-License-Identifier: MIT
 *
 * Gets a signal that the library may be told to listen to, and goes on. Its own handler, if the argument asks for one, is called too.
 */
// options: signal_show=12
// expect: Zones of the heap
// expect: History:
// expect: Since start:
// output: went on, called 0
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t called;

static void handle(int signal)
{
	called = signal;
}

int main(int argc, char **argv)
{
	char *block = malloc(4321);

	if (argc > 1)
		signal(SIGUSR2, handle);
	raise(SIGUSR2);
	printf("went on, called %d\n", (int)called);
	free(block);
	return 0;
}
