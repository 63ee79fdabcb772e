/* SPDX-License-Identifier: MIT
 *
 * Every function for strings and memory, on young blocks of every size from 1 to 256, from every place near their begins and up to their
 * last byte: the C library's read whole vectors, which often begin before a block or end behind it, and nobody may complain. The
 * argument, if there is one, is how often.
 */
// build: -fno-builtin
#include "tests/programs/ok.h"
#include "tests/programs/strings.h"

#define SIZE_MAX_TRIED 256

static void try(void (*use)(struct pair), size_t size, size_t unit)
{
	char *a = malloc(size), *b = malloc(size), *room = malloc(3 * size + 64);

	for (size_t from = 0; from + unit <= size && from < 72; from += unit) {
		fill(a, size, unit);
		fill(b, size, unit);
		use((struct pair){ a + from, b + from, size - from, room });
	}
	free(a);
	free(b);
	free(room);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 1;

	while (rounds-- > 0) {
		for (size_t size = 1; size <= SIZE_MAX_TRIED; size++) {
			for (size_t i = 0; i < sizeof narrow / sizeof *narrow; i++)
				try(narrow[i], size, 1);
			if (size % sizeof(wchar_t) == 0)
				try(wide, size, sizeof(wchar_t));
		}
	}
	puts("ok");
	return 0;
}
