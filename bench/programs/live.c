/* SPDX-License-Identifier: MIT
 *
 * Many small live blocks: a long list is built, read, and freed from one end, a few times. Shows what a block costs in memory, and what
 * it costs when records no longer fit the caches.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
	struct node *next;
	long value;
	size_t rest_bytes;
	unsigned char rest[];
};

int main(int argc, char **argv)
{
	long nodes = argc > 1 ? atol(argv[1]) : 1200000;
	unsigned long sum = 0;

	for (int round = 0; round < 3; round++) {
		struct node *list = NULL;

		for (long i = 0; i < nodes; i++) {
			size_t rest_bytes = (size_t)(i % 5) * 8;
			struct node *node = malloc(sizeof *node + rest_bytes);

			if (!node)
				return 1;
			node->rest_bytes = rest_bytes;
			memset(node->rest, (int)i, rest_bytes);
			node->value = i;
			node->next = list;
			list = node;
		}
		for (struct node *node = list; node; node = node->next)
			sum += (unsigned long)node->value + (node->rest_bytes ? node->rest[node->rest_bytes - 1] : 0);
		while (list) {
			struct node *next = list->next;

			free(list);
			list = next;
		}
	}
	printf("%lu\n", sum);
	return 0;
}
