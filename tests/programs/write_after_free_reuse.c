/* SPDX-License-Identifier: MIT
 *
 * A write after free, found when the block leaves the quarantine because others were freed after it.
 */
// options: quarantine=64k guard=off calls=no
// expect: ERROR: malloc-debug: heap-use-after-free
// expect: 10 bytes inside the 200-byte block
// expect: Found when the block left the quarantine
// expect: in main *write_after_free_reuse.c:19
// expect: in main *write_after_free_reuse.c:17
// status: 0
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *block = malloc(200);

	free(block);
	memcpy(block + 10, "too late", 8);
	for (int i = 0; i < 20000; i++)
		free(malloc(200));
	return 0;
}
