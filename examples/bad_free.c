/* SPDX-License-Identifier: MIT
 *
 * bad-free: the pointer that was moved through the block is freed, not the one that malloc returned, and the block is leaked.
 *
 *     malloc-debug run -- build/examples/bad_free
 */
// expect: ERROR: malloc-debug: bad-free
// expect: 3 bytes inside the 32-byte block
// expect: in main *bad_free.c:27
// expect: in main *bad_free.c:21
// expect: SUMMARY: malloc-debug: bad-free *bad_free.c:27 in main
// expect: ERROR: malloc-debug: detected memory leaks
// expect: Direct leak of 32 bytes in 1 block
// status: 0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *text = malloc(32);

	strcpy(text, "   leading blanks");
	while (*text == ' ')
		text++;
	puts(text);
	free(text); /* 3 bytes into the block */
	return 0;
}
