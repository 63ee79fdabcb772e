/* SPDX-License-Identifier: MIT
 *
 * realloc: growth in steps to 256 MiB, shrinking, growth byte by byte, and large blocks, with contents kept.
 */
#include <string.h>

#include "tests/programs/ok.h"

/* Marks a byte in each page, so that large blocks are followed without touching all of them. */
static void mark(unsigned char *p, size_t from, size_t to)
{
	for (size_t i = (from + 4095) / 4096 * 4096; i < to; i += 4096)
		p[i] = (unsigned char)(i / 4096 * 31 + 7);
}

static void check(const unsigned char *p, size_t size)
{
	for (size_t i = 0; i < size; i += 4096)
		CHECK(p[i] == (unsigned char)(i / 4096 * 31 + 7));
}

int main(void)
{
	unsigned char *p = NULL;
	size_t size = 0;

	while (size < 256u << 20) {
		size_t larger = size < 64 ? size + 1 : size + size / 2 + 3;

		CHECK(p = realloc(p, larger));
		mark(p, size, larger);
		check(p, larger);
		size = larger;
	}
	while (size > 100) {
		size = size * 2 / 3;
		CHECK(p = realloc(p, size));
		check(p, size);
	}
	free(p);

	char *text = NULL;
	for (size_t length = 0; length < 20000; length++) {
		CHECK(text = realloc(text, length + 1));
		text[length] = (char)('a' + length % 26);
	}
	for (size_t i = 0; i < 20000; i++)
		CHECK(text[i] == (char)('a' + i % 26));
	free(text);
	puts("ok");
	return 0;
}
