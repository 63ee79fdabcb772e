/* SPDX-License-Identifier: MIT
 *
 * invalid-allocation-alignment: the size of a structure is taken for its alignment.
 *
 *     malloc-debug run --bad-requests=report -- build/examples/invalid_allocation_alignment
 *
 * posix_memalign() fails with EINVAL, as it must; that is silent unless bad_requests=report.
 */
// options: bad_requests=report
// expect: ERROR: malloc-debug: invalid-allocation-alignment
// expect: posix_memalign was asked for an alignment of 24
// expect: in main *invalid_allocation_alignment.c:26
// expect: SUMMARY: malloc-debug: invalid-allocation-alignment *invalid_allocation_alignment.c:26 in main
// status: 0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sample {
	double value, weight, error;
};

int main(void)
{
	void *samples = NULL;
	int error = posix_memalign(&samples, sizeof(struct sample), 100 * sizeof(struct sample)); /* 24 */

	printf("posix_memalign: %s\n", strerror(error));
	free(samples);
	return 0;
}
