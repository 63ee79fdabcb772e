/* SPDX-License-Identifier: MIT
 *
 * A program that is linked with -lmalloc_debug in place of being run with a preload.
 */
// expect: ERROR: malloc-debug: double-free
// expect: in main *linked.c:19
// output: active 1
// status: 0
#include <malloc_debug.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	char *block = malloc(10);

	printf("active %d\n", malloc_debug_active());
	free(block);
	free(block);
	return 0;
}
