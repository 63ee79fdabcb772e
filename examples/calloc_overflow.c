/* SPDX-License-Identifier: MIT
 *
 * calloc-overflow: a count read from a damaged file is multiplied with the size of a record, and the product does not fit.
 *
 *     malloc-debug run --bad-requests=report -- build/examples/calloc_overflow
 *
 * calloc() fails with ENOMEM, as it must; that is silent unless bad_requests=report.
 */
// options: bad_requests=report
// expect: ERROR: malloc-debug: calloc-overflow
// expect: calloc was asked for count * size bytes
// expect: in main *calloc_overflow.c:22
// expect: SUMMARY: malloc-debug: calloc-overflow *calloc_overflow.c:22 in main
// status: 0
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	const size_t count_in_file = SIZE_MAX / 8;
	void *records = calloc(count_in_file, 16);

	puts(records ? "read" : "cannot hold the records");
	free(records);
	return 0;
}
