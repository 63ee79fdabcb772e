/* SPDX-License-Identifier: MIT
 *
 * Allocation until there is no more, then going on: under a limit of 512 MiB of address space, with blocks of three kinds of size, also in several threads.
 * Each time all that was given out is intact, it can be freed, and about as much can be had again.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/programs/ok.h"

struct link {
	struct link *next;
	size_t size;
};

static size_t fill(size_t size, struct link **all)
{
	size_t bytes = 0;

	for (;;) {
		errno = 0;
		struct link *link = malloc(size);

		if (!link) {
			CHECK(errno == ENOMEM);
			return bytes;
		}
		link->next = *all;
		link->size = size;
		((char *)link)[size - 1] = 'e';
		*all = link;
		bytes += size;
	}
}

static void empty(struct link **all)
{
	while (*all) {
		struct link *next = (*all)->next;

		CHECK(((char *)*all)[(*all)->size - 1] == 'e');
		free(*all);
		*all = next;
	}
}

static void *fill_with_others(void *arg)
{
	struct link *all = NULL;

	for (int i = 0; i < 2; i++) {
		fill(60000 + (size_t)arg, &all);
		CHECK(!realloc(NULL, (size_t)1 << 40));
		empty(&all);
	}
	return NULL;
}

int main(void)
{
	static const size_t sizes[] = { 1 << 20, 100000, 20000 };
	struct rlimit limit = { 512 << 20, 512 << 20 };
	pthread_t threads[4];

	CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
	for (size_t i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, fill_with_others, (void *)(i * 1000)) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	for (int turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			struct link *all = NULL;
			size_t bytes = fill(sizes[i], &all);

			CHECK(bytes > 100 << 20);
			empty(&all);
		}
	}
	puts("ok");
	return 0;
}
