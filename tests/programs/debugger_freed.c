/* SPDX-License-Identifier: MIT
 *
 * Uses a block after it was freed, and dies of it: the pointer that it reads there is no address. Three blocks are lost, one is damaged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
	int value;
	struct node *next;
	char rest[100];
};

static struct node *make_node(void)
{
	return calloc(1, sizeof(struct node));
}

static void drop_node(struct node *node)
{
	free(node);
}

static void lose_blocks(void)
{
	for (int i = 0; i < 3; i++)
		strcpy(malloc(200), "lost");
}

static char *kept[2];

int main(void)
{
	struct node *node = make_node();
	char *volatile damaged;

	lose_blocks();
	kept[0] = malloc(40);
	kept[1] = damaged = malloc(40);
	damaged[40] = 'x';
	drop_node(node);
	printf("%p\n", (void *)node);
	fflush(stdout);
	node->next->value = 1;
	return 0;
}
