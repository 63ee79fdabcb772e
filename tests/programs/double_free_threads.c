/* SPDX-License-Identifier: MIT
 *
 * A block freed in one thread, and again in another; the report names both, and where they were created.
 */
// expect: ERROR: malloc-debug: double-free*(T2 second
// expect: freed again by free in thread T2 (second)
// expect: in free_again *double_free_threads.c:28
// expect: first freed by free in thread T1
// expect: in free_it *double_free_threads.c:21
// expect: previously allocated by malloc in thread T0
// expect: in main *double_free_threads.c:34
// expect: Thread T2 (second
// expect: created by T0 here:
// expect: in main *double_free_threads.c:39
// status: 0
#include <pthread.h>
#include <stdlib.h>

static void *free_it(void *block)
{
	free(block);
	return NULL;
}

static void *free_again(void *block)
{
	pthread_setname_np(pthread_self(), "second");
	free(block);
	return NULL;
}

int main(void)
{
	void *block = malloc(77);
	pthread_t thread;

	pthread_create(&thread, NULL, free_it, block);
	pthread_join(thread, NULL);
	pthread_create(&thread, NULL, free_again, block);
	pthread_join(thread, NULL);
	return 0;
}
