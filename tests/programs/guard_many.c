/* SPDX-License-Identifier: MIT
 *
 * Many blocks in use at a time: the argument says how many, 1000 without. Each holds what is written into it. For tests/system/test_guard.c.
 */
#include <stdint.h>
#include <string.h>

#include "tests/programs/ok.h"

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	static uint32_t **blocks; /* no leaks */

	CHECK(blocks = malloc(count * sizeof *blocks));
	for (size_t i = 0; i < count; i++) {
		blocks[i] = malloc(24);
		CHECK(blocks[i]);
		for (unsigned word = 0; word < 6; word++)
			blocks[i][word] = (uint32_t)(i * 7 + word);
	}
	for (size_t i = 0; i < count; i++)
		for (unsigned word = 0; word < 6; word++)
			CHECK(blocks[i][word] == (uint32_t)(i * 7 + word));
	puts("ok");
	return 0;
}
