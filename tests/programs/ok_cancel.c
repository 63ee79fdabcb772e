/* SPDX-License-Identifier: MIT
 *
 * malloc and free are no cancellation points: a thread with a cancellation pending allocates to its end, and is cancelled where it asks
 * for it.
 */
#include <pthread.h>

#include "tests/programs/ok.h"

static int finished;

static void *work(void *argument)
{
	pthread_cancel(pthread_self()); /* pending from here on */
	for (size_t i = 0; i < 20000; i++)
		free(i % 100 ? malloc(i % 3000) : malloc(i * 100));
	finished = 1;
	pthread_testcancel();
	finished = 2;
	return argument;
}

int main(void)
{
	pthread_t thread;
	void *result;

	CHECK(pthread_create(&thread, NULL, work, NULL) == 0);
	CHECK(pthread_join(thread, &result) == 0);
	CHECK(result == PTHREAD_CANCELED);
	CHECK(finished == 1);
	puts("ok");
	return 0;
}
