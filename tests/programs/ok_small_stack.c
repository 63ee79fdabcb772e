/* SPDX-License-Identifier: MIT
 *
 * Threads with the smallest stack that the system allows allocate, resize and free.
 */
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "tests/programs/ok.h"

static void *work(void *argument)
{
	for (size_t size = 1; size < 200000; size = size * 3 / 2 + 1) {
		char *p = malloc(size);

		CHECK(p);
		memset(p, 1, size);
		p = realloc(p, size * 2);
		free(p);
	}
	return argument;
}

int main(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	CHECK(pthread_attr_setstacksize(&attributes, (size_t)sysconf(_SC_THREAD_STACK_MIN)) == 0);
	for (int i = 0; i < 50; i++) {
		CHECK(pthread_create(&thread, &attributes, work, NULL) == 0);
		pthread_join(thread, NULL);
	}
	pthread_attr_destroy(&attributes);
	puts("ok");
	return 0;
}
