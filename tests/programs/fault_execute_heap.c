/* SPDX-License-Identifier: MIT
 *
 * A jump into a block of the heap, which has no code.
 */
// options: guard=off
// signal: 11
// expect: ERROR: malloc-debug: SEGV on address 0x
// expect: EXECUTE at 0x
// expect: is 4 bytes inside the 32-byte block
// expect: That memory has no code that may be executed.
// expect: in main *fault_execute_heap.c:21
// expect: allocated by malloc
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *block = malloc(32);

	memset(block, 0x90, 32);
	((void (*)(void))(block + 4))();
	return 0;
}
