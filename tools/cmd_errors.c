/* SPDX-License-Identifier: MIT
 *
 * malloc-debug errors: the table of errors, for people and for the manual page.
 */
#include <stdio.h>

#include "src/error.h"
#include "tools/commands.h"

const struct md_flag md_errors_flags[] = {
	{ "format", 'f', "text|man", "What is written: text, or source of the manual page." },
	{ NULL },
};

int md_cmd_errors(int argc, char **argv)
{
	struct md_flags flags = { .command = argv[0], .table = md_errors_flags, .argc = argc, .argv = argv };
	const char *value;
	bool man = false;

	for (int found; (found = md_flags_next(&flags, &value)) != MD_FLAGS_END;) {
		if (found == MD_FLAGS_ARGUMENT)
			fprintf(stderr, "malloc-debug errors: %s: it takes no arguments\n", value);
		if (found < 0)
			return MD_EXIT_USAGE;
		man = *value == 'm';
	}
	for (int i = 0; i < MD_ERROR_COUNT; i++) {
		const struct md_error_info *info = md_error_info((enum md_error)i);

		printf(man ? "*%s* (%s)::\n%s\n\n" : "%s (%s)\n    %s\n", info->slug, info->title, info->hint);
	}
	return 0;
}
