/* SPDX-License-Identifier: MIT
 *
 * What leaked blocks hold on to, and how they are pointed to. The blocks of each shape are lost together; sizes tell them apart.
 */
// leaks: list | | direct=1:16 indirect=99:1584
// leaks: list-kept | | reachable=100
// leaks: ring | | direct=1:16 indirect=2:32 ring
// leaks: self | | direct=1:16
// leaks: ring-with-tail | | direct=1:16 indirect=3:48 ring
// leaks: two-rings | | direct=1:16 indirect=3:48 ring
// leaks: rings-apart | | direct=2:32 indirect=2:32 ring
// leaks: ring-into-ring | | direct=1:16 indirect=3:48 ring
// leaks: double-list | | direct=1:32 indirect=9:288 ring
// leaks: into-ring | | direct=1:16 indirect=2:32
// leaks: tree | | direct=1:32 indirect=126:4032
// leaks: shared-tail | | direct=2:32 indirect=5:80
// leaks: interior | | possible=2:416 direct=1:10
// leaks: interior-list | | possible=3:432
// leaks: end | | direct=1:100
// leaks: beyond | | direct=1:100
// leaks: zero | | direct=2:0 reachable=1
// leaks: tiny | | direct=8:36 reachable=8
// leaks: moved | | direct=1:5000 reachable=2
// leaks: aligned | | direct=3:6100 reachable=4
// leaks: large | | direct=1:8388608 indirect=1:4194304 reachable=1
// leaks: large-interior | | possible=1:4194304
// leaks: calloc | | direct=1:800 indirect=1:24
// leaks: freed | | direct=1:48
// leaks: unaligned | | direct=1:60 reachable=1
// leaks: signals | leaks=no | direct=1:70 reachable=1 reports=2
#include <malloc.h>
#include <unistd.h>

#include "tests/programs/leak.h"

struct node {
	struct node *next, *other;
};

struct big_node {
	struct big_node *left, *right;
	char text[16];
};

static void *kept[16];

static struct node *node(struct node *next, struct node *other)
{
	struct node *made = (struct node *)keep(sizeof *made);

	made->next = next;
	made->other = other;
	return made;
}

static struct node *list(int length, struct node *tail)
{
	for (int i = 0; i < length; i++)
		tail = node(tail, NULL);
	return tail;
}

static struct node *ring(int length)
{
	struct node *last = node(NULL, NULL);

	last->next = list(length - 1, last);
	return last;
}

static struct big_node *tree(int depth)
{
	struct big_node *made = (struct big_node *)keep(sizeof *made);

	made->left = depth > 1 ? tree(depth - 1) : NULL;
	made->right = depth > 1 ? tree(depth - 1) : NULL;
	return made;
}

static void double_list(int length)
{
	struct big_node *last = NULL;

	for (int i = 0; i < length; i++) {
		struct big_node *made = (struct big_node *)keep(sizeof *made);

		made->left = last;
		made->right = NULL;
		if (last)
			last->right = made;
		last = made;
	}
}

static void make_rings(const char *what)
{
	if (!strcmp(what, "ring")) {
		ring(3);
	} else if (!strcmp(what, "self")) {
		struct node *made = node(NULL, NULL);

		made->other = made;
	} else if (!strcmp(what, "ring-with-tail")) {
		ring(2)->other = list(2, NULL);
	} else if (!strcmp(what, "two-rings")) { /* each points to the other */
		struct node *first = ring(2), *second = ring(2);

		first->other = second;
		second->other = first;
	} else if (!strcmp(what, "rings-apart")) {
		ring(2);
		ring(2);
	} else if (!strcmp(what, "double-list")) {
		double_list(10);
	} else if (!strcmp(what, "ring-into-ring")) { /* the second, at higher addresses, holds the first */
		struct node *first = ring(2);

		ring(2)->other = first;
	} else if (!strcmp(what, "into-ring")) { /* the one that points into the ring holds it */
		node(ring(2), NULL);
	}
}

static void make_interior(const char *what)
{
	if (!strcmp(what, "interior")) {
		kept[0] = keep(400) + 8;
		kept[1] = keep(16) + 15;
		lose(10);
	} else if (!strcmp(what, "interior-list")) { /* what such a block points to is as uncertain as the block */
		struct node **block = (struct node **)keep(400);

		memset(block, 0, 400);
		block[20] = list(2, NULL);
		kept[0] = (char *)block + 100;
	} else if (!strcmp(what, "end")) {
		kept[0] = keep(100) + 100;
	} else if (!strcmp(what, "beyond")) {
		kept[0] = keep(100) + 108;
		kept[1] = (char *)kept[0] - 116;
	} else if (!strcmp(what, "large-interior")) {
		kept[0] = keep(4 << 20) + (3 << 20);
	}
}

static void make_sizes(const char *what)
{
	if (!strcmp(what, "zero")) {
		kept[0] = malloc(0);
		kept[1] = malloc(0);
		kept[1] = malloc(0);
		kept[1] = NULL;
	} else if (!strcmp(what, "tiny")) {
		for (size_t i = 0; i < 8; i++) {
			kept[i] = keep(i + 1);
			lose(i + 1);
		}
	} else if (!strcmp(what, "moved")) {
		kept[0] = realloc(keep(100), 100000);
		kept[1] = realloc(keep(100000), 10);
		lose(5000);
	} else if (!strcmp(what, "aligned")) {
		kept[0] = aligned_alloc(64, 640);
		kept[1] = memalign(65536, 10);
		CHECK(posix_memalign(&kept[2], 4096, 5000) == 0);
		kept[3] = valloc(100);
		kept[4] = aligned_alloc(64, 1000);
		kept[4] = memalign(1 << 20, 5000);
		kept[4] = valloc(100);
		kept[4] = NULL;
	} else if (!strcmp(what, "large")) {
		char **block = (char **)keep(8 << 20);

		block[(7 << 20) / sizeof *block] = keep(4 << 20);
		kept[0] = keep(3 << 20);
	} else if (!strcmp(what, "calloc")) {
		char **block = (char **)calloc(100, 8);

		block[99] = (char *)calloc(1, 24);
	}
}

/* A freed block's contents are no root, nor is a pointer that does not begin at a multiple of its size. */
static void make_others(const char *what)
{
	if (!strcmp(what, "freed")) {
		char **block = (char **)keep(4200);

		kept[0] = block; /* to the block that is freed */
		block[520] = keep(48);
		free(block);
	} else if (!strcmp(what, "unaligned")) {
		char *place = keep(100), *block = keep(60);

		kept[0] = place;
		memcpy(place + 3, &block, sizeof block);
	} else if (!strcmp(what, "signals")) {
		kept[0] = keep(10);
		lose(70);
		look();
		look();
	}
}

static void share(struct node *tail)
{
	list(2, tail);
	list(2, tail);
}

static __attribute__((noinline)) void make(const char *what)
{
	if (!strcmp(what, "list"))
		list(100, NULL);
	else if (!strcmp(what, "list-kept"))
		kept[0] = list(100, NULL);
	else if (!strcmp(what, "tree"))
		tree(7);
	else if (!strcmp(what, "shared-tail"))
		share(list(3, NULL));
	make_rings(what);
	make_interior(what);
	make_sizes(what);
	make_others(what);
}

int main(int argc, char **argv)
{
	make(argv[1]);
	say_ok();
	return 0;
}
