/* SPDX-License-Identifier: MIT
 *
 * Allocations at the end of 50000 frames, deeper than any stack kept, and on every level of a shallower recursion.
 */
#include <string.h>

#include "tests/programs/ok.h"

static void *at_depth(int depth)
{
	return depth ? at_depth(depth - 1) : malloc(100);
}

static int walk(int depth)
{
	char *p = malloc((size_t)depth % 200 + 1);

	*p = 1;
	int below = depth ? walk(depth - 1) : 0;
	below += *p;
	free(p);
	return below;
}

int main(void)
{
	for (int i = 0; i < 20; i++) {
		void *p = at_depth(50000 + i);

		CHECK(p);
		free(p);
	}
	for (int i = 0; i < 5; i++)
		CHECK(walk(5000) == 5001);
	puts("ok");
	return 0;
}
