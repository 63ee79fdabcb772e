/* SPDX-License-Identifier: MIT
 *
 * A program that dies by its own signal does so under the library too, after a report.
 */
// expect: ERROR: malloc-debug: double-free
// signal: 11
#include <signal.h>
#include <stdlib.h>

int main(void)
{
	char *block = malloc(10);

	free(block);
	free(block);
	raise(SIGSEGV);
	return 0;
}
