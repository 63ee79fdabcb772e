/* SPDX-License-Identifier: MIT
 *
 * Addresses that are none, as data taken for a pointer gives them. In a thread, and the report says so.
 */
// signal: 11
// expect: ERROR: malloc-debug: SEGV on address 0x004f4c4c4548 at pc * (T1
// expect: READ of size 1 at 0x004f4c4c4548 thread T1
// expect: 0x004f4c4c4548 is in no mapped memory.
// expect: in work *fault_wild.c:21
// expect: Thread T1
// expect: created by T0 here:
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void *work(void *text)
{
	volatile char *wrong = NULL;

	memcpy(&wrong, text, 5);
	return *wrong ? text : NULL;
}

int main(void)
{
	pthread_t thread;

	free(malloc(1));
	pthread_create(&thread, NULL, work, "HELLO");
	pthread_join(thread, NULL);
	return 0;
}
