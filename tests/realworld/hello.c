/* SPDX-License-Identifier: MIT
 *
 * A small C program for the compilers under test: threads, strings, a little allocation; prints the same line each time.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *work(void *context)
{
	char *text = strdup("hello");

	for (int i = 0; text && i < 100; i++) {
		char *longer = realloc(text, strlen(text) + 2);

		if (!longer)
			break;
		text = strcat(longer, ".");
	}
	*(size_t *)context = text ? strlen(text) : 0;
	free(text);
	return NULL;
}

int main(void)
{
	pthread_t threads[3];
	size_t lengths[3];

	for (int i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, work, &lengths[i]))
			return 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	printf("%zu %zu %zu\n", lengths[0], lengths[1], lengths[2]);
	return 0;
}
