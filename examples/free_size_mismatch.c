/* SPDX-License-Identifier: MIT
 *
 * free-size-mismatch: free_sized() of C23 is told another size than the block was allocated with.
 *
 *     malloc-debug run -- build/examples/free_size_mismatch
 *
 * C libraries before C23 lack free_sized(). The library brings it; it is looked up here, so that the example links everywhere.
 */
// expect: ERROR: malloc-debug: free-size-mismatch
// expect: free_sized was told 150 bytes; malloc was asked for 100 bytes.
// expect: in main *free_size_mismatch.c:26
// expect: in main *free_size_mismatch.c:22
// expect: SUMMARY: malloc-debug: free-size-mismatch *free_size_mismatch.c:26 in main
// status: 0
#include <dlfcn.h>
#include <stdlib.h>

int main(void)
{
	void (*free_sized)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
	size_t length = 100;
	char *buffer = malloc(length);

	length += 50; /* grown, but the block was not */
	if (free_sized)
		free_sized(buffer, length);
	else
		free(buffer);
	return 0;
}
