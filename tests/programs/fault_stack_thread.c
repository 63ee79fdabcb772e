/* SPDX-License-Identifier: MIT
 *
 * A local array larger than what is left of a thread's small stack.
 */
// signal: 11
// expect: ERROR: malloc-debug: stack-overflow on address 0x* at pc * (T1
// expect: The stack of thread T1 is used up
// expect: in use_up *fault_stack_thread.c:
// expect: Thread T1
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static int use_up(int depth)
{
	char large[1000];

	memset(large, depth, sizeof large);
	return depth < 0 ? large[5] : use_up(depth + 1) + large[depth % 1000];
}

static void *work(void *unused)
{
	return use_up(0) ? unused : NULL;
}

int main(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	free(malloc(1));
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 1 << 18);
	pthread_create(&thread, &attributes, work, NULL);
	pthread_join(thread, NULL);
	return 0;
}
