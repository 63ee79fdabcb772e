/* SPDX-License-Identifier: MIT
 *
 * alloc-dealloc-mismatch: an array from new[] is given to a C function that calls free().
 *
 *     malloc-debug run -- build/examples/alloc_dealloc_mismatch
 */
// expect: ERROR: malloc-debug: alloc-dealloc-mismatch (operator new[] vs free)
// expect: in take_samples* *alloc_dealloc_mismatch.cc:21
// expect: in main *alloc_dealloc_mismatch.cc:27
// expect: SUMMARY: malloc-debug: alloc-dealloc-mismatch *alloc_dealloc_mismatch.cc:21 in take_samples
// status: 0
#include <cstdio>
#include <cstdlib>

static int take_samples(int *samples, int count)
{
	int sum = 0;

	for (int i = 0; i < count; i++)
		sum += samples[i];
	free(samples);
	return sum;
}

int main()
{
	int *samples = new int[4]{ 1, 2, 3, 4 };

	printf("sum %d\n", take_samples(samples, 4));
	return 0;
}
