/* SPDX-License-Identifier: MIT
 *
 * Allocates ten blocks through each of two exported functions. For tests/system/test_guard.c.
 */
// build: -rdynamic
#include "tests/programs/ok.h"

static void *volatile kept[20];

void make_some(int from);
void make_others(int from);

__attribute__((noinline)) void make_some(int from)
{
	for (int i = 0; i < 10; i++)
		CHECK(kept[from + i] = malloc(100));
}

__attribute__((noinline)) void make_others(int from)
{
	for (int i = 0; i < 10; i++)
		CHECK(kept[from + i] = malloc(100));
}

int main(void)
{
	make_some(0);
	make_others(10);
	puts("ok");
	return 0;
}
