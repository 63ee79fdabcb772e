/* SPDX-License-Identifier: MIT
 *
 * A program with a malloc of its own, and only a part of the family: it is used by the C library too, and the rest must not mix with it.
 */
#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "tests/programs/ok.h"

static _Alignas(16) char pool[4 << 20];
static size_t used;
static int calls;

/* Each block is preceded by its size. Nothing is used twice. */
void *malloc(size_t size)
{
	size_t need = (size + 31) & ~(size_t)15;

	calls++;
	if (need < size || need > sizeof pool - used) {
		errno = ENOMEM;
		return NULL;
	}
	char *block = pool + used;
	*(size_t *)block = size;
	used += need;
	return block + 16;
}

void free(void *p)
{
	if (p && ((char *)p < pool || (char *)p >= pool + sizeof pool))
		_Exit(7); /* not ours: mixed up with another allocator */
}

void *calloc(size_t count, size_t size)
{
	return size && count > sizeof pool / size ? NULL : malloc(count * size); /* the pool is zeroed and never reused */
}

void *realloc(void *old, size_t size)
{
	void *p = malloc(size);

	if (p && old) {
		size_t before = ((size_t *)old)[-2];
		memcpy(p, old, before < size ? before : size);
	}
	return p;
}

size_t malloc_usable_size(void *p)
{
	return p ? ((size_t *)p)[-2] : 0;
}

int main(void)
{
	int before = calls;
	char *copy = strdup("through the C library"), *line = NULL;

	CHECK(calls > before);
	CHECK(copy >= pool && copy < pool + sizeof pool);
	CHECK(malloc_usable_size(copy) == 22);
	free(copy);
	CHECK(asprintf(&line, "%d", 12345) == 5);
	free(line);
	line = realloc(NULL, 10);
	strcpy(line, "123456789");
	line = realloc(line, 1000);
	CHECK(strcmp(line, "123456789") == 0);
	free(line);
	CHECK(used > 0);
	puts("ok");
	return 0;
}
