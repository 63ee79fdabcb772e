/* SPDX-License-Identifier: MIT
 *
 * Leaks since a snapshot: not what was lost before, but what was lost of what came later, and what an older lost list holds of it.
 */
// options: leaks=no
// output: at once: 0
// output: for blocks allocated after snapshot 1 (
// output: Direct leak of 16 bytes in 1 block (holding 1 more block, 48 B) allocated by calloc
// output: in make_list *snap_since.c:39
// output: Direct leak of 40 bytes in 4 blocks
// output: in lose_some *snap_since.c:34
// output: SUMMARY: malloc-debug: 88 byte(s) leaked in 5 allocation(s).
// output: since 1: 5
// output: since 2: 0
// output: all: 9 with 188 bytes
// output: bad: -22 -22 -22 -9
#include <malloc_debug.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct element {
	struct element *next;
	char text[8];
};

/* What a function leaves behind in dead frames is none of the search's, but a compiler may keep an address in a frame that is in use. */
#define APART __attribute__((noinline, noclone))

static APART void lose_some(int blocks)
{
	for (int i = 0; i < blocks; i++)
		memset(malloc(10), i, 10);
}

static APART struct element *make_list(void)
{
	struct element *head = calloc(1, sizeof *head);

	head->next = calloc(1, 64);
	return head;
}

static struct element *list;

static APART void add_to_list(void)
{
	list->next->next = calloc(1, 48);
}

static APART void drop_list(void)
{
	list = NULL;
}

int main(void)
{
	size_t bytes = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	lose_some(2);
	list = make_list();
	long first = malloc_debug_snapshot();

	printf("at once: %ld\n", malloc_debug_leaks_since(first, STDOUT_FILENO));
	lose_some(4);
	add_to_list();
	drop_list();
	printf("since %ld: %ld\n", first, malloc_debug_leaks_since(first, STDOUT_FILENO));
	long second = malloc_debug_snapshot();

	printf("since %ld: %ld\n", second, malloc_debug_leaks_since(second, STDOUT_FILENO));
	printf("all: %ld", malloc_debug_check_leaks(STDOUT_FILENO, &bytes));
	printf(" with %zu bytes\n", bytes);
	printf("bad: %ld %ld %ld %ld\n", malloc_debug_leaks_since(0, STDOUT_FILENO), malloc_debug_leaks_since(3, STDOUT_FILENO),
		malloc_debug_leaks_since(-7, STDOUT_FILENO), malloc_debug_leaks_since(first, -1));
	return 0;
}
