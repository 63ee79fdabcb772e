/* SPDX-License-Identifier: MIT
 *
 * What the calls answer to bad arguments, and that they leave errno alone.
 */
// output: ok
#include <malloc_debug.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "tests/programs/ok.h"

int main(void)
{
	static int global;
	char *block = malloc(100), *freed = malloc(100);
	struct malloc_debug_counts counts;

	free(freed);
	errno = 12345;
	CHECK(malloc_debug_active() == 1);
	CHECK(malloc_debug_version() && malloc_debug_version()[0] >= '0' && malloc_debug_version()[0] <= '9');
	CHECK(malloc_debug_check(block) == 0);
	CHECK(malloc_debug_check(freed) == 0); /* held back, and not written to */
	CHECK(malloc_debug_check(block + 8) == -EINVAL);
	CHECK(malloc_debug_check(&global) == -EINVAL);
	CHECK(malloc_debug_check(NULL) == -EINVAL);
	CHECK(malloc_debug_check((void *)UINT64_C(0x8000000000000000)) == -EINVAL);
	CHECK(malloc_debug_check_all() == 0);
	CHECK(malloc_debug_show_map(-1) == -EBADF);
	CHECK(malloc_debug_show_stats(-1) == -EBADF);
	CHECK(malloc_debug_describe(-1, block) == -EBADF);
	CHECK(malloc_debug_hexdump(-1, block, 16) == -EBADF);
	CHECK(malloc_debug_show_history(-1, NULL, 5) == -EBADF);
	CHECK(malloc_debug_hexdump(STDERR_FILENO, NULL, 16) == -EFAULT);
	CHECK(malloc_debug_counters(NULL, sizeof counts) == -EINVAL);
	memset(&counts, 0xee, sizeof counts);
	CHECK(malloc_debug_counters(&counts, sizeof counts.allocations) == 0); /* as an older program would call it */
	CHECK(counts.allocations >= 2 && counts.frees == UINT64_C(0xeeeeeeeeeeeeeeee));
	CHECK(malloc_debug_counters(&counts, sizeof counts) == 0);
	CHECK(counts.live_blocks >= 1 && counts.live_bytes >= 100 && counts.quarantined_blocks >= 1 && counts.mapped_bytes > 0);
	CHECK(counts.findings == 0 && counts.reports == 0);
	CHECK(malloc_debug_purge(0x80000000u) == -EINVAL);
	CHECK(malloc_debug_purge(0) == 0);
	CHECK(malloc_debug_check(freed) == -EINVAL); /* gone */
	CHECK(malloc_debug_describe(STDERR_FILENO, block + 5) == 0);
	CHECK(malloc_debug_describe(STDERR_FILENO, &global) == 0);
	CHECK(malloc_debug_describe(STDERR_FILENO, (void *)UINT64_C(0x8000000000000000)) == 0);
	CHECK(malloc_debug_hexdump(STDERR_FILENO, block + 5, 32) == 0);
	CHECK(malloc_debug_hexdump(STDERR_FILENO, &global, 32) == 0);
	CHECK(malloc_debug_show_history(STDERR_FILENO, block, 0) >= 1);
	CHECK(malloc_debug_show_history(STDERR_FILENO, &global, 0) == 0);
	CHECK(malloc_debug_show_stats(STDERR_FILENO) == 0);
	CHECK(errno == 12345);
	free(block);
	puts("ok");
	return 0;
}
