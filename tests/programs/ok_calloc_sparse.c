/* SPDX-License-Identifier: MIT
 *
 * calloc of 8 GiB of which two bytes are used: fresh pages are not touched, so that memory stays small.
 */
#include <string.h>
#include <sys/resource.h>

#include "tests/programs/ok.h"

int main(void)
{
	const size_t size = (size_t)8 << 30;
	struct rusage usage;
	char *p = calloc(size, 1);

	if (!p) { /* a system that does not overcommit */
		puts("no room");
		return 0;
	}
	CHECK(p[0] == 0 && p[size / 2] == 0 && p[size - 1] == 0);
	p[1] = 1;
	p[size - 2] = 1;
	free(p);
	p = malloc(size);
	if (p)
		p[size / 3] = 1;
	free(p);
	getrusage(RUSAGE_SELF, &usage);
	CHECK(usage.ru_maxrss < 200 * 1024); /* kB */
	puts("ok");
	return 0;
}
