/* SPDX-License-Identifier: MIT
 *
 * An assertion fails; the option crashes asks for a report.
 */
// options: crashes=abrt,fpe,ill,trap
// signal: 6
// expect: fault_crashes.c:20: main: Assertion
// expect: ERROR: malloc-debug: ABRT at pc 0x
// expect: The process ends by SIGABRT
// expect: crashed in thread T0
// expect: in main *fault_crashes.c:20
#include <assert.h>
#include <stdlib.h>

int main(int count, char **arguments)
{
	void *block = malloc(10);

	(void)arguments;
	assert(count == 2 && block);
	free(block);
	return 0;
}
