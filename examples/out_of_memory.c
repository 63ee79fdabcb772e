/* SPDX-License-Identifier: MIT
 *
 * out-of-memory: a request is larger than what the limit of the process leaves.
 *
 *     malloc-debug run --bad-requests=report -- build/examples/out_of_memory
 *
 * malloc() fails with ENOMEM, as it must; that is silent unless bad_requests=report.
 */
// options: bad_requests=report
// expect: ERROR: malloc-debug: out-of-memory
// expect: malloc was asked for 1073741824 bytes
// expect: in main *out_of_memory.c:26
// expect: SUMMARY: malloc-debug: out-of-memory *out_of_memory.c:26 in main
// status: 0
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

int main(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = 256 << 20; /* as `ulimit -Sv 262144` */
	setrlimit(RLIMIT_AS, &limit);
	char *image = malloc(1024u << 20);

	puts(image ? "loaded" : "no memory for the image");
	free(image);
	return 0;
}
