/* SPDX-License-Identifier: MIT
 *
 * Plugin of ok_dlmopen.c.
 */
// build: -shared -fPIC
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *kept;

static int compare(const void *a, const void *b)
{
	free(malloc(10));
	return *(const int *)a - *(const int *)b;
}

int work_in_namespace(int number)
{
	char *blocks[50] = { 0 }, *text = NULL;
	int numbers[4] = { 4, 2, 3, 1 };

	for (size_t i = 0; i < 3000; i++) {
		free(blocks[i % 50]);
		blocks[i % 50] = malloc(i);
		if (!blocks[i % 50])
			return -1;
		memset(blocks[i % 50], 1, i);
	}
	for (int i = 0; i < 50; i++)
		free(blocks[i]);
	qsort(numbers, 4, sizeof *numbers, compare);
	if (asprintf(&text, "%d", number + numbers[0]) < 0)
		return -1;
	int result = atoi(text);

	free(text);
	kept = strdup("stays in the namespace");
	return kept ? result : -1;
}
