/* SPDX-License-Identifier: MIT
 *
 * A pointer of a new block is followed before it was set, where new blocks are filled; with a 32-bit index read from there, too.
 */
// options: fill_alloc=4096
// signal: 11
// expect: ERROR: malloc-debug: SEGV on address 0xbebebebebebebec6 at pc
// expect: WRITE of size 8 at 0xbebebebebebebec6 thread T0
// expect: new memory is filled with: a pointer was read before it was set
#include <stdlib.h>

struct node {
	struct node *next;
	long value;
};

int main(void)
{
	struct node *node = malloc(sizeof *node);

	node->next->value = 5;
	free(node);
	return 0;
}
