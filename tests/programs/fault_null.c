/* SPDX-License-Identifier: MIT
 *
 * A member of a null struct pointer is set, deep in calls.
 */
// signal: 11
// expect: ERROR: malloc-debug: SEGV on address 0x000000000014 at pc
// expect: WRITE of size 4 at 0x000000000014 thread T0
// expect: 20 bytes above address 0: a null pointer plus an offset
// expect: The process ends by SIGSEGV
// expect: written in thread T0
// expect: #0 0x* in set_value *fault_null.c:27
// expect: #1 0x* in use *fault_null.c:32
// expect: #2 0x* in main *fault_null.c:40
// expect: Registers:
// expect: rip 0x
// expect: SUMMARY: malloc-debug: SEGV *fault_null.c:27 in set_value
#include <stdio.h>
#include <stdlib.h>

struct node {
	int values[8];
};

static void set_value(struct node *node, int value)
{
	(void)value;
	node->values[5] = value;
}

static void use(struct node *node)
{
	set_value(node, 7);
}

int main(void)
{
	struct node *volatile node = NULL;

	free(malloc(10));
	use(node);
	puts("not reached");
	return 0;
}
