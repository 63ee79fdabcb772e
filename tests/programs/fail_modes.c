// SPDX-License-Identifier: MIT
// Takes allocations that fail rightly, or in the wrong ways that its arguments name: crash, leak, hang, abort, output, overflow, shell.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int makes(int argc, char **argv, const char *mistake)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], mistake))
			return 1;
	return 0;
}

static char *copy_without_test(const char *text)
{
	char *copy = malloc(strlen(text) + 1);

	return strcpy(copy, text);
}

static int forgets_first_on_error(void)
{
	char *volatile first = malloc(40), *second;

	if (!first)
		return -1;
	second = malloc(50);
	if (!second) {
		first = NULL;
		return -1;
	}
	free(second);
	free(first);
	return 0;
}

static void tries_for_ever(void)
{
	static int failed;
	char *block = malloc(60);

	while (!block || failed) {
		failed = 1;
		usleep(1000);
	}
	free(block);
}

static void aborts(void)
{
	char *block = malloc(70);

	if (!block)
		abort();
	free(block);
}

static void says_nothing(void)
{
	char *block = malloc(80);

	if (write(1, "done\n", block ? 5 : 0) < 0)
		exit(3);
	free(block);
}

static void writes_past_smaller_one(void)
{
	char *block = malloc(90), *volatile smaller = NULL;

	if (!block)
		smaller = block = malloc(9);
	if (block)
		memset(block, 0, smaller ? 10 : 90);
	free(block);
}

static void ends_like_a_killed_child(void)
{
	char *block = malloc(95);

	if (!block)
		_exit(139);
	free(block);
}

static int right(void)
{
	char *block = malloc(30), *more;

	if (!block)
		return -1;
	more = realloc(block, 300);
	if (!more) {
		free(block);
		return -1;
	}
	free(more);
	return 0;
}

int main(int argc, char **argv)
{
	if (right()) {
		if (write(2, "no memory\n", 10) < 0)
			return 4;
		return 1;
	}
	if (makes(argc, argv, "crash"))
		free(copy_without_test("text"));
	if (makes(argc, argv, "leak") && forgets_first_on_error())
		return 1;
	if (makes(argc, argv, "hang"))
		tries_for_ever();
	if (makes(argc, argv, "abort"))
		aborts();
	if (makes(argc, argv, "output"))
		says_nothing();
	if (makes(argc, argv, "overflow"))
		writes_past_smaller_one();
	if (makes(argc, argv, "shell"))
		ends_like_a_killed_child();
	return 0;
}
