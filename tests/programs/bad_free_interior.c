/* SPDX-License-Identifier: MIT
 *
 * free of a pointer inside a live block, of one at its end, and of one inside a freed block. The live one stays usable.
 */
// expect: ERROR: malloc-debug: bad-free
// expect: 40 bytes inside the 100-byte block
// expect: in main *bad_free_interior.c:25
// expect: in main *bad_free_interior.c:23
// expect: ERROR: malloc-debug: bad-free
// expect: directly after the 100-byte block
// expect: in main *bad_free_interior.c:26
// expect: ERROR: malloc-debug: bad-free
// expect: 16 bytes inside the 100-byte block
// expect: in main *bad_free_interior.c:30
// output: usable
// status: 0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *block = malloc(100);

	free(block + 40);
	free(block + 100);
	strcpy(block, "usable");
	puts(block);
	free(block);
	free(block + 16);
	return 0;
}
