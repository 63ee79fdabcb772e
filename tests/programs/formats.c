/* SPDX-License-Identifier: MIT
 *
 * Errors that show in all ways (at the access, at the free, at the call, at exit), and leaks, for the comparison of all formats.
 */
// options: guard=auto
// expect: ERROR: malloc-debug: heap-use-after-free
// expect: ERROR: malloc-debug: heap-buffer-overflow
// expect: ERROR: malloc-debug: double-free
// expect: ERROR: malloc-debug: bad-free
// expect: ERROR: malloc-debug: detected memory leaks
// expect: SUMMARY: malloc-debug: 376 byte(s) leaked in 4 allocation(s).
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static char *make_name(size_t bytes)
{
	return malloc(bytes);
}

static void drop_name(char *name)
{
	free(name);
}

static void use_late(void)
{
	char *name = make_name(16);

	drop_name(name);
	name[8] = 'x';
}

static void use_beyond(void)
{
	char *name = make_name(10);

	memset(name, 0, 10);
	((volatile char *)name)[11] = 'x';
	drop_name(name);
}

static void *drop_again(void *name)
{
	drop_name(name);
	return NULL;
}

static void drop_twice(void)
{
	char *name = make_name(40);
	pthread_t thread;

	drop_name(name);
	pthread_create(&thread, NULL, drop_again, name);
	pthread_join(thread, NULL);
}

struct node {
	void *held;
	char text[92];
};

static void lose(void)
{
	for (int i = 0; i < 3; i++) {
		struct node *node = calloc(1, sizeof *node);

		if (i == 1)
			node->held = make_name(64);
		memcpy(node->text, "lost", 5);
	}
}

static void overwrite_stack(void)
{
	volatile char many[4096];

	memset((char *)many, 0, sizeof many);
}

int main(void)
{
	static char fixed[8];

	use_late();
	use_beyond();
	drop_twice();
	drop_name(fixed + 1);
	lose();
	overwrite_stack();
	return 0;
}
