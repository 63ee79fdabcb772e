/* SPDX-License-Identifier: MIT
 *
 * malloc_usable_size gives at least what was asked for, all of it may be written, and realloc keeps it.
 */
#include <malloc.h>
#include <string.h>

#include "tests/programs/ok.h"

int main(void)
{
	for (size_t size = 0; size < 3 << 20; size = size < 70 ? size + 1 : size * 3 / 2) {
		char *p = malloc(size);
		size_t usable = malloc_usable_size(p);

		CHECK(usable >= size);
		memset(p, 'a', usable);
		p = realloc(p, usable + 50);
		CHECK(malloc_usable_size(p) >= usable + 50);
		for (size_t i = 0; i < usable; i++)
			CHECK(p[i] == 'a');
		memset(p, 'b', malloc_usable_size(p));
		p = realloc(p, size / 2 + 1);
		for (size_t i = 0; i < size / 2 + 1; i++)
			CHECK(p[i] == 'b');
		free(p);
	}
	puts("ok");
	return 0;
}
