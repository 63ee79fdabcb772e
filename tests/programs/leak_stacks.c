/* SPDX-License-Identifier: MIT
 *
 * Pointers in live frames of N threads. Each thread has also lost a block, whose address stays in the dead part of its stack.
 *
 * "main": the frames of main and of what it called before exit are live; "return": main has returned, and its frame is dead.
 */
// leaks: main | | direct=1:100 reachable=3
// leaks: main | leak_roots=stacks | direct=1:100 reachable=3
// leaks: return | | direct=2:130 reachable=0
// leaks: 1 | | direct=2:200 reachable=2
// leaks: 2 | | direct=3:300 reachable=4
// leaks: 50 | | direct=51:5100 reachable=100
// leaks: 50 | leak_roots=stacks | direct=51:5100 reachable=100
#include <pthread.h>
#include <unistd.h>

#include "tests/programs/leak.h"

static pthread_barrier_t ready, never;

static void dig(int depth, char *pointer)
{
	char *volatile here = depth ? pointer : keep(31);

	if (depth) {
		dig(depth - 1, pointer);
	} else {
		lose(100);
		pthread_barrier_wait(&ready);
		pthread_barrier_wait(&never); /* a call that leaves no old value in any register: such a one would count */
	}
	here[0]++;
}

static void *run(void *unused)
{
	char *volatile here = keep(32);

	dig(20, here);
	return unused;
}

static __attribute__((noinline)) void leave(void)
{
	char *volatile here = keep(33);

	lose(100);
	say_ok();
	exit(here[0] != 1);
}

int main(int argc, char **argv)
{
	char *volatile here = NULL, *volatile there = NULL;
	int count = atoi(argv[1]);
	pthread_t thread;

	if (count) {
		pthread_barrier_init(&ready, NULL, (unsigned)count + 1);
		pthread_barrier_init(&never, NULL, (unsigned)count + 1);
		for (int i = 0; i < count; i++)
			CHECK(pthread_create(&thread, NULL, run, NULL) == 0);
		pthread_barrier_wait(&ready);
		lose(100);
	} else if (!strcmp(argv[1], "main")) {
		here = keep(34);
		there = keep(35);
		leave();
	} else {
		here = keep(30);
		lose(100);
	}
	say_ok();
	return here && here[0] != 1 && there;
}
