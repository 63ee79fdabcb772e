/* SPDX-License-Identifier: MIT
 *
 * Ends with many live blocks, all of them reachable:
 *   leave BLOCKS exit|_exit
 * The difference between the two is what happens at exit, the search for leaks among it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct node {
	struct node *left, *right;
	long value;
	char text[16];
};

static struct node *root;

static struct node *new_node(long value)
{
	struct node *node = malloc(sizeof *node);

	if (!node)
		abort();
	*node = (struct node){ .value = value, .text = "value" };
	return node;
}

int main(int argc, char **argv)
{
	long blocks = argc > 1 ? atol(argv[1]) : 1000000;

	root = new_node(0);
	/* A balanced tree: the bits of the number are the way to its place. */
	for (long i = 1; i < blocks; i++) {
		struct node *parent = root;
		long place = i + 1, bit = 1L << (62 - __builtin_clzl(place));

		for (; bit > 1; bit >>= 1)
			parent = place & bit ? parent->right : parent->left;
		*(place & 1 ? &parent->right : &parent->left) = new_node(i);
	}
	printf("%ld\n", root->right ? root->right->value : root->value);
	fflush(stdout);
	if (argc > 2 && strcmp(argv[2], "_exit") == 0)
		_exit(0);
	return 0;
}
