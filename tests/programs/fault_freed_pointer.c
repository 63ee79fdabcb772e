/* SPDX-License-Identifier: MIT
 *
 * A pointer is read from a freed block, and followed: the address is what freed memory is filled with. The block stands in the report,
 * because a register points to it.
 */
// options: guard=off
// signal: 11
// expect: ERROR: malloc-debug: SEGV on address 0xdfdfdfdfdfdfdfe7 at pc
// expect: READ of size 8 at 0xdfdfdfdfdfdfdfe7 thread T0
// expect: a pointer was read from freed memory (0xdfdfdfdfdfdfdfdf and 8 bytes more)
// expect: in main *fault_freed_pointer.c:33
// expect: points to a block: 0x* is the start of the 24-byte block * (freed, in quarantine)
// expect: freed by free in thread T0 here:
// expect: in main *fault_freed_pointer.c:32
// expect: previously allocated by malloc
#include <stdio.h>
#include <stdlib.h>

struct node {
	struct node *next;
	struct node *before;
	long value;
};

int main(void)
{
	struct node *node = malloc(sizeof *node);
	register struct node *kept __asm__("rbx") = node;

	__asm__ volatile("" : "+r"(kept));
	node->next = node;
	free(kept);
	printf("%p\n", (void *)node->next->before);
	__asm__ volatile("" : : "r"(kept));
	return 0;
}
