/* SPDX-License-Identifier: MIT
 *
 * Damage found while the program goes on, by the check after every few calls.
 */
// options: check_every=10
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: directly after the 30-byte block
// expect: Found by the periodic check
// expect: in main *overflow_periodic.c:16
// errors: 1
// status: 0
#include <stdlib.h>

int main(void)
{
	char *block = malloc(30);

	block[30] = 1;
	for (int i = 0; i < 100; i++)
		free(malloc(50));
	free(block);
	return 0;
}
