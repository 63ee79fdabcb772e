/* SPDX-License-Identifier: MIT
 *
 * Segmented stacks: the segments come from mmap and go back to it, so that malloc finds itself on a stack that nobody told of, with frames below that lie
 * elsewhere. Deep recursion with blocks on each level, in the main thread and in another.
 */
// build: -fsplit-stack -fuse-ld=gold
#include <pthread.h>
#include <string.h>

#include "tests/programs/ok.h"

static int descend(int depth)
{
	char frame[600];
	char *block = malloc((size_t)depth % 700 + 1);

	CHECK(block);
	memset(frame, depth, sizeof frame);
	int below = depth ? descend(depth - 1) : 0;

	CHECK(frame[17] == (char)depth);
	free(block);
	return below + 1;
}

static void *work(void *arg)
{
	for (int i = 0; i < 2; i++)
		CHECK(descend(1500) == 1501);
	return arg;
}

int main(void)
{
	pthread_t thread;

	work(NULL);
	CHECK(pthread_create(&thread, NULL, work, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	puts("ok");
	return 0;
}
