/* SPDX-License-Identifier: MIT
 *
 * Prints what a new block and a freed block hold.
 */
// options: guard=off
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	unsigned char *block = malloc(100);

	for (int i = 0; i < 100; i++)
		if (block[i] != block[0])
			printf("uneven at %d\n", i);
	printf("new %02x\n", block[0]);
	free(block);
	printf("freed %02x\n", block[50]);
	return 0;
}
