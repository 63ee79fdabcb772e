/* SPDX-License-Identifier: MIT
 *
 * The library's calls as debuggers and other languages reach them: by name.
 */
// output: 25 names, check 0
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	static const char *const names[] = { "malloc_debug_version", "malloc_debug_active", "malloc_debug_check", "malloc_debug_check_all",
		"malloc_debug_describe", "malloc_debug_hexdump", "malloc_debug_show_map", "malloc_debug_show_history",
		"malloc_debug_show_stats", "malloc_debug_counters", "malloc_debug_on_error", "malloc_debug_purge", "malloc_debug_api",
		"malloc_debug_check_leaks", "malloc_debug_leaks_since", "malloc_debug_ignore", "malloc_debug_ignore_begin", "malloc_debug_ignore_end",
		"malloc_debug_root_add", "malloc_debug_root_remove", "malloc_debug_snapshot", "malloc_debug_growth", "malloc_debug_who_points",
		"malloc_debug_write_map", "malloc_debug_write_history" };
	int found = 0;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		found += dlsym(RTLD_DEFAULT, names[i]) != NULL;
	long (*check_all)(void) = (long (*)(void))dlsym(RTLD_DEFAULT, "malloc_debug_check_all");
	printf("%d names, check %ld\n", found, check_all ? check_all() : -1);
	return 0;
}
