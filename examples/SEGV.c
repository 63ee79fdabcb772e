/* SPDX-License-Identifier: MIT
 *
 * SEGV: a list is walked whose last element was freed by somebody who forgot to unlink it; its link is what freed memory is filled with.
 *
 *     malloc-debug run -- build/examples/SEGV
 */
// options: guard=off
// expect: ERROR: malloc-debug: SEGV on address 0xdfdfdfdfdfdfdfe7 at pc
// expect: READ of size 4 at 0xdfdfdfdfdfdfdfe7 thread T0
// expect: a pointer was read from freed memory
// expect: in sum *SEGV.c:28
// expect: in main *SEGV.c:43
// expect: SUMMARY: malloc-debug: SEGV *SEGV.c:28 in sum
// signal: 11
#include <stdio.h>
#include <stdlib.h>

struct item {
	struct item *next;
	int value;
};

static int sum(const struct item *list)
{
	int total = 0;

	for (const struct item *item = list; item; item = item->next)
		total += item->value;
	return total;
}

int main(void)
{
	struct item *last = malloc(sizeof *last), *first = malloc(sizeof *first);

	last->next = NULL;
	last->value = 1;
	first->next = last;
	first->value = 2;
	printf("%d\n", sum(first));
	free(last);
	first->value = 3;
	printf("%d\n", sum(first));
	free(first);
	return 0;
}
