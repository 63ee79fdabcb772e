/* SPDX-License-Identifier: MIT
 *
 * memcpy-param-overlap: the first entry of a list is removed by copying the rest over it.
 *
 *     malloc-debug run -- build/examples/memcpy_param_overlap
 *
 * memcpy may copy in any order, or several parts at once: which bytes survive depends on the processor. memmove is for ranges that overlap.
 */
// build: -fno-builtin
// expect: ERROR: malloc-debug: memcpy-param-overlap
// expect: WRITE of size 12 at * in memcpy
// expect: The source [*) begins 4 bytes after the destination [*): 8 bytes are in both
// expect: in main *memcpy_param_overlap.c:25
// expect: SUMMARY: malloc-debug: memcpy-param-overlap *memcpy_param_overlap.c:25 in main
// status: 0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	int *list = calloc(4, sizeof *list);

	list[3] = 4;
	memcpy(list, list + 1, 3 * sizeof *list); /* the bug */
	printf("now %d is the third\n", list[2]);
	free(list);
	return 0;
}
