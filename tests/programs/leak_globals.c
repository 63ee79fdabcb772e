/* SPDX-License-Identifier: MIT
 *
 * Pointers in global and static variables, in structs, unions and arrays of them, and in the blocks that those point to.
 */
// leaks: | | direct=2:300 reachable=9
// leaks: | leak_roots=globals | direct=2:300 reachable=9
// leaks: | preset=full:stats=no | direct=2:300 reachable=9
#include "tests/programs/leak.h"

struct node {
	struct node *next;
	char *text;
};

static char *in_data = (char *)&in_data;
static char *in_bss;
char *exported;
static char *table[1000];
static struct {
	int number;
	union {
		char *pointer;
		long word;
	} either;
} record;
static struct node *chain;

static struct node *add(struct node *next, char *text)
{
	struct node *node = (struct node *)keep(sizeof *node);

	node->next = next;
	node->text = text;
	return node;
}

int main(void)
{
	static char *local;

	in_data = keep(11);
	in_bss = keep(12);
	exported = keep(13);
	table[777] = keep(14);
	record.either.pointer = keep(15);
	local = keep(16);
	chain = add(add(NULL, NULL), keep(17));
	lose(100);
	lose(200);
	say_ok();
	return 0;
}
