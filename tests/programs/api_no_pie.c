/* SPDX-License-Identifier: MIT
 *
 * The public header in a program at fixed addresses: prints whether the library answers.
 */
// build: -no-pie -fno-pie
// output: active 1, check 0
#include <malloc_debug.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	void *block = malloc(10);

	printf("active %d, check %d\n", malloc_debug_active(), malloc_debug_check(block));
	free(block);
	return 0;
}
