/* SPDX-License-Identifier: MIT
 *
 * A recursion without end.
 */
// signal: 11
// expect: ERROR: malloc-debug: stack-overflow on address 0x* at pc
// expect: The stack of thread T0 is used up: its pointer is 0x*, and its low end 0x
// expect: #0 0x* in count *fault_stack.c:
// expect: #1 0x* in count *fault_stack.c:18
// expect: SUMMARY: malloc-debug: stack-overflow *fault_stack.c:* in count
#include <stdlib.h>

static long count(long depth)
{
	volatile char frame[64];

	frame[depth % 64] = (char)depth;
	return count(depth + 1) + frame[0];
}

int main(void)
{
	free(malloc(1));
	return (int)count(0);
}
