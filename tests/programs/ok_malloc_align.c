/* SPDX-License-Identifier: MIT
 *
 * Alignments: 16 for every size; aligned_alloc with a size that is no multiple; memalign with an alignment that is no power of two, which
 * glibc rounds up; whole pages from valloc and pvalloc; large alignments; contents kept by realloc of aligned blocks.
 */
#include <malloc.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "tests/programs/ok.h"

#define ALIGNED(p, alignment) CHECK((p) != NULL && (uintptr_t)(p) % (alignment) == 0)

int main(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t size = 0; size < 5000; size += size < 300 ? 1 : 97) {
		char *p = malloc(size), *q = calloc(1, size), *r = realloc(NULL, size);

		ALIGNED(p, 16);
		ALIGNED(q, 16);
		ALIGNED(r, 16);
		for (size_t i = 0; i < size; i++)
			CHECK(q[i] == 0);
		memset(p, 1, size);
		memset(q, 2, size);
		memset(r, 3, size);
		free(p);
		free(q);
		free(r);
	}
	for (size_t alignment = 1; alignment <= 1 << 22; alignment *= 2) {
		for (size_t size = 1; size < 100000; size = size * 7 + 1) {
			char *p = aligned_alloc(alignment, size), *q = memalign(alignment, size);
			void *r = NULL;

			ALIGNED(p, alignment);
			ALIGNED(q, alignment);
			memset(p, 4, size);
			memset(q, 5, size);
			if (alignment >= sizeof(void *)) {
				CHECK(posix_memalign(&r, alignment, size) == 0);
				ALIGNED(r, alignment);
				memset(r, 6, size);
				free(r);
			}
			p = realloc(p, size + 1000);
			for (size_t i = 0; i < size; i++)
				CHECK(p[i] == 4);
			free(p);
			free(q);
		}
	}
	volatile size_t odd = 24;
	char *p = memalign(odd, 100); /* 32 */
	ALIGNED(p, 32);
	free(p);
	odd = 3 * 1024;
	p = memalign(odd, 100);
	ALIGNED(p, 4096);
	free(p);

	p = valloc(10);
	ALIGNED(p, page);
	free(p);
	p = pvalloc(page + 1); /* two pages, all of them the program's */
	ALIGNED(p, page);
	memset(p, 7, 2 * page);
	CHECK(malloc_usable_size(p) >= 2 * page);
	free(p);
	puts("ok");
	return 0;
}
