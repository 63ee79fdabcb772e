/* SPDX-License-Identifier: MIT
 *
 * strcpy-param-overlap: white space at the start of a line is cut off by copying the line onto itself.
 *
 *     malloc-debug run -- build/examples/strcpy_param_overlap
 *
 * strcpy may copy in any order. memmove(line, start, strlen(start) + 1) does what is meant.
 */
// build: -fno-builtin
// expect: ERROR: malloc-debug: strcpy-param-overlap
// expect: WRITE of size 6 at * in strcpy
// expect: The source [*) begins 2 bytes after the destination [*): 4 bytes are in both
// expect: in main *strcpy_param_overlap.c:25
// expect: SUMMARY: malloc-debug: strcpy-param-overlap *strcpy_param_overlap.c:25 in main
// status: 0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *line = strdup("  hello");
	char *start = line + strspn(line, " ");

	strcpy(line, start); /* the bug */
	puts(line);
	free(line);
	return 0;
}
