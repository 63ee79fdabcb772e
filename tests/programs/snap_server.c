/* SPDX-License-Identifier: MIT
 *
 * A server that knows nothing of the library, and is asked from outside by signals. It has threads that allocate and free, one that keeps
 * more and more, and one that waits in poll, which must not be interrupted. The test sends SIGUSR2 to the process whose number it prints,
 * and SIGTERM in the end. (Alone it ends after a moment.)
 */
// output: process
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/programs/ok.h"

static _Atomic int stop;
static void **kept;

static __attribute__((noinline, noclone)) void *remember(void *last)
{
	void **block = malloc(1000);

	*block = last;
	return block;
}

static void *grow(void *unused)
{
	while (!stop) {
		kept = remember(kept);
		usleep(1000);
	}
	return unused;
}

static void *serve(void *unused)
{
	while (!stop) {
		char *request = malloc(100), *answer = malloc(3000);

		memset(request, 1, 100);
		memset(answer, 2, 3000);
		free(request);
		free(answer);
	}
	return unused;
}

static void *wait_for_nothing(void *unused)
{
	int ends[2];

	CHECK(pipe(ends) == 0);
	struct pollfd end = { .fd = ends[0], .events = POLLIN };

	while (!stop)
		CHECK(poll(&end, 1, 500) == 0);
	return unused;
}

static void on_term(int number)
{
	(void)number;
	stop = 1;
}

int main(int argc, char **argv)
{
	pthread_t threads[4];
	struct timespec rest = { .tv_sec = argc > 1 ? 60 : 0, .tv_nsec = 300000000 };

	signal(SIGTERM, on_term);
	printf("process %d\n", (int)getpid());
	fflush(stdout);
	CHECK(pthread_create(&threads[0], NULL, grow, NULL) == 0);
	CHECK(pthread_create(&threads[1], NULL, serve, NULL) == 0);
	CHECK(pthread_create(&threads[2], NULL, serve, NULL) == 0);
	CHECK(pthread_create(&threads[3], NULL, wait_for_nothing, NULL) == 0);
	while (!stop && nanosleep(&rest, &rest) != 0) /* SIGTERM comes here, or to another thread */
		CHECK(errno == EINTR);
	stop = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	puts("ended");
	return 0;
}
