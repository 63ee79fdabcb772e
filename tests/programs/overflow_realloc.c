/* SPDX-License-Identifier: MIT
 *
 * Damage found when the block is resized; the contents are kept.
 */
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: directly after the 100-byte block
// expect: Found when the block was resized
// expect: in main *overflow_realloc.c:22
// expect: in main *overflow_realloc.c:18
// output: kept
// status: 0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *block = malloc(100);

	strcpy(block, "kept");
	block[100] = 1;
	block = realloc(block, 300);
	puts(block);
	free(block);
	return 0;
}
