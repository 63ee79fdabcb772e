/* SPDX-License-Identifier: MIT
 *
 * FPE: the mean of no values.
 *
 *     malloc-debug run --crashes=fpe -- build/examples/FPE
 */
// options: crashes=fpe
// expect: ERROR: malloc-debug: FPE at pc
// expect: SIGFPE: integer division by zero
// expect: in mean *FPE.c:21
// signal: 8
#include <stdio.h>
#include <stdlib.h>

static long mean(const long *values, long count)
{
	long sum = 0;

	for (long i = 0; i < count; i++)
		sum += values[i];
	return sum / count;
}

int main(int count, char **arguments)
{
	long *values = calloc(4, sizeof *values);

	(void)arguments;
	printf("%ld\n", mean(values, count - 1));
	free(values);
	return 0;
}
