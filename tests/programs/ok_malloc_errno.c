/* SPDX-License-Identifier: MIT
 *
 * Requests that cannot be served: NULL and ENOMEM (EINVAL where specified) from every interface, the old block untouched; and errno left
 * alone by success and by free.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <string.h>

#include "tests/programs/ok.h"

#define FAILS(call, error) \
	do { \
		errno = 0; \
		CHECK((call) == NULL); \
		CHECK(errno == (error)); \
	} while (0)

int main(void)
{
	static const size_t absurd[] = { SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 16, SIZE_MAX - 4096, (size_t)PTRDIFF_MAX + 1,
		SIZE_MAX / 2 + 4096 };
	volatile size_t size; /* keeps the compiler from judging the calls */
	char *old = malloc(100);

	memset(old, 'x', 100);
	for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
		void *p = (void *)1;

		size = absurd[i];
		FAILS(malloc(size), ENOMEM);
		FAILS(calloc(size, 1), ENOMEM);
		FAILS(calloc(1, size), ENOMEM);
		FAILS(realloc(NULL, size), ENOMEM);
		FAILS(realloc(old, size), ENOMEM);
		FAILS(reallocarray(old, size, 1), ENOMEM);
		FAILS(memalign(64, size), ENOMEM);
		FAILS(aligned_alloc(64, size), ENOMEM);
		FAILS(valloc(size), ENOMEM);
		FAILS(pvalloc(size), ENOMEM);
		CHECK(posix_memalign(&p, 64, size) == ENOMEM);
		CHECK(p == (void *)1);
	}
	size = SIZE_MAX / 2;
	FAILS(calloc(size, 3), ENOMEM);
	FAILS(calloc(3, size), ENOMEM);
	FAILS(reallocarray(old, size, 3), ENOMEM);
	FAILS(reallocarray(NULL, size, 3), ENOMEM);
	for (int i = 0; i < 100; i++)
		CHECK(old[i] == 'x');

	void *p = (void *)1;
	CHECK(posix_memalign(&p, 0, 8) == EINVAL);
	CHECK(posix_memalign(&p, 4, 8) == EINVAL);
	CHECK(posix_memalign(&p, 24, 8) == EINVAL);
	CHECK(p == (void *)1);

	errno = 12345;
	CHECK(posix_memalign(&p, 64, 1000) == 0);
	free(p);
	p = malloc(1 << 22); /* large: mapped, and unmapped by free */
	p = realloc(p, 1 << 23);
	free(p);
	free(calloc(100, 10));
	free(NULL);
	free(old);
	CHECK(errno == 12345);
	puts("ok");
	return 0;
}
