/* SPDX-License-Identifier: MIT
 *
 * The callback: called once for each report, with facts that agree with the report; may allocate; the one before is handed back.
 */
// output: double-free of the block, 24 bytes: the report says so
// output: heap-buffer-overflow of the block, 24 bytes: the report says so
// output: ok
// errors: 2
#include <malloc_debug.h>
#include <string.h>

#include "tests/programs/ok.h"

static void *expected;
static int calls;

static void told(const struct malloc_debug_error *error, void *context)
{
	char *copy = strndup(error->report, error->report_bytes); /* allocates */

	CHECK(context == &calls);
	CHECK(error->bytes >= sizeof *error);
	CHECK(strlen(error->report) == error->report_bytes);
	printf("%s of %s, %zu bytes: the report says %s\n", error->slug, error->block == expected ? "the block" : "what?",
		error->block_bytes, strstr(copy, error->slug) ? "so" : "something else");
	free(copy);
	calls++;
}

static void other(const struct malloc_debug_error *error, void *context)
{
	calls += 100;
}

int main(void)
{
	CHECK(malloc_debug_on_error(other, NULL) == NULL);
	CHECK(malloc_debug_on_error(told, &calls) == other);
	expected = malloc(24);
	free(expected);
	free(expected);
	char *block = expected = malloc(24);
	block[24] = 1;
	CHECK(malloc_debug_check(block) == 1);
	CHECK(malloc_debug_check(block) == 0); /* repaired, and told once */
	free(block);
	CHECK(calls == 2);
	CHECK(malloc_debug_on_error(NULL, NULL) == told);
	puts("ok");
	return 0;
}
