/* SPDX-License-Identifier: MIT
 *
 * A program whose allocations are known: so many blocks of so many bytes in each function, some of them freed. It takes three profiles of
 * itself with the argument "peak": while it has most, and before and after it; and waits with the argument "interval" until the file named by
 * the second argument is there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <malloc_debug.h>

static void *kept[1000];
static int count;

__attribute__((noinline)) static void keep_small(void)
{
	for (int i = 0; i < 100; i++)
		kept[count++] = malloc(10);
}

__attribute__((noinline)) static void keep_large(void)
{
	for (int i = 0; i < 5; i++)
		kept[count++] = calloc(1, 100000);
}

__attribute__((noinline)) static void come_and_go(void)
{
	for (int i = 0; i < 1000; i++) {
		char *block = malloc(64);

		memset(block, i, 64);
		free(block);
	}
}

__attribute__((noinline)) static void grow(void)
{
	char *block = malloc(1);

	for (int i = 2; i <= 100; i++)
		block = realloc(block, (size_t)i);
	kept[count++] = block;
}

static void leave(void)
{
	while (count > 1)
		free(kept[--count]);
}

int main(int argc, char **argv)
{
	int status = 0;

	come_and_go();
	keep_small();
	grow();
	if (argc > 1 && strcmp(argv[1], "peak") == 0) {
		status |= malloc_debug_write_profile(-1, 0);
		keep_large();
		status |= malloc_debug_write_profile(-1, 0);
		leave();
		return status != 0;
	}
	keep_large();
	if (argc > 2)
		for (int i = 0; i < 2000 && access(argv[2], R_OK) != 0; i++) {
			free(malloc(1));
			usleep(10000);
		}
	return status;
}
