/* SPDX-License-Identifier: MIT
 *
 * pvalloc-overflow: a negative number becomes a size close to SIZE_MAX, which cannot be rounded up to whole pages.
 *
 *     malloc-debug run --bad-requests=report -- build/examples/pvalloc_overflow
 *
 * pvalloc() fails with ENOMEM, as it must; that is silent unless bad_requests=report.
 */
// options: bad_requests=report
// expect: ERROR: malloc-debug: pvalloc-overflow
// expect: pvalloc was asked for 18446744073709551612 bytes
// expect: in main *pvalloc_overflow.c:22
// expect: SUMMARY: malloc-debug: pvalloc-overflow *pvalloc_overflow.c:22 in main
// status: 0
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	int length = 10, header = 14;
	void *body = pvalloc((size_t)(length - header));

	puts(body ? "read" : "no body");
	free(body);
	return 0;
}
