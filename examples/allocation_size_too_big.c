/* SPDX-License-Identifier: MIT
 *
 * allocation-size-too-big: a length of -1, which meant an error, is used as a size.
 *
 *     malloc-debug run --bad-requests=report -- build/examples/allocation_size_too_big
 *
 * malloc() fails with ENOMEM, as it must; that is silent unless bad_requests=report.
 */
// options: bad_requests=report
// expect: ERROR: malloc-debug: allocation-size-too-big
// expect: malloc was asked for 18446744073709551615 bytes*which is -1 as a signed number
// expect: in main *allocation_size_too_big.c:22
// expect: SUMMARY: malloc-debug: allocation-size-too-big *allocation_size_too_big.c:22 in main
// status: 0
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
	long length = readlink("/no/such/link", (char[16]){ 0 }, 16); /* -1 */
	char *target = malloc((size_t)length);

	puts(target ? "read" : "no target");
	free(target);
	return 0;
}
