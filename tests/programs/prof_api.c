/* SPDX-License-Identifier: MIT
 *
 * Profiles by call: to descriptors, in each format; what is wrong is said. The first argument is a folder, or there is none, and no library.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <malloc_debug.h>

static int write_to(const char *folder, const char *name, int format)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int result = malloc_debug_write_profile(fd, format);

	close(fd);
	return result;
}

int main(int argc, char **argv)
{
	void *volatile leaked = malloc(4321); /* what profiles in massif's format keep of it is no reference */
	int full = open("/dev/full", O_WRONLY);

	leaked = NULL;
	if (argc > 1)
		printf("written: %d %d %d\n", write_to(argv[1], "pb.gz", MALLOC_DEBUG_PPROF), write_to(argv[1], "folded", MALLOC_DEBUG_FOLDED),
			write_to(argv[1], "massif", MALLOC_DEBUG_MASSIF));
	printf("file: %d\n", malloc_debug_write_profile(-1, MALLOC_DEBUG_PPROF));
	printf("wrong: %d %d %d\n", malloc_debug_write_profile(1, 3), malloc_debug_write_profile(1, -1), malloc_debug_write_profile(-2, 0));
	printf("closed: %d\n", malloc_debug_write_profile(1000, MALLOC_DEBUG_FOLDED));
	printf("full: %d\n", malloc_debug_write_profile(full, MALLOC_DEBUG_PPROF));
	return 0;
}
