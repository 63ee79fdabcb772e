/* SPDX-License-Identifier: MIT
 *
 * One byte past a block of a million bytes, and past one with an alignment of 4096.
 */
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: directly after the 1000001-byte block
// expect: in main *overflow_large.c:16
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: directly after the 5000-byte block
// expect: in main *overflow_large.c:17
// status: 0
#include <stdlib.h>

int main(void)
{
	char *large = malloc(1000001);
	char *aligned = aligned_alloc(4096, 5000);

	large[1000001] = 1;
	aligned[5000] = 1;
	free(large);
	free(aligned);
	return 0;
}
