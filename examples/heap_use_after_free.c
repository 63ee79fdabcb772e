/* SPDX-License-Identifier: MIT
 *
 * heap-use-after-free: a second pointer to a record is written through after the record was freed.
 *
 *     malloc-debug run -- build/examples/heap_use_after_free
 *
 * The block lies on a page of its own, which nobody can touch once it is freed: the write is seen at once. Blocks without such a page are filled when they
 * are freed, and held back from reuse: a write is then seen when the block leaves the quarantine.
 */
// expect: ERROR: malloc-debug: heap-use-after-free
// expect: WRITE of size 4 at
// expect: 8 bytes inside the 16-byte block
// expect: in main *heap_use_after_free.c:33
// expect: in main *heap_use_after_free.c:32
// expect: in main *heap_use_after_free.c:28
// expect: SUMMARY: malloc-debug: heap-use-after-free *heap_use_after_free.c:33 in main
// status: 0
#include <stdio.h>
#include <stdlib.h>

struct session {
	long id;
	int closed;
};

int main(void)
{
	struct session *session = malloc(sizeof *session);
	struct session *current = session;

	session->id = 1;
	free(session);
	current->closed = 1; /* the bug */
	puts("session closed");
	return 0;
}
