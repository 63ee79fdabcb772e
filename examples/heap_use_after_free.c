/* SPDX-License-Identifier: MIT
 *
 * heap-use-after-free: a second pointer to a record is written through after the record was freed.
 *
 *     malloc-debug run -- build/examples/heap_use_after_free
 *
 * A freed block is filled and held back from reuse. The write is seen when the block leaves the quarantine, here when the program ends.
 */
// expect: ERROR: malloc-debug: heap-use-after-free
// expect: 8 bytes inside the 16-byte block
// expect: in main *heap_use_after_free.c:29
// expect: in main *heap_use_after_free.c:25
// expect: SUMMARY: malloc-debug: heap-use-after-free *heap_use_after_free.c:29 in main
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
