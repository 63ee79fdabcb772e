/* SPDX-License-Identifier: MIT
 *
 * Growing buffers: many short ones that grow by a few bytes at a time, as careless string code does, and some that double up to 16 MiB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/programs/random.h"

static char *resize(char *buffer, size_t bytes)
{
	buffer = realloc(buffer, bytes);
	if (!buffer)
		abort();
	return buffer;
}

int main(int argc, char **argv)
{
	long strings = argc > 1 ? atol(argv[1]) : 160000;
	uint64_t seed = 3, sum = 0;

	for (long i = 0; i < strings; i++) {
		char *text = NULL;
		size_t length = 0, goal = random_next(&seed) % 1200;

		while (length < goal) {
			size_t more = 1 + random_next(&seed) % 15;

			text = resize(text, length + more);
			memset(text + length, (int)length, more);
			length += more;
		}
		for (size_t k = 0; k < length; k += 64)
			sum += (unsigned char)text[k];
		free(text);
	}
	for (int i = 0; i < 8; i++) {
		char *buffer = NULL;

		for (size_t bytes = 4096, filled = 0; bytes <= 16u << 20; filled = bytes, bytes *= 2) {
			buffer = resize(buffer, bytes);
			memset(buffer + filled, i, bytes - filled);
		}
		sum += (unsigned char)buffer[(16u << 20) - 1];
		free(buffer);
	}
	printf("%llu\n", (unsigned long long)sum);
	return 0;
}
