/* SPDX-License-Identifier: MIT
 *
 * Shortens the file that is its argument to nothing, and goes on allocating from new stacks and threads.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *deep(int depth)
{
	return depth ? deep(depth - 1) : malloc(100);
}

static void *work(void *argument)
{
	(void)argument;
	for (int i = 0; i < 2000; i++)
		free(deep(i % 20));
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	work(NULL);
	if (argc < 2 || truncate(argv[1], 0) != 0)
		return 1;
	work(NULL);
	if (pthread_create(&thread, NULL, work, NULL) != 0)
		return 2;
	work(NULL);
	pthread_join(thread, NULL);
	puts("still here");
	return 0;
}
