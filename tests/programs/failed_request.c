/* SPDX-License-Identifier: MIT
 *
 * Requests that fail as specified: silent by default, and in the history.
 */
// errors: 0
// output: failed
// output: calloc-overflow
// status: 0
#include <malloc_debug.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
	volatile size_t count = SIZE_MAX / 2;
	void *block = calloc(count, 8);

	if (!block)
		malloc_debug_show_history(STDOUT_FILENO, NULL, 20);
	free(block);
	return 0;
}
