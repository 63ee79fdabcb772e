// SPDX-License-Identifier: MIT
// build: -rdynamic
// Makes requests from functions with names, and prints how each went: '.' served, 'x' NULL and ENOMEM, '!' anything else.
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char line[128];

static void note(int failed_rightly, int served)
{
	line[strlen(line)] = failed_rightly ? 'x' : served ? '.' : '!';
}

__attribute__((noinline)) void make_some(size_t size)
{
	errno = 0;
	void *volatile block = malloc(size);

	note(!block && errno == ENOMEM, block && errno == 0);
	free(block);
}

__attribute__((noinline)) void make_others(void)
{
	void *aligned = NULL;
	void *volatile zeroed, *volatile large, *volatile odd;

	errno = 0;
	zeroed = calloc(3, 7);
	note(!zeroed && errno == ENOMEM, zeroed && errno == 0);
	errno = 0;
	int result = posix_memalign(&aligned, 64, 100);
	note(result == ENOMEM && errno == 0 && !aligned, result == 0 && aligned);
	errno = 0;
	large = malloc(1 << 20);
	note(!large && errno == ENOMEM, large && errno == 0);
	errno = 0;
	odd = memalign(32, 10);
	note(!odd && errno == ENOMEM, odd && errno == 0);
	free(zeroed);
	free(aligned);
	free(large);
	free(odd);
}

__attribute__((noinline)) void *resize(char *block, size_t size)
{
	errno = 0;
	char *result = realloc(block, size);

	/* The old block is as it was, and still to be freed. */
	note(!result && errno == ENOMEM && malloc_usable_size(block) == 100 && !strcmp(block, "kept"),
		result && errno == 0 && !strcmp(result, "kept"));
	return result ? result : block;
}

int main(void)
{
	for (int i = 0; i < 10; i++)
		make_some(10 * (i + 1));
	line[strlen(line)] = ' ';
	make_others();
	line[strlen(line)] = ' ';
	char *block = malloc(100);

	if (block) {
		strcpy(block, "kept");
		block = resize(block, 50);
		free(block);
	}
	strcat(line, "\n");
	return write(1, line, strlen(line)) < 0;
}
