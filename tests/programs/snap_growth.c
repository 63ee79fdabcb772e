/* SPDX-License-Identifier: MIT
 *
 * Snapshots by the API: what grows is told from what stays, comes and goes, or grew once, and everything is still reachable.
 */
// output: none: -61
// output: snapshots 1 2 3 4
// output: WARNING: malloc-debug: memory in use is growing
// output: Compared: snapshots 1 to 4
// output: 2 stacks have more bytes in use
// output: Growth of 30000 bytes
// output: in grow_fast *snap_growth.c:34
// output:          1  * 10           10000
// output:          4  * 40           40000
// output: Growth of 33 bytes
// output: in grow_slowly *snap_growth.c:39
// output: SUMMARY: malloc-debug: 30033 byte(s) of growth in 2 stacks
// output: growing: 2
// output: Compared: snapshots 3 to 4
// output: Growth of 70000 bytes
// output: in grow_once *snap_growth.c:44
// output: growing lately: 4
// output: bad: -22 -22 -61 -9
#include <malloc_debug.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *kept[1000];
static int count;

static void grow_fast(void)
{
	for (int i = 0; i < 10; i++)
		kept[count++] = malloc(1000);
}

static void grow_slowly(void)
{
	kept[count++] = malloc(11);
}

static void grow_once(void)
{
	kept[count++] = malloc(70000);
}

static void come_and_go(int step)
{
	static void *block;

	free(block);
	block = malloc(step % 2 ? 5000 : 4000);
}

static void stay(void)
{
	static void *block;

	if (!block)
		block = malloc(123456);
}

int main(void)
{
	long ids[4];

	setvbuf(stdout, NULL, _IONBF, 0);
	printf("none: %ld\n", malloc_debug_growth(STDOUT_FILENO, 2));
	for (int step = 0; step < 4; step++) {
		grow_fast();
		grow_slowly();
		stay();
		come_and_go(step);
		if (step == 3)
			grow_once();
		ids[step] = malloc_debug_snapshot();
	}
	printf("snapshots %ld %ld %ld %ld\n", ids[0], ids[1], ids[2], ids[3]);
	printf("growing: %ld\n", malloc_debug_growth(STDOUT_FILENO, 0));
	/* Between the last two alone there is also what comes and goes. */
	printf("growing lately: %ld\n", malloc_debug_growth(STDOUT_FILENO, 2));
	printf("bad: %ld %ld %ld %ld\n", malloc_debug_growth(STDOUT_FILENO, 1), malloc_debug_growth(STDOUT_FILENO, 17),
		malloc_debug_growth(STDOUT_FILENO, 5), malloc_debug_growth(-1, 2));
	return 0;
}
