/* SPDX-License-Identifier: MIT
 *
 * negative-size-param: what lies between two positions is to be erased, and they are the wrong way round.
 *
 *     malloc-debug run -- build/examples/negative_size_param
 *
 * As a size, -3 is more than there is memory: memset runs until it meets a page that is not there. The report comes before that. This program
 * catches the fault to end in good order.
 */
// build: -fno-builtin
// expect: ERROR: malloc-debug: negative-size-param
// expect: The size that was passed to memset is -3 as a signed number
// expect: in main *negative_size_param.c:34
// expect: SUMMARY: malloc-debug: negative-size-param *negative_size_param.c:34 in main
// errors: any
// status: 3
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void leave(int signal)
{
	_exit(3);
}

int main(void)
{
	char *text = strdup("hello");
	char *begin = text + 4, *end = text + 1;

	signal(SIGSEGV, leave);
	memset(begin, ' ', end - begin); /* the bug */
	puts(text);
	free(text);
	return 0;
}
