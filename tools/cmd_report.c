/* SPDX-License-Identifier: MIT
 *
 * malloc-debug report: merges the reports that processes wrote as JSON lines, and shows them by bug.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands.h"
#include "tools/memory.h"
#include "tools/merge.h"
#include "tools/merge_write.h"
#include "tools/output.h"

enum { FLAG_FORMAT, FLAG_OUTPUT, FLAG_ONLY };

const struct md_flag md_report_flags[] = {
	[FLAG_FORMAT] = { "format", 'f', "text|json|sarif|html", "What is written; text if it is not said." },
	[FLAG_OUTPUT] = { "output", 'o', "FILE", "Where it is written, in place of standard output." },
	[FLAG_ONLY] = { "only", 0, "errors|leaks|growth", "Pass over what is not of this kind." },
	{ NULL },
};

static bool write_result(FILE *to, const struct md_merge *merge, struct md_merge_choice choice, const char *format)
{
	if (!strcmp(format, "json"))
		return md_merge_write_json(to, merge, choice);
	if (!strcmp(format, "sarif"))
		return md_merge_write_sarif(to, merge, choice);
	if (!strcmp(format, "html"))
		return md_merge_write_html(to, merge, choice);
	return md_merge_write_text(to, merge, choice, md_output_has_color(to));
}

int md_cmd_report(int argc, char **argv)
{
	struct md_flags flags = { .command = argv[0], .table = md_report_flags, .argc = argc, .argv = argv };
	const char **files = md_memory_new((size_t)argc, sizeof *files);
	const char *format = "text", *output = NULL, *value;
	struct md_merge_choice choice = { true, true, true };
	struct md_merge merge = { 0 };
	size_t count = 0;
	bool good;
	FILE *to;

	for (int found; (found = md_flags_next(&flags, &value)) != MD_FLAGS_END;) {
		switch (found) {
		case FLAG_FORMAT:
			format = value;
			break;
		case FLAG_OUTPUT:
			output = value;
			break;
		case FLAG_ONLY:
			choice = (struct md_merge_choice){ *value == 'e', *value == 'l', *value == 'g' };
			break;
		case MD_FLAGS_ARGUMENT:
			files[count++] = value;
			break;
		default:
			return MD_EXIT_USAGE;
		}
	}
	if (!count) {
		fprintf(stderr, "malloc-debug report: no file; \"-\" is standard input; see malloc-debug help report\n");
		return MD_EXIT_USAGE;
	}
	good = md_merge_files(&merge, argv[0], files, count);
	free(files);
	if (!good && !merge.reports)
		return MD_EXIT_TROUBLE; /* a result without anything in it would pass for a good one */
	to = md_output_open(argv[0], output);
	good = to && md_output_close(argv[0], output, to, write_result(to, &merge, choice, format)) && good;
	md_merge_destroy(&merge);
	return good ? 0 : MD_EXIT_TROUBLE;
}
