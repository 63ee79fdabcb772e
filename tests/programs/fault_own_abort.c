/* SPDX-License-Identifier: MIT
 *
 * on_error=abort: one report, although aborts are reported, too.
 */
// options: crashes=abrt:on_error=abort
// signal: 6
// expect: ERROR: malloc-debug: double-free
#include <stdlib.h>

int main(void)
{
	char *block = malloc(10);

	free(block);
	free(block);
	return 0;
}
