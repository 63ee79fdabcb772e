/* SPDX-License-Identifier: MIT
 *
 * Handlers that allocate while the interrupted code may be anywhere in malloc: undefined, but common. 20000 signals to a thread that
 * allocates.
 */
// plain: no
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/programs/ok.h"

static atomic_int handled, sent_all;
static pthread_t target;

static void handle(int signal)
{
	char *p = malloc(100 + (size_t)(handled % 500));

	if (p)
		memset(p, signal, 100);
	free(p);
	handled++;
}

static void *storm(void *argument)
{
	for (int i = 0; i < 20000; i++) {
		pthread_kill(target, SIGUSR1);
		if (i % 16 == 0)
			while (handled == 0)
				;
	}
	sent_all = 1;
	return argument;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART };
	pthread_t thread;
	char *blocks[64] = { 0 };

	sigaction(SIGUSR1, &action, NULL);
	target = pthread_self();
	CHECK(pthread_create(&thread, NULL, storm, NULL) == 0);
	for (unsigned i = 0; !sent_all; i++) {
		char **slot = &blocks[i % 64];

		free(*slot);
		*slot = malloc(i * 31 % 2000 + 1);
		CHECK(*slot);
		**slot = 1;
	}
	pthread_join(thread, NULL);
	for (int i = 0; i < 64; i++)
		free(blocks[i]);
	CHECK(handled > 0);
	puts("ok");
	return 0;
}
