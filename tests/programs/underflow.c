/* SPDX-License-Identifier: MIT
 *
 * One byte before a block of any size: the argument.
 */
// options: guard=off
// args: 13
// expect: ERROR: malloc-debug: heap-buffer-underflow
// expect: 1 byte before the 13-byte block
// expect: in main *underflow.c:19
// expect: in main *underflow.c:16
// status: 0
#include <stdlib.h>

int main(int argc, char **argv)
{
	char *block = malloc((size_t)atol(argv[1]));

	block[-1] = 0x5a;
	free(block);
	return 0;
}
