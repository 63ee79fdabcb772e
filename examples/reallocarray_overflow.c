/* SPDX-License-Identifier: MIT
 *
 * reallocarray-overflow: a table is doubled until count times size does not fit any more.
 *
 *     malloc-debug run --bad-requests=report -- build/examples/reallocarray_overflow
 *
 * reallocarray() fails with ENOMEM and leaves the table alone, as it must; that is silent unless bad_requests=report.
 */
// options: bad_requests=report
// expect: ERROR: malloc-debug: reallocarray-overflow
// expect: reallocarray was asked for count * size bytes
// expect: in main *reallocarray_overflow.c:25
// expect: SUMMARY: malloc-debug: reallocarray-overflow *reallocarray_overflow.c:25 in main
// status: 0
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	size_t count = 4;
	long *table = calloc(count, sizeof *table);

	count = SIZE_MAX / 4; /* a length from the network, not checked */
	long *larger = reallocarray(table, count, sizeof *table);

	puts(larger ? "grown" : "table stays as it is");
	free(larger ? larger : table);
	return 0;
}
