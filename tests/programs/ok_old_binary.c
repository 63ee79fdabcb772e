/* SPDX-License-Identifier: MIT
 *
 * A program as linkers made them long ago: at a fixed address, without build id, with the old hash table alone, lazy binding, an executable stack, and
 * without unwind tables or frame pointers. It has a constructor that allocates, and allocates from callbacks of the C library.
 */
// build: -no-pie -fno-pie -O2 -fomit-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables -Wl,--build-id=none,--hash-style=sysv,-z,lazy,-z,norelro,-z,execstack,--no-eh-frame-hdr
#include <search.h>
#include <string.h>

#include "tests/programs/ok.h"

static char *early;

__attribute__((constructor)) static void allocate_early(void)
{
	early = strdup("early");
}

static int compare(const void *a, const void *b)
{
	char *copy = strdup(*(char *const *)a);
	int result = strcmp(copy, *(char *const *)b);

	free(copy);
	return result;
}

static void visit(const void *node, VISIT when, int depth)
{
	free(malloc((size_t)depth + 1));
}

int main(void)
{
	static char *names[500];
	void *tree = NULL;

	CHECK(!strcmp(early, "early"));
	for (int i = 0; i < 500; i++) {
		CHECK(asprintf(&names[i], "name %d", i * 7919 % 1000) > 0);
		CHECK(tsearch(names[i], &tree, (int (*)(const void *, const void *))strcmp));
	}
	twalk(tree, visit);
	tdestroy(tree, (void (*)(void *))strlen);
	qsort(names, 500, sizeof *names, compare);
	for (int i = 0; i < 499; i++)
		CHECK(strcmp(names[i], names[i + 1]) <= 0);
	for (int i = 0; i < 500; i++)
		free(names[i]);
	free(early);
	puts("ok");
	return 0;
}
