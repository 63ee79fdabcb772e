/* SPDX-License-Identifier: MIT
 *
 * The public header in C++: prints whether the library answers, and what it says of a bad address.
 */
// build: -std=c++11
// output: active 1, check 0, interior -22, stack -22
// output: counters 0: 2 blocks more
// output: snapshot 1, growth -61, roots 0, leaks: bad fd -9
#include <cstdio>
#include <malloc_debug.h>

int main()
{
	malloc_debug_counts before, after;
	int status = malloc_debug_counters(&before, sizeof before);
	char *block = new char[10];
	int *number = new int;

	status |= malloc_debug_counters(&after, sizeof after);
	std::printf("active %d, check %d, interior %d, stack %d\n", malloc_debug_active(), malloc_debug_check(block),
		malloc_debug_check(block + 1), malloc_debug_check(&status));
	std::printf("counters %d: %d blocks more\n", status, int(after.live_blocks - before.live_blocks));
	std::printf("snapshot %ld, growth %ld, roots %d, leaks: bad fd %ld\n", malloc_debug_snapshot(), malloc_debug_growth(1, 2),
		malloc_debug_root_add(&after, sizeof after), malloc_debug_check_leaks(-1, nullptr));
	delete number;
	delete[] block;
	return 0;
}
