/* SPDX-License-Identifier: MIT
 *
 * A data race on purpose: if ThreadSanitizer does not report this one, its silence about the others means nothing (see run-tsan).
 */
#include <pthread.h>
#include <stdio.h>

static int counter;

static void *count(void *unused)
{
	(void)unused;
	for (int i = 0; i < 100000; i++)
		counter++;
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, count, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("planted_race: counted to %d\n", counter);
	return 0;
}
