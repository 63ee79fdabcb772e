/* SPDX-License-Identifier: MIT
 *
 * An executable with holes between its segments, as a build for large pages makes them: the loader answers for one segment at a time, and code and
 * unwind tables are in two. Without frame pointers only the tables lead on.
 */
// build: -no-pie -O1 -fomit-frame-pointer -fno-optimize-sibling-calls -Wl,-z,max-page-size=0x200000,-z,separate-code
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: in outer *executable_holes.c:31
// expect: in main *executable_holes.c:38
// expect: in make_block *executable_holes.c:20
// expect: in outer *executable_holes.c:28
// expect: in main *executable_holes.c:38
// status: 0
#include <stdlib.h>

static volatile int sink;

static __attribute__((noinline)) char *make_block(int size)
{
	char *block = malloc(size);

	sink = size; /* so that the call above has something behind it */
	return block;
}

static __attribute__((noinline)) void outer(int size)
{
	volatile char *block = make_block(size);

	block[size] = 1;
	free((char *)block);
	sink = size;
}

int main(int argc, char **argv)
{
	(void)argv;
	outer(9 + argc);
	return sink - 10;
}
