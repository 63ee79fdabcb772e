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
	free(strdup("as ever"));
	puts("ok");
	return 0;
}
