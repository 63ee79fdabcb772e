/* SPDX-License-Identifier: MIT
 *
 * All ways to end: which frames are live then, and whether leaks are looked for at all. The blocks of an atexit handler are there, too.
 */
// leaks: return | | direct=2:190 reachable=1
// leaks: exit | | direct=1:100 reachable=2
// leaks: nested | | direct=1:100 reachable=3
// leaks: handler | | direct=2:195 reachable=2
// leaks: thread | | direct=1:100 reachable=3
// leaks: pthread_exit | | direct=2:190 reachable=2
// leaks: _exit | | reports=0
// leaks: quick_exit | | reports=0
// leaks: status | leak_exitcode=23 | direct=1:100 reachable=2 status=23
// leaks: none | leak_exitcode=23 | reachable=2
#include <pthread.h>
#include <unistd.h>

#include "tests/programs/leak.h"

static char *kept;

static void at_end(void)
{
	lose(95);
}

static __attribute__((noinline)) void leave(void)
{
	char *volatile here = keep(91);

	exit(here == NULL);
}

static void *run(void *unused)
{
	char *volatile here = keep(92);

	usleep(20000); /* pthread_exit: main is gone by then */
	exit(here == NULL);
	return unused;
}

int main(int argc, char **argv)
{
	const char *what = argv[1];
	char *volatile here = keep(90);
	pthread_t thread;

	kept = keep(93);
	if (strcmp(what, "none"))
		lose(100);
	say_ok();
	if (!strcmp(what, "nested"))
		leave();
	if (!strcmp(what, "handler"))
		atexit(at_end);
	if (!strcmp(what, "thread") || !strcmp(what, "pthread_exit"))
		CHECK(pthread_create(&thread, NULL, run, NULL) == 0);
	if (!strcmp(what, "thread"))
		pthread_join(thread, NULL);
	if (!strcmp(what, "pthread_exit"))
		pthread_exit(NULL);
	if (!strcmp(what, "_exit"))
		_exit(0);
	if (!strcmp(what, "quick_exit"))
		quick_exit(0);
	if (strcmp(what, "return"))
		exit(0);
	return here == NULL;
}
