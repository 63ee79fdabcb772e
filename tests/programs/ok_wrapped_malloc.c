/* SPDX-License-Identifier: MIT
 *
 * A program that counts its own allocations, with the linker's --wrap and a header of its own before each block, as many do.
 */
// build: -Wl,--wrap=malloc,--wrap=free,--wrap=realloc,--wrap=calloc
#include <string.h>

#include "tests/programs/ok.h"

struct header {
	size_t size;
	size_t magic;
};

#define MAGIC 0x77726170u

void *__real_malloc(size_t size);
void __real_free(void *p);
void *__real_realloc(void *p, size_t size);

static size_t live;

void *__wrap_malloc(size_t size)
{
	struct header *header = __real_malloc(sizeof *header + size);

	if (!header)
		return NULL;
	*header = (struct header){ size, MAGIC };
	live += size;
	return header + 1;
}

void __wrap_free(void *p)
{
	if (!p)
		return;
	struct header *header = (struct header *)p - 1;

	CHECK(header->magic == MAGIC);
	header->magic = 0;
	live -= header->size;
	__real_free(header);
}

void *__wrap_realloc(void *p, size_t size)
{
	struct header *header = p ? (struct header *)p - 1 : NULL;
	size_t old = header ? header->size : 0;

	CHECK(!header || header->magic == MAGIC);
	header = __real_realloc(header, sizeof *header + size);
	if (!header)
		return NULL;
	*header = (struct header){ size, MAGIC };
	live += size - old;
	return header + 1;
}

void *__wrap_calloc(size_t count, size_t size)
{
	void *p = __wrap_malloc(count * size);

	return p ? memset(p, 0, count * size) : NULL;
}

int main(void)
{
	char *blocks[100] = { 0 };

	for (size_t i = 0; i < 20000; i++) {
		char **slot = &blocks[i * 7 % 100];
		size_t size = i * 13 % 3000 + 1;

		if (i % 5 == 0) {
			free(*slot);
			*slot = calloc(size, 2);
			size *= 2;
		} else {
			*slot = realloc(*slot, size);
		}
		CHECK(*slot);
		(*slot)[size - 1] = 1;
	}
	for (int i = 0; i < 100; i++)
		free(blocks[i]);
	CHECK(live == 0);
	char *text = strdup("from the C library, which calls its own malloc");

	CHECK(text);
	__real_free(text);
	puts("ok");
	return 0;
}
