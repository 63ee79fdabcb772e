/* SPDX-License-Identifier: MIT
 *
 * malloc-debug errors: the table of errors, for people and for the manual page.
 */
#include <stdio.h>
#include <string.h>

#include "src/error.h"
#include "tools/commands.h"

int md_cmd_errors(int argc, char **argv)
{
	bool man = argc == 2 && !strcmp(argv[1], "--format=man");
	bool text = argc == 1 || (argc == 2 && !strcmp(argv[1], "--format=text"));

	if (!man && !text) {
		fprintf(stderr, "malloc-debug errors: %s: the only option is --format=text or --format=man\n", argv[argc - 1]);
		return MD_EXIT_USAGE;
	}
	for (int i = 0; i < MD_ERROR_COUNT; i++) {
		const struct md_error_info *info = md_error_info((enum md_error)i);

		printf(man ? "*%s* (%s)::\n%s\n\n" : "%s (%s)\n    %s\n", info->slug, info->title, info->hint);
	}
	return 0;
}
