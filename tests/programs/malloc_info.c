/* SPDX-License-Identifier: MIT
 *
 * Writes malloc_info's XML while three blocks of 1000 bytes more are live than before, between two marks that the test looks for.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	static char buffer[1 << 16];
	static void *volatile kept[3];

	setvbuf(stdout, buffer, _IOFBF, sizeof buffer); /* not from the heap that is counted */
	malloc_info(0, stdout);
	puts("=====");
	for (int i = 0; i < 3; i++)
		kept[i] = malloc(1000);
	malloc_info(0, stdout);
	puts("=====");
	printf("%d\n", malloc_info(7, stdout));
	return 0;
}
