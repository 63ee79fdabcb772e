/* SPDX-License-Identifier: MIT
 *
 * A write that skips a few bytes: the report says how far behind the block it is.
 */
// options: calls=no
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: 5 bytes after the 20-byte block
// expect: 3 bytes were changed
// expect: The bytes look like text: "far"
// expect: in main *overflow_far.c:21
// expect: in main *overflow_far.c:18
// status: 0
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *block = malloc(20);

	memcpy(block + 25, "far", 3);
	free(block);
	return 0;
}
