/* SPDX-License-Identifier: MIT
 *
 * The same bug a thousand times: one report, and all are counted.
 */
// options: guard=off
// expect: ERROR: malloc-debug: heap-buffer-overflow
// errors: 1
// output: findings 1000, reports 1
// status: 0
#include <malloc_debug.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	struct malloc_debug_counts counts = { 0 };

	for (int i = 0; i < 1000; i++) {
		char *block = malloc(40);

		block[40] = 0;
		free(block);
	}
	malloc_debug_counters(&counts, sizeof counts);
	printf("findings %lu, reports %lu\n", counts.findings, counts.reports);
	return 0;
}
