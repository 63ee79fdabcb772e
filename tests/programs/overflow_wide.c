/* SPDX-License-Identifier: MIT
 *
 * A write 200 bytes behind a block, within a red zone made wide.
 */
// options: redzone=256 guard=off
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: 200 bytes after the 40-byte block
// expect: in main *overflow_wide.c:18
// expect: in main *overflow_wide.c:15
// status: 0
#include <stdlib.h>

int main(void)
{
	char *block = malloc(40);

	block[240] = 1;
	free(block);
	return 0;
}
