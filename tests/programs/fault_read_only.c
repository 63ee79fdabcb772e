/* SPDX-License-Identifier: MIT
 *
 * A constant string is written to.
 */
// signal: 11
// expect: ERROR: malloc-debug: SEGV on address 0x
// expect: WRITE of size 1 at 0x
// expect: a global variable, constant or function of a module: (*fault_read_only+0x
// expect: That memory may not be written.
// expect: in main *fault_read_only.c:18
#include <stdlib.h>

int main(void)
{
	char *text = "constant";

	free(malloc(1));
	text[0] = 'C';
	return 0;
}
