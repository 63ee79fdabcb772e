/* SPDX-License-Identifier: MIT
 *
 * A bug that strikes once in some 10 000 blocks of one stack: a raw store at random distance behind the block, within its red zone. What
 * it did is seen when the block is freed, but not who did it; from then on the blocks of that stack are guarded and watched, so a later
 * strike is seen when it happens.
 */
// options: guard=auto
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: WRITE of size 1
// expect: in strike *watch_strikes.c:23
// errors: any
// output: strikes: 6
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 12;

static __attribute__((noinline)) void strike(volatile char *at)
{
	*at = 'x';
}

static unsigned draw(unsigned bound)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (unsigned)((state * 0x2545f4914f6cdd1dull) >> 40) % bound;
}

static __attribute__((noinline)) char *make(size_t size)
{
	return malloc(size);
}

int main(void)
{
	int strikes = 0;

	for (int i = 0; i < 60000; i++) {
		size_t size = 16 + draw(200);
		char *block = make(size);

		memset(block, 0, size);
		if (draw(10000) == 0) {
			strike(block + size + draw(16));
			strikes++;
		}
		free(block);
	}
	printf("strikes: %d\n", strikes);
	return 0;
}
