/* SPDX-License-Identifier: MIT
 *
 * Zero sizes and NULL: every interface gives a distinct pointer that can be freed, and realloc(p, 0) frees p and gives NULL, as glibc does.
 */
#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "tests/programs/ok.h"

int main(void)
{
	void *p[9] = { malloc(0), calloc(0, 4), calloc(4, 0), realloc(NULL, 0), reallocarray(NULL, 0, 8), aligned_alloc(64, 0),
		memalign(64, 0), valloc(0), NULL };

	CHECK(posix_memalign(&p[8], 64, 0) == 0);
	for (int i = 0; i < 9; i++) {
		CHECK(p[i]);
		CHECK((size_t)p[i] % 16 == 0);
		for (int j = 0; j < i; j++)
			CHECK(p[i] != p[j]);
	}
	for (int i = 0; i < 9; i++)
		free(p[i]);
	free(pvalloc(0));
	free(NULL);
	CHECK(malloc_usable_size(NULL) == 0);

	char *block = malloc(10);
	errno = 0;
	CHECK(realloc(block, 0) == NULL); /* frees it */
	CHECK(errno == 0);
	block = malloc(10);
	CHECK(reallocarray(block, 0, 8) == NULL);
	block = realloc(NULL, 10);
	memset(block, 1, 10);
	free(block);
	puts("ok");
	return 0;
}
