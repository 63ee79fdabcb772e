/* SPDX-License-Identifier: MIT
 *
 * Allocates and frees at once, always the same few sizes: the shortest path of every allocator.
 */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	long pairs = argc > 1 ? atol(argv[1]) : 10000000;
	unsigned long sum = 0;

	for (long i = 0; i < pairs; i++) {
		char *block = malloc(i & 1 ? 40 : 120);

		if (!block)
			return 1;
		block[0] = (char)i;
		sum += (unsigned char)block[0];
		free(block);
	}
	printf("%lu\n", sum);
	return 0;
}
