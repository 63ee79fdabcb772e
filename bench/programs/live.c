/* SPDX-License-Identifier: MIT
 *
 * Many small live blocks: a long list is built, walked, and freed from one end, a few times. Shows what a block costs in memory, and what
 * it costs when records no longer fit the caches.
 */
#include <stdio.h>
#include <stdlib.h>

struct node {
	struct node *next;
	long value;
	char rest[];
};

int main(int argc, char **argv)
{
	long nodes = argc > 1 ? atol(argv[1]) : 1200000;
	unsigned long sum = 0;

	for (int round = 0; round < 3; round++) {
		struct node *list = NULL;

		for (long i = 0; i < nodes; i++) {
			struct node *node = malloc(sizeof *node + (size_t)(i % 5) * 8);

			if (!node)
				return 1;
			node->value = i;
			node->next = list;
			list = node;
		}
		for (struct node *node = list; node; node = node->next)
			sum += (unsigned long)node->value;
		while (list) {
			struct node *next = list->next;

			free(list);
			list = next;
		}
	}
	printf("%lu\n", sum);
	return 0;
}
