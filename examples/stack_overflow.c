/* SPDX-License-Identifier: MIT
 *
 * stack-overflow: the depth of a tree is counted by recursion, and one of its leaves points back to the root.
 *
 *     malloc-debug run -- build/examples/stack_overflow
 */
// expect: ERROR: malloc-debug: stack-overflow on address
// expect: The stack of thread T0 is used up
// expect: in depth_of *stack_overflow.c:
// expect: in depth_of *stack_overflow.c:23
// expect: SUMMARY: malloc-debug: stack-overflow *stack_overflow.c:* in depth_of
// signal: 11
#include <stdio.h>
#include <stdlib.h>

struct node {
	struct node *left, *right;
};

static int depth_of(const struct node *node)
{
	int left = node->left ? depth_of(node->left) : 0;
	int right = node->right ? depth_of(node->right) : 0;

	return 1 + (left > right ? left : right);
}

int main(void)
{
	struct node *root = calloc(1, sizeof *root), *leaf = calloc(1, sizeof *leaf);

	root->left = leaf;
	leaf->right = root;
	printf("%d\n", depth_of(root));
	free(leaf);
	free(root);
	return 0;
}
