/* SPDX-License-Identifier: MIT
 *
 * malloc-debug symbolize: reports in, the same reports with more names out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands.h"
#include "tools/lines.h"
#include "tools/memory.h"
#include "tools/output.h"
#include "tools/program.h"
#include "tools/progress.h"
#include "tools/symbol_file.h"
#include "tools/symbolize.h"

#define LINE_MAX_BYTES (64u << 20)

enum { FLAG_DEBUG_DIR, FLAG_DEBUGINFOD, FLAG_OUTPUT };

const struct md_flag md_symbolize_flags[] = {
	[FLAG_DEBUG_DIR] = { "debug-dir", 'd', "FOLDER", "A folder with module and debug files, by build-id or by name; may be given again." },
	[FLAG_DEBUGINFOD] = { "debuginfod", 0, NULL, "Let debuginfod-find fetch what is in no folder." },
	[FLAG_OUTPUT] = { "output", 'o', "FILE", "Where it is written, in place of standard output." },
	{ NULL },
};

static bool copy_lines(struct md_symbolize *state, struct md_lines *lines, FILE *to)
{
	const char *line;
	size_t bytes;

	while ((line = md_lines_next(lines, &bytes))) {
		bool is_json = bytes > 0 && line[0] == '{';

		md_progress("%" PRIu64 " lines, %" PRIu64 " names found", lines->number, state->found + state->improved);
		if (lines->too_long)
			fprintf(stderr, "malloc-debug symbolize: line %" PRIu64 " is longer than any report; left out\n", lines->number);
		if (!is_json || !md_symbolize_json(state, to, line, bytes)) {
			char *copy = md_memory_copy(line, bytes);

			if (is_json || memchr(line, '\0', bytes)) /* damaged, or no text: as it is */
				fwrite(line, 1, bytes, to);
			else
				md_symbolize_text(state, to, copy);
			free(copy);
		}
		putc('\n', to);
		if (ferror(to))
			return false;
	}
	return true;
}

static bool use_debuginfod(void)
{
	char path[PATH_MAX];
	const char *urls = getenv("DEBUGINFOD_URLS");

	if (md_program_find("debuginfod-find", path)) {
		fprintf(stderr, "malloc-debug symbolize: --debuginfod: there is no debuginfod-find in PATH; apt-get install debuginfod\n");
		return false;
	}
	if (!urls || !*urls)
		fprintf(stderr, "malloc-debug symbolize: --debuginfod: DEBUGINFOD_URLS names no server\n");
	md_symbol_file_use_debuginfod();
	return true;
}

static int symbolize(const char *command, const char *path, const char *output)
{
	struct md_symbolize state = { 0 };
	struct md_lines lines;
	int error = md_lines_open(&lines, path, LINE_MAX_BYTES);
	bool good = false;
	FILE *to;

	if (error) {
		fprintf(stderr, "malloc-debug %s: %s: %s\n", command, path, strerror(error));
		return MD_EXIT_TROUBLE;
	}
	to = md_output_open(command, output);
	if (to) {
		good = copy_lines(&state, &lines, to);
		md_progress_end();
		good = md_output_close(command, output, to, good);
	}
	if (lines.error) {
		fprintf(stderr, "malloc-debug %s: %s: %s\n", command, path, strerror(lines.error));
		good = false;
	}
	md_lines_close(&lines);
	md_json_reader_destroy(&state.reader);
	md_json_reader_destroy(&state.second);
	if (state.missing)
		fprintf(stderr, "malloc-debug %s: %" PRIu64 " of %" PRIu64 " missing names found", command, state.found, state.missing);
	else
		fprintf(stderr, "malloc-debug %s: no name was missing", command);
	fprintf(stderr, "; %" PRIu64 " frames got their file and line\n", state.found + state.improved);
	if (state.found < state.missing && md_symbol_file_problems())
		fprintf(stderr, "malloc-debug %s: %s\n", command, md_symbol_file_problems());
	return good ? 0 : MD_EXIT_TROUBLE;
}

int md_cmd_symbolize(int argc, char **argv)
{
	struct md_flags flags = { .command = argv[0], .table = md_symbolize_flags, .argc = argc, .argv = argv };
	const char *path = NULL, *output = NULL, *value;

	for (int found; (found = md_flags_next(&flags, &value)) != MD_FLAGS_END;) {
		switch (found) {
		case FLAG_DEBUG_DIR:
			if (!md_symbol_file_add_folder(value)) {
				fprintf(stderr, "malloc-debug symbolize: --debug-dir=%s: more than %d folders\n", value, MD_SYMBOL_FOLDERS_MAX);
				return MD_EXIT_USAGE;
			}
			break;
		case FLAG_DEBUGINFOD:
			if (!use_debuginfod())
				return MD_EXIT_USAGE;
			break;
		case FLAG_OUTPUT:
			output = value;
			break;
		case MD_FLAGS_ARGUMENT:
			if (path) {
				fprintf(stderr, "malloc-debug symbolize: %s: it takes one file\n", value);
				return MD_EXIT_USAGE;
			}
			path = value;
			break;
		default:
			return MD_EXIT_USAGE;
		}
	}
	if (!path) {
		fprintf(stderr, "malloc-debug symbolize: no file; \"-\" is standard input; see malloc-debug help symbolize\n");
		return MD_EXIT_USAGE;
	}
	return symbolize(argv[0], path, output);
}
