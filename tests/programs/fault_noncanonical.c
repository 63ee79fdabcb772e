/* SPDX-License-Identifier: MIT
 *
 * An address that the processor does not even report: it is found from the instruction.
 */
// signal: 11
// expect: ERROR: malloc-debug: SEGV on address 0x4847464544434241 at pc
// expect: WRITE of size 2 at 0x4847464544434241 thread T0
// expect: 0x4847464544434241 is no address that the processor can use
// expect: in main *fault_noncanonical.c:19
#include <stdlib.h>
#include <string.h>

int main(void)
{
	volatile short *wrong;

	free(malloc(1));
	memcpy((void *)&wrong, "ABCDEFGH", 8);
	*wrong = 1;
	return 0;
}
