/* SPDX-License-Identifier: MIT
 *
 * Resolvers of indirect functions that allocate: they run while the loader relocates the program, before any constructor. Their blocks are used and freed
 * later. (Bound lazily, or the resolver would find its own malloc missing, with any malloc.)
 */
// build: -fPIE -pie -Wl,-z,lazy
#include <string.h>

#include "tests/programs/ok.h"

static char *from_resolver[2];

static int add(int a, int b)
{
	return a + b;
}

static int multiply(int a, int b)
{
	return a * b;
}

static int (*resolve_add(void))(int, int)
{
	from_resolver[0] = malloc(100);
	return add;
}

static int (*resolve_multiply(void))(int, int)
{
	from_resolver[1] = calloc(1, 3000);
	free(malloc(50));
	return multiply;
}

int sum_of(int a, int b) __attribute__((ifunc("resolve_add")));
int product_of(int a, int b) __attribute__((ifunc("resolve_multiply")));

int main(void)
{
	int (*volatile pointer)(int, int) = product_of;

	CHECK(sum_of(3, 4) == 7 && pointer(3, 4) == 12);
	CHECK(from_resolver[0] && from_resolver[1] && from_resolver[1][2999] == 0);
	memset(from_resolver[0], 'x', 100);
	from_resolver[0] = realloc(from_resolver[0], 5000);
	CHECK(from_resolver[0] && from_resolver[0][99] == 'x');
	free(from_resolver[0]);
	free(from_resolver[1]);
	puts("ok");
	return 0;
}
