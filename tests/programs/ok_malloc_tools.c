/* SPDX-License-Identifier: MIT
 *
 * The rest of the family: mallinfo, mallinfo2, mallopt, malloc_trim, malloc_info answer and do no harm; free_sized, free_aligned_sized and
 * cfree work where they exist.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <string.h>

#include "tests/programs/ok.h"

int main(void)
{
	char *block = malloc(5000), *text = NULL;
	size_t length = 0;

	memset(block, 1, 5000);
	CHECK(mallinfo2().uordblks >= 5000);
	CHECK(mallinfo().uordblks >= 5000);
	CHECK(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1);
	CHECK(mallopt(M_PERTURB, 0) == 1);
	(void)malloc_trim(0);
	FILE *stream = open_memstream(&text, &length);
	CHECK(malloc_info(0, stream) == 0);
	CHECK(malloc_info(1, stream) != 0); /* no options are defined */
	fclose(stream);
	CHECK(strncmp(text, "<malloc", 7) == 0);
	free(text);
	for (int i = 0; i < 5000; i++)
		CHECK(block[i] == 1);
	free(block);

	void (*free_sized)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
	void (*free_aligned_sized)(void *, size_t, size_t) = (void (*)(void *, size_t, size_t))dlsym(RTLD_DEFAULT, "free_aligned_sized");
	void (*cfree)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, "cfree");
	if (free_sized) {
		free_sized(malloc(77), 77);
		free_sized(calloc(7, 11), 77);
		free_sized(NULL, 77);
	}
	if (free_aligned_sized) {
		free_aligned_sized(aligned_alloc(128, 256), 128, 256);
		free_aligned_sized(NULL, 128, 256);
	}
	if (cfree)
		cfree(malloc(10));
	puts("ok");
	return 0;
}
