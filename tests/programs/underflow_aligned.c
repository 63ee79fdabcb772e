/* SPDX-License-Identifier: MIT
 *
 * One byte before a block with an alignment of 1024, where the padding is.
 */
// options: guard=off
// expect: ERROR: malloc-debug: heap-buffer-underflow
// expect: 1 byte before the 100-byte block
// expect: in main *underflow_aligned.c:19
// expect: in main *underflow_aligned.c:17
// status: 0
#include <stdlib.h>

int main(void)
{
	void *block = NULL;

	if (posix_memalign(&block, 1024, 100) == 0)
		((char *)block)[-1] = 1;
	free(block);
	return 0;
}
