/* SPDX-License-Identifier: MIT
 *
 * A program as of 2010: it asks for the memcpy that was memmove, and relies on it.
 */
// options: calls=yes
// build: -fno-builtin
#include <stdlib.h>
#include <string.h>

#include "tests/programs/ok.h"

__asm__(".symver old_memcpy, memcpy@GLIBC_2.2.5");
void *old_memcpy(void *to, const void *from, size_t n);

int main(void)
{
	char *block = malloc(20);

	memset(block, 0, 20);
	old_memcpy(block, "0123456789", 10);
	old_memcpy(block + 2, block, 10);
	CHECK(!strcmp(block, "010123456789"));
	free(block);
	puts("ok");
	return 0;
}
