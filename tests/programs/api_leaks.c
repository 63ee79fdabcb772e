/* SPDX-License-Identifier: MIT
 *
 * The calls about leaks: what is ignored, and memory that is named as a root. Prints after each step how many blocks are leaked.
 */
// options: leaks=no
// output: nothing yet: 0 with 0 bytes
// output: lost: 3 with 111 bytes
// output: one ignored: 1
// output: in a scope: 1
// output: behind it: 2
// output: shared memory: 3
// output: named: 2
// output: no longer named: 3
// output: not a block: -22 -22 -22
// output: scopes: 0 0 0 0 -22
// output: ranges: -22 -22 -2 0 -2
// output: full: 1024, then -28
// output: descriptors: -9
#include <malloc_debug.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/programs/ok.h"

#define APART __attribute__((noinline, noclone))

static uintptr_t hidden;
static int nowhere;

static APART void lose(size_t bytes)
{
	memset(malloc(bytes), 1, bytes);
}

/* A block that holds another one. */
static APART void lose_pair(void)
{
	char **holder = calloc(1, 16);

	*holder = malloc(64);
	hidden = ~(uintptr_t)holder;
}

static APART int ignore_pair(void)
{
	return malloc_debug_ignore((void *)~hidden);
}

static APART void hand_over(void **shared)
{
	*shared = malloc(500);
}

/* Overwrites what calls before have left below: the frames of the next call would have it in their gaps. */
static APART void wipe(void)
{
	volatile char below[8192];

	for (size_t i = 0; i < sizeof below; i++)
		below[i] = 0;
}

static APART void print_blocks(const char *step)
{
	printf("%s: %ld\n", step, malloc_debug_check_leaks(nowhere, NULL));
}

static APART void print_bytes(const char *step)
{
	size_t bytes = 12345;
	long blocks = malloc_debug_check_leaks(nowhere, &bytes);

	printf("%s: %ld with %zu bytes\n", step, blocks, bytes);
}

int main(void)
{
	void **shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *kept = malloc(10);
	static char many[1025];
	int added = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	nowhere = open("/dev/null", O_WRONLY);
	print_bytes("nothing yet");
	lose(31);
	lose_pair();
	wipe();
	print_bytes("lost");
	CHECK(ignore_pair() == 0);
	wipe();
	print_blocks("one ignored");

	CHECK(malloc_debug_ignore_begin() == 0);
	lose(100);
	lose_pair();
	CHECK(malloc_debug_ignore_end() == 0);
	wipe();
	print_blocks("in a scope");
	lose(100);
	wipe();
	print_blocks("behind it");

	hand_over(shared);
	wipe();
	print_blocks("shared memory");
	CHECK(malloc_debug_root_add(shared, 4096) == 0);
	wipe();
	print_blocks("named");
	CHECK(malloc_debug_root_remove(shared, 4096) == 0);
	wipe();
	print_blocks("no longer named");

	printf("not a block: %d %d %d\n", malloc_debug_ignore(NULL), malloc_debug_ignore(kept + 1), malloc_debug_ignore(&shared));
	printf("scopes: %d", malloc_debug_ignore_begin());
	printf(" %d", malloc_debug_ignore_begin());
	printf(" %d", malloc_debug_ignore_end());
	printf(" %d", malloc_debug_ignore_end());
	printf(" %d\n", malloc_debug_ignore_end());
	printf("ranges: %d %d %d", malloc_debug_root_add(shared, 0), malloc_debug_root_add(shared, SIZE_MAX),
		malloc_debug_root_remove(shared, 4096));
	CHECK(malloc_debug_root_add(many, 8) == 0);
	printf(" %d", malloc_debug_root_remove(many, 8));
	printf(" %d\n", malloc_debug_root_remove(many, 8));
	while (malloc_debug_root_add(many + added, 1) == 0)
		added++;
	printf("full: %d, then %d\n", added, malloc_debug_root_add(many, 1));
	for (int i = 0; i < added; i++)
		CHECK(malloc_debug_root_remove(many + i, 1) == 0);
	printf("descriptors: %ld\n", malloc_debug_check_leaks(-1, NULL));
	free(kept);
	return 0;
}
