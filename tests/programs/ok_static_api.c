/* SPDX-License-Identifier: MIT
 *
 * The public header in a static program: no library can be preloaded into it, and the calls say so.
 */
// build: -static
#include <malloc_debug.h>
#include <string.h>

#include "tests/programs/ok.h"

int main(void)
{
	struct malloc_debug_counts counts;

	CHECK(malloc_debug_version() == NULL);
	CHECK(malloc_debug_active() == 0);
	CHECK(malloc_debug_check_all() == -ENOSYS);
	CHECK(malloc_debug_show_map(1) == -ENOSYS);
	CHECK(malloc_debug_counters(&counts, sizeof counts) == -ENOSYS);
	CHECK(malloc_debug_on_error(NULL, NULL) == NULL);
	CHECK(malloc_debug_check_leaks(1, NULL) == -ENOSYS);
	CHECK(malloc_debug_ignore_begin() == -ENOSYS);
	CHECK(malloc_debug_root_add(&counts, sizeof counts) == -ENOSYS);
	CHECK(malloc_debug_leaks_since(malloc_debug_snapshot(), 1) == -ENOSYS);
	CHECK(malloc_debug_growth(1, 0) == -ENOSYS);
	CHECK(malloc_debug_who_points(1, &counts) == -ENOSYS);
	CHECK(malloc_debug_write_map(1, MALLOC_DEBUG_JSON) == -ENOSYS);
	CHECK(malloc_debug_write_history(1, &counts, 0, MALLOC_DEBUG_HTML) == -ENOSYS);
	free(strdup("as ever"));
	puts("ok");
	return 0;
}
