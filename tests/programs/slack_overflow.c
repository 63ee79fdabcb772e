/* SPDX-License-Identifier: MIT
 *
 * One byte past a block of any size: the argument. Slots are larger than what was asked for; every byte between is watched too.
 */
// args: 13
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: directly after the 13-byte block
// expect: 1 byte was changed*found 5a
// expect: in main *slack_overflow.c:20
// expect: in main *slack_overflow.c:17
// status: 0
#include <stdlib.h>

int main(int argc, char **argv)
{
	size_t size = (size_t)atol(argv[1]);
	char *block = malloc(size);

	block[size] = 0x5a;
	free(block);
	return 0;
}
