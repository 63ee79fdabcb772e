/* SPDX-License-Identifier: MIT
 *
 * A pointer to a function that was never set is called: the stack begins with it, and goes on with its caller.
 */
// signal: 11
// expect: ERROR: malloc-debug: SEGV on address 0x000000000000 at pc 0x000000000000
// expect: EXECUTE at 0x000000000000 thread T0
// expect: A null pointer was called.
// expect: #0 0x000000000000
// expect: #1 0x* in call *fault_jump.c:19
// expect: #2 0x* in main *fault_jump.c:27
// expect: SUMMARY: malloc-debug: SEGV
#include <stdlib.h>

static void (*volatile function)(int);

static void call(int value)
{
	function(value);
	function(value + 1);
}

int main(int count, char **arguments)
{
	(void)arguments;
	free(malloc(1));
	call(count);
	return 0;
}
