/* SPDX-License-Identifier: MIT
 *
 * malloc-debug run: prepares the environment and becomes the program, so that its exit status, signals and process id are its own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/library.h"
#include "tools/program.h"
#include "tools/settings.h"

int md_cmd_run(int argc, char **argv)
{
	char library[PATH_MAX], path[PATH_MAX], obstacle[MD_OBSTACLE_MAX];
	int first = md_settings_take(argc, argv, NULL);
	int error;

	if (first < 0)
		return MD_EXIT_USAGE;
	if (first == argc) {
		fprintf(stderr, "malloc-debug run: no program; see malloc-debug help run\n");
		return MD_EXIT_USAGE;
	}
	if (!md_library_find(library, true) || !md_library_preload(library))
		return MD_EXIT_USAGE;
	if (!md_program_find(argv[first], path) && md_program_obstacle(path, obstacle))
		fprintf(stderr, "malloc-debug: %s; it runs unchecked\n", obstacle);
	execvp(argv[first], argv + first);
	error = errno;
	fprintf(stderr, "malloc-debug: %s: %s\n", argv[first], strerror(error));
	return error == ENOENT ? MD_EXIT_NOT_FOUND : MD_EXIT_CANNOT_EXECUTE;
}
