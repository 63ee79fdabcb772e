/* SPDX-License-Identifier: MIT
 *
 * Children of a program whose threads take snapshots and look for leaks all the time: each has its parent's snapshots, takes its own, looks
 * for leaks, and ends.
 */
// options: symbolize=no
// output: ok
#include <malloc_debug.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/programs/ok.h"

static _Atomic int stop;
static int nowhere;
static void *kept[64];

static void *take(void *unused)
{
	while (!stop) {
		CHECK(malloc_debug_snapshot() > 0);
		CHECK(malloc_debug_growth(nowhere, 2) >= 0);
		usleep(100);
	}
	return unused;
}

static void *search(void *unused)
{
	while (!stop) {
		CHECK(malloc_debug_check_leaks(nowhere, NULL) == 0);
		usleep(100);
	}
	return unused;
}

static void live(long before, int i)
{
	long first, second;

	alarm(20); /* a lock that nobody gives back would end it so */
	first = malloc_debug_snapshot();
	CHECK(first > before);
	kept[i] = malloc(1000);
	second = malloc_debug_snapshot();
	CHECK(second == first + 1);
	CHECK(malloc_debug_growth(nowhere, 2) == 1);
	CHECK(malloc_debug_leaks_since(first, nowhere) == 0);
	kept[i] = NULL;
	CHECK(malloc_debug_who_points(nowhere, kept) == -EINVAL);
	_exit(0);
}

int main(void)
{
	pthread_t threads[3];
	int status;

	nowhere = open("/dev/null", O_WRONLY);
	CHECK(malloc_debug_snapshot() == 1);
	CHECK(malloc_debug_snapshot() == 2);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&threads[i], NULL, i ? take : search, NULL) == 0);
	for (int i = 0; i < 64; i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0)
			live(2, i);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	puts("ok");
	return 0;
}
