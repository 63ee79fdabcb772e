/* SPDX-License-Identifier: MIT
 *
 * A memory leak: an early return forgets the request it was working on.
 *
 *     malloc-debug run -- build/examples/leak
 *
 * The report comes when the program ends. The request is leaked, for nothing points to it any more; its name is held by the request, and is
 * counted with it.
 */
// expect: ERROR: malloc-debug: detected memory leaks
// expect: Checked at exit
// expect: Direct leak of 32 bytes in 2 blocks (holding 2 more blocks, 17 B) allocated by malloc here:
// expect: in request_create *leak.c:31
// expect: in handle *leak.c:47
// expect: directly leaked * 2 * 32
// expect: indirectly leaked * 2 * 17
// expect: SUMMARY: malloc-debug: 49 byte(s) leaked in 4 allocation(s).
// output: 3 requests, 1 handled
// status: 0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
	char *name;
	long size;
};

static struct request *request_create(const char *name)
{
	struct request *request = malloc(sizeof *request);

	request->name = strdup(name);
	request->size = (long)strlen(name);
	return request;
}

static void request_destroy(struct request *request)
{
	free(request->name);
	free(request);
}

/* Returns whether the request was one that we know. */
static int handle(const char *name)
{
	struct request *request = request_create(name);

	if (strncmp(request->name, "GET ", 4) != 0)
		return 0; /* the bug */
	request_destroy(request);
	return 1;
}

int main(void)
{
	static const char *const names[] = { "PUT /one", "GET /two", "DROP /x" };
	int handled = 0;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		handled += handle(names[i]);
	printf("3 requests, %d handled\n", handled);
	return 0;
}
