/* SPDX-License-Identifier: MIT
 *
 * Pointers in thread-local variables that every thread has from the start, and in values of keys: the first 32 lie in the thread's own block of the C
 * library, further ones in a block of ours. What a thread that has ended leaves there is leaked: the C library keeps its stack, with the values on it.
 */
// leaks: first | | direct=1:100 reachable=3
// leaks: first | leak_roots=tls | direct=1:100 reachable=3
// leaks: threads | | direct=1:100 reachable=24
// leaks: threads | leak_roots=tls,registers,stacks | direct=1:100 reachable=24
// leaks: ended | | direct=9:172 reachable=0
#include <pthread.h>
#include <unistd.h>

#include "tests/programs/leak.h"

static __thread char *initialized = (char *)1;
static __thread char bulk[10000];
static __thread char *zeroed;
static pthread_key_t keys[40];
static pthread_barrier_t ready;

static void fill(void)
{
	zeroed = keep(9);
	pthread_setspecific(keys[5], keep(10));
	pthread_setspecific(keys[39], keep(11)); /* with a block of the C library */
	bulk[0] = 1;
}

static void *stay(void *unused)
{
	fill();
	pthread_barrier_wait(&ready);
	for (;;)
		pause();
	return unused;
}

static void *end(void *unused)
{
	initialized = keep(9);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t threads[8];
	int count = strcmp(argv[1], "first") ? 8 : 0;

	for (int i = 0; i < 40; i++)
		CHECK(pthread_key_create(&keys[i], NULL) == 0);
	pthread_barrier_init(&ready, NULL, 9);
	for (int i = 0; i < count; i++)
		CHECK(pthread_create(&threads[i], NULL, strcmp(argv[1], "ended") ? stay : end, NULL) == 0);
	if (!strcmp(argv[1], "threads"))
		pthread_barrier_wait(&ready);
	if (!strcmp(argv[1], "first"))
		fill();
	if (!strcmp(argv[1], "ended"))
		for (int i = 0; i < count; i++)
			CHECK(pthread_join(threads[i], NULL) == 0);
	lose(100);
	say_ok();
	return 0;
}
