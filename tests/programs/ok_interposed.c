/* SPDX-License-Identifier: MIT
 *
 * Proof of interposition: a thousand blocks are counted by the library and leave glibc's own heap as it was; without the library it is the
 * other way round. With the argument "active" the library must be there.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <malloc_debug.h>
#include <string.h>

#include "tests/programs/ok.h"

#define BLOCKS 1000

int main(int argc, char **argv)
{
	static void *blocks[BLOCKS];
	/* By handle: the name alone would be found in the library first. */
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	CHECK(libc);
	struct mallinfo2 (*glibc_info)(void) = (struct mallinfo2(*)(void))dlsym(libc, "mallinfo2");
	CHECK(glibc_info);
	struct malloc_debug_counts before, after;
	int active = malloc_debug_active();

	if (argc > 1 && strcmp(argv[1], "active") == 0)
		CHECK(active);
	if (active)
		CHECK(malloc_debug_counters(&before, sizeof before) == 0);
	size_t glibc_before = glibc_info().uordblks;
	for (int i = 0; i < BLOCKS; i++)
		CHECK(blocks[i] = malloc(100));
	size_t glibc_grown = glibc_info().uordblks - glibc_before;
	if (active) {
		CHECK(malloc_debug_counters(&after, sizeof after) == 0);
		CHECK(after.allocations - before.allocations == BLOCKS);
		CHECK(after.live_bytes - before.live_bytes == BLOCKS * 100);
		CHECK(glibc_grown == 0);
	} else {
		CHECK(glibc_grown >= BLOCKS * 100);
	}
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	if (active) {
		CHECK(malloc_debug_counters(&after, sizeof after) == 0);
		CHECK(after.frees - before.frees == BLOCKS);
		CHECK(after.live_bytes == before.live_bytes);
	}
	puts("ok");
	return 0;
}
