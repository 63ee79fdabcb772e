/* SPDX-License-Identifier: MIT
 *
 * Three thousand threads, one after another and eight at a time, some detached, each leaving a block to the next: nothing piles up.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/programs/ok.h"

static _Atomic(char *) left;
static atomic_int ended;

static void *work(void *argument)
{
	char *blocks[20];

	for (size_t i = 0; i < 20; i++) {
		blocks[i] = malloc(i * 100 + 1);
		memset(blocks[i], 1, i * 100 + 1);
	}
	for (size_t i = 0; i < 20; i++)
		free(blocks[i]);
	free(atomic_exchange(&left, malloc(5000)));
	atomic_fetch_add(&ended, 1);
	return argument;
}

int main(void)
{
	struct rusage usage;
	pthread_t threads[8];

	for (int i = 0; i < 375; i++) {
		for (int t = 0; t < 8; t++)
			CHECK(pthread_create(&threads[t], NULL, work, NULL) == 0);
		for (int t = 0; t < 8; t++)
			CHECK(t == 0 && i % 4 == 0 ? pthread_detach(threads[t]) == 0 : pthread_join(threads[t], NULL) == 0);
	}
	while (atomic_load(&ended) < 3000)
		;
	free(left);
	getrusage(RUSAGE_SELF, &usage);
	CHECK(usage.ru_maxrss < 200 * 1024); /* kB */
	puts("ok");
	return 0;
}
