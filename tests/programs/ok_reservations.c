/* SPDX-License-Identifier: MIT
 *
 * Reservations of 16 TiB that are never touched, with and without access, some pages of them used; and alignments up to 1 GiB. Nobody walks through them,
 * not at exit either.
 */
#include <malloc.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "tests/programs/ok.h"

#define TIB ((size_t)1 << 40)

int main(void)
{
	struct rusage usage;
	static char *reserved, *open;

	reserved = mmap(NULL, 16 * TIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	open = mmap(NULL, 16 * TIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(reserved != MAP_FAILED && open != MAP_FAILED);
	char **here = (char **)(open + 7 * TIB);

	*here = malloc(100); /* only found by who looks there */
	CHECK(mprotect(reserved + 3 * TIB, 4096, PROT_READ | PROT_WRITE) == 0);
	reserved[3 * TIB] = 1;
	for (size_t alignment = 4096; alignment <= (size_t)1 << 30; alignment *= 2) {
		char *block = aligned_alloc(alignment, alignment), *other = NULL;

		CHECK(block && (uintptr_t)block % alignment == 0);
		CHECK(posix_memalign((void **)&other, alignment, 100) == 0 && (uintptr_t)other % alignment == 0);
		block[0] = block[alignment - 1] = 1;
		memset(other, 1, 100);
		CHECK(malloc_usable_size(other) >= 100);
		free(block);
		other = realloc(other, 200);
		CHECK(other && other[0] == 1 && other[99] == 1);
		free(other);
		block = memalign(alignment, 1);
		CHECK(block && (uintptr_t)block % alignment == 0);
		free(block);
	}
	getrusage(RUSAGE_SELF, &usage);
	CHECK(usage.ru_maxrss < 64 << 10);
	puts("ok");
	return 0;
}
