/* SPDX-License-Identifier: MIT
 *
 * double-free: both the function that uses a buffer and its caller free it.
 *
 *     malloc-debug run -- build/examples/double_free
 */
// expect: ERROR: malloc-debug: double-free
// expect: the start of the 15-byte block
// expect: in main *double_free.c:32
// expect: in print_upper *double_free.c:24
// expect: in main *double_free.c:29
// expect: SUMMARY: malloc-debug: double-free *double_free.c:32 in main
// status: 0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_upper(char *text)
{
	for (char *c = text; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	puts(text);
	free(text);
}

int main(void)
{
	char *text = strdup("owned by whom?");

	print_upper(text);
	free(text);
	return 0;
}
