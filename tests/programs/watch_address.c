/* SPDX-License-Identifier: MIT
 *
 * A variable that is written from some places, for tests/system/test_watch.c. Prints its address, which is the same in every run.
 */
// build: -no-pie
// output: 0x
#include <pthread.h>
#include <stdio.h>

static volatile long target;

static __attribute__((noinline)) void set_it(long value)
{
	target = value;
}

static void *run_thread(void *unused)
{
	target = 4;
	return unused;
}

int main(void)
{
	pthread_t thread;

	for (long i = 1; i <= 3; i++)
		set_it(i);
	((volatile char *)&target)[1] = 1;
	pthread_create(&thread, NULL, run_thread, NULL);
	pthread_join(thread, NULL);
	printf("0x%lx\n", (unsigned long)&target);
	return 0;
}
