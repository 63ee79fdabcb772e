/* SPDX-License-Identifier: MIT
 *
 * realloc of a freed block, of a pointer inside a block, and of a local array: each gives NULL and is reported.
 */
// expect: ERROR: malloc-debug: double-free
// expect: already freed when realloc was asked to resize it
// expect: in main *realloc_bad.c:27
// expect: in main *realloc_bad.c:26
// expect: in main *realloc_bad.c:24
// expect: ERROR: malloc-debug: bad-free
// expect: 8 bytes inside the 50-byte block
// expect: in main *realloc_bad.c:28
// expect: ERROR: malloc-debug: bad-free
// expect: on the stack of thread T0
// expect: in main *realloc_bad.c:29
// output: 111
// status: 0
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	char local[32];
	char *block = malloc(50), *freed = malloc(50);

	free(freed);
	void *a = realloc(freed, 100);
	void *b = realloc(block + 8, 100);
	void *c = realloc(local, 100);
	printf("%d%d%d\n", !a, !b, !c);
	free(block);
	return 0;
}
