/* SPDX-License-Identifier: MIT
 *
 * The sanitizers' questions to the allocator, declared as weak as programs do that also run without one: each answer as it should be.
 */
#include <stdio.h>
#include <stdlib.h>

int __sanitizer_get_ownership(const volatile void *) __attribute__((weak));
size_t __sanitizer_get_allocated_size(const volatile void *) __attribute__((weak));
size_t __sanitizer_get_allocated_size_fast(const volatile void *) __attribute__((weak));
const void *__sanitizer_get_allocated_begin(const void *) __attribute__((weak));
size_t __sanitizer_get_estimated_allocated_size(size_t) __attribute__((weak));
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));
size_t __sanitizer_get_heap_size(void) __attribute__((weak));
size_t __sanitizer_get_free_bytes(void) __attribute__((weak));
size_t __sanitizer_get_unmapped_bytes(void) __attribute__((weak));
void __sanitizer_purge_allocator(void) __attribute__((weak));

static int failures;

static void expect(int holds, const char *what)
{
	if (!holds) {
		printf("not so: %s\n", what);
		failures++;
	}
}

int main(void)
{
	static char buffer[4096];
	int local;

	setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
	if (!__sanitizer_get_ownership) {
		puts("none");
		return 0;
	}
	size_t before = __sanitizer_get_current_allocated_bytes();
	char *volatile block = malloc(1234);

	expect(__sanitizer_get_current_allocated_bytes() - before == 1234, "allocated bytes");
	expect(__sanitizer_get_ownership(block) == 1, "the block is owned");
	expect(__sanitizer_get_ownership(block + 1) == 0, "its inside is not");
	expect(__sanitizer_get_ownership(&local) == 0, "nor is a local variable");
	expect(__sanitizer_get_ownership(NULL) == 0, "nor is NULL");
	expect(__sanitizer_get_allocated_size(block) == 1234, "size");
	expect(__sanitizer_get_allocated_size_fast(block) == 1234, "size, fast");
	expect(__sanitizer_get_allocated_size(block + 5) == 0, "size of the inside");
	expect(__sanitizer_get_allocated_begin(block + 1233) == block, "begin of the last byte");
	expect(__sanitizer_get_allocated_begin(block + 1234) == NULL, "begin of the byte behind");
	expect(__sanitizer_get_estimated_allocated_size(77) == 77, "estimated size");
	expect(__sanitizer_get_heap_size() >= __sanitizer_get_current_allocated_bytes() + __sanitizer_get_free_bytes(), "heap size");
	expect(__sanitizer_get_unmapped_bytes() <= __sanitizer_get_heap_size(), "unmapped bytes");
	char *copy = block;

	free(block);
	expect(__sanitizer_get_ownership(copy) == 0, "a freed block is not owned");
	expect(__sanitizer_get_allocated_begin(copy) == NULL, "nor has it a begin");
	__sanitizer_purge_allocator();
	expect(__sanitizer_get_current_allocated_bytes() == before, "allocated bytes at the end");
	puts(failures ? "failed" : "all as expected");
	return failures != 0;
}
