/* SPDX-License-Identifier: MIT
 *
 * bad-malloc_usable_size: a program asks for the size of a block that it has already freed, and would write that many bytes.
 *
 *     malloc-debug run -- build/examples/bad_malloc_usable_size
 */
// expect: ERROR: malloc-debug: bad-malloc_usable_size
// expect: the start of the 40-byte block
// expect: in main *bad_malloc_usable_size.c:23
// expect: in main *bad_malloc_usable_size.c:22
// expect: in main *bad_malloc_usable_size.c:20
// expect: SUMMARY: malloc-debug: bad-malloc_usable_size *bad_malloc_usable_size.c:23 in main
// status: 0
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	char *buffer = malloc(40);

	free(buffer);
	size_t usable = malloc_usable_size(buffer);

	puts(usable ? "still usable?" : "nothing usable");
	return 0;
}
