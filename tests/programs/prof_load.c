/* SPDX-License-Identifier: MIT
 *
 * Threads that allocate and free as fast as they can, while the process sends itself a signal as often as the first argument says; after each it
 * waits until there is one file more: the second argument, with its number in place of %d; and until the threads have gone on. Every other signal
 * is for one of the threads: the first one, which the system would choose, does not take it.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/programs/ok.h"

#define BLOCKS 300
#define ROUNDS 100 /* more than there are threads: some of these begin after the file was there */
#define WAITS_MAX 4000

static _Atomic int stop;
static _Atomic unsigned long rounds;

__attribute__((noinline)) static void *take(unsigned size)
{
	return malloc(size);
}

static void *churn(void *seed)
{
	unsigned state = (unsigned)(uintptr_t)seed;
	char *blocks[BLOCKS] = { 0 };

	while (!stop) {
		state = state * 1103515245 + 12345;
		unsigned i = (state >> 16) % BLOCKS;

		free(blocks[i]);
		blocks[i] = i % 3 ? take(1 + (state >> 8) % 500) : realloc(NULL, 1 + (state >> 8) % 50000);
		memset(blocks[i], (int)i, 1);
		rounds++;
	}
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	return NULL;
}

static void wait_for_file(const char *path)
{
	int waited = 0;

	while (access(path, R_OK) != 0 && waited++ < WAITS_MAX)
		usleep(5000);
	CHECK(waited < WAITS_MAX);
}

static void wait_for_rounds(void)
{
	unsigned long before = rounds;
	int waited = 0;

	while (rounds - before < ROUNDS && waited++ < WAITS_MAX)
		usleep(1000);
	CHECK(waited < WAITS_MAX);
}

int main(int argc, char **argv)
{
	pthread_t threads[4];
	sigset_t signals;
	int times = argc > 2 ? atoi(argv[1]) : 0;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR2);

	for (uintptr_t i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)) == 0);
	for (int i = 1; i <= times; i++) {
		char path[512];

		snprintf(path, sizeof path, argv[2], i);
		CHECK(pthread_sigmask(i % 2 ? SIG_BLOCK : SIG_UNBLOCK, &signals, NULL) == 0);
		CHECK(kill(getpid(), SIGUSR2) == 0);
		wait_for_file(path);
		wait_for_rounds();
	}
	stop = 1;
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	puts("ok");
	return 0;
}
