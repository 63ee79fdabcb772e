/* SPDX-License-Identifier: MIT
 *
 * strcat-param-overlap: the end of a text is appended to it again.
 *
 *     malloc-debug run -- build/examples/strcat_param_overlap
 *
 * The source is the end of the destination, so its terminating NUL is the first byte that is written over: where does the copy stop then?
 */
// build: -fno-builtin
// expect: ERROR: malloc-debug: strcat-param-overlap
// expect: WRITE of size 4 at * in strcat
// expect: The source [*) begins 3 bytes before the destination [*): 1 byte is in both
// expect: in main *strcat_param_overlap.c:25
// expect: SUMMARY: malloc-debug: strcat-param-overlap *strcat_param_overlap.c:25 in main
// status: 0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *song = malloc(100);

	strcpy(song, "tra la la");
	strcat(song, song + strlen(song) - 3); /* the bug */
	puts(song);
	free(song);
	return 0;
}
