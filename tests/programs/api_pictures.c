/* SPDX-License-Identifier: MIT
 *
 * Writes the map and the history in all formats into the folder that the first argument names. With a second argument, that many blocks, two thirds of
 * them live, by two stacks in turn.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc_debug.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *make_one(size_t bytes)
{
	return malloc(bytes);
}

static void *make_other(size_t bytes)
{
	return calloc(1, bytes);
}

static int open_in(const char *folder, const char *name)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
}

int main(int argc, char **argv)
{
	static const char *const endings[] = { "text", "json", "html" };
	size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 30, live = 0;
	void **blocks = calloc(count, sizeof *blocks);
	char name[32];

	for (size_t i = 0; i < count; i++)
		blocks[i] = i % 2 ? make_one(24 + i % 5) : make_other(1000);
	for (size_t i = 0; i < count; i += 3) {
		free(blocks[i]);
		blocks[i] = NULL;
	}
	for (int format = MALLOC_DEBUG_TEXT; format <= MALLOC_DEBUG_HTML; format++) {
		snprintf(name, sizeof name, "map.%s", endings[format]);
		int map = open_in(argv[1], name);

		snprintf(name, sizeof name, "history.%s", endings[format]);
		int history = open_in(argv[1], name);

		if (malloc_debug_write_map(map, format) != 0 || malloc_debug_write_history(history, NULL, 0, format) <= 0)
			printf("format %d failed\n", format);
		close(map);
		close(history);
	}
	printf("one event: %ld\n", malloc_debug_write_history(STDOUT_FILENO, blocks[count - 1], 1, MALLOC_DEBUG_JSON));
	fflush(stdout);
	printf("wrong: %d %d %d\n", malloc_debug_write_map(STDOUT_FILENO, 7) == -EINVAL, malloc_debug_write_map(-1, MALLOC_DEBUG_JSON) == -EBADF,
		malloc_debug_write_history(1000, NULL, 0, MALLOC_DEBUG_HTML) == -EBADF);
	for (size_t i = 0; i < count; i++) {
		live += blocks[i] != NULL;
		free(blocks[i]);
	}
	free(blocks);
	printf("live %zu\n", live);
	return 0;
}
