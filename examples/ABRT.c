/* SPDX-License-Identifier: MIT
 *
 * ABRT: an assertion does not hold.
 *
 *     malloc-debug run --crashes=abrt -- build/examples/ABRT
 */
// options: crashes=abrt
// expect: ERROR: malloc-debug: ABRT at pc
// expect: in take *ABRT.c:17
// expect: in main *ABRT.c:26
// signal: 6
#include <assert.h>
#include <stdlib.h>

static int take(const int *stack, int *height)
{
	assert(*height > 0);
	return stack[--*height];
}

int main(void)
{
	int *stack = calloc(4, sizeof *stack), height = 1;

	take(stack, &height);
	take(stack, &height);
	free(stack);
	return 0;
}
