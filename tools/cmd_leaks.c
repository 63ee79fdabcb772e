/* SPDX-License-Identifier: MIT
 *
 * malloc-debug leaks: asks a running process for a report of its leaks, or lists the leaks of many processes from their JSON lines.
 *
 * A process is asked by the signal that it was told to listen to (signal_leaks). That signal would kill a process that does not listen, so
 * none is sent before /proc says that the library is in the process and that the signal is caught.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/options.h"
#include "tools/commands.h"
#include "tools/lines.h"
#include "tools/memory.h"
#include "tools/merge.h"
#include "tools/merge_write.h"
#include "tools/output.h"

enum { FLAG_PID, FLAG_FORMAT, FLAG_OUTPUT };

const struct md_flag md_leaks_flags[] = {
	[FLAG_PID] = { "pid", 'p', "PID", "Ask this process for a report of its leaks at this moment." },
	[FLAG_FORMAT] = { "format", 'f', "text|json|sarif|html", "What is written of files; text if it is not said." },
	[FLAG_OUTPUT] = { "output", 'o', "FILE", "Where it is written, in place of standard output." },
	{ NULL },
};

/* --- a process ------------------------------------------------------------------------ */

struct environment {
	char **entries; /* into bytes */
	size_t count;
	char *bytes;
};

static const char *get_entry(void *context, const char *name)
{
	const struct environment *environment = context;
	size_t length = strlen(name);

	for (size_t i = 0; i < environment->count; i++)
		if (!strncmp(environment->entries[i], name, length) && environment->entries[i][length] == '=')
			return environment->entries[i] + length + 1;
	return NULL;
}

/* What is wrong with its options, the process has said itself. */
static void say_nothing(void *context, const char *line)
{
	(void)context, (void)line;
}

/* The environment that a process was started with. Returns 0 or an errno value. */
static int read_environment(const char *pid, struct environment *environment)
{
	char *path = md_memory_print("/proc/%s/environ", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = fd < 0 ? errno : 0;
	size_t filled = 0, room = 4096;
	ssize_t got = 1;

	free(path);
	*environment = (struct environment){ .bytes = md_memory_new(room + 1, 1) };
	while (!error && got > 0) {
		if (room == filled) {
			room *= 2;
			environment->bytes = md_memory_resize(environment->bytes, room + 1, 1);
		}
		got = read(fd, environment->bytes + filled, room - filled);
		error = got < 0 ? errno : 0;
		filled += got > 0 ? (size_t)got : 0;
	}
	environment->bytes[filled] = '\0';
	if (fd >= 0)
		close(fd);
	for (size_t at = 0; at < filled; at += strlen(environment->bytes + at) + 1) {
		environment->entries = md_memory_resize(environment->entries, environment->count + 1, sizeof *environment->entries);
		environment->entries[environment->count++] = environment->bytes + at;
	}
	return error;
}

/* Whether a line of /proc/PID/FILE has the word in it; value, if not NULL, gets the hexadecimal number behind it. */
static bool find_in_proc(const char *pid, const char *file, const char *word, uint64_t *value)
{
	char *path = md_memory_print("/proc/%s/%s", pid, file);
	struct md_lines lines;
	const char *line;
	size_t bytes;
	bool found = false;

	if (!md_lines_open(&lines, path, 1 << 20)) {
		while (!found && (line = md_lines_next(&lines, &bytes))) {
			const char *at = bytes ? memmem(line, bytes, word, strlen(word)) : NULL;
			char *copy;

			if (!at)
				continue;
			found = true;
			copy = md_memory_copy(at, bytes - (size_t)(at - line));
			if (value)
				*value = strtoull(copy + strlen(word), NULL, 16);
			free(copy);
		}
		md_lines_close(&lines);
	}
	free(path);
	return found;
}

static int ask(const char *pid)
{
	struct environment environment;
	const struct md_options_io io = { .context = &environment, .get = get_entry, .complain = say_nothing };
	struct md_options options;
	uint64_t caught = 0;
	int error;

	if (!*pid || strspn(pid, "0123456789") != strlen(pid) || strlen(pid) > 9 || atoi(pid) <= 0) {
		fprintf(stderr, "malloc-debug leaks: --pid=%s: it is no process number\n", pid);
		return MD_EXIT_USAGE;
	}
	error = read_environment(pid, &environment);
	if (error) {
		fprintf(stderr, "malloc-debug leaks: process %s: %s\n", pid,
			error == ENOENT ? "there is none" : error == EACCES ? "it is another user's: be that user, or root" : strerror(error));
		return MD_EXIT_TROUBLE;
	}
	md_options_read(&options, &io, NULL);
	if (!find_in_proc(pid, "maps", "libmalloc_debug.so", NULL)) {
		fprintf(stderr, "malloc-debug leaks: process %s does not run with malloc-debug; start it by: malloc-debug run --signal_leaks=10 ...\n", pid);
		return MD_EXIT_TROUBLE;
	}
	if (!options.signal_leaks) {
		fprintf(stderr, "malloc-debug leaks: process %s was started without signal_leaks, so it listens to no signal; start it by: "
				"malloc-debug run --signal_leaks=10 ...\n", pid);
		return MD_EXIT_TROUBLE;
	}
	if (!find_in_proc(pid, "status", "SigCgt:", &caught) || !(caught >> (options.signal_leaks - 1) & 1)) {
		fprintf(stderr, "malloc-debug leaks: process %s does not catch signal %" PRIu64 ": it has ignored or replaced it, and is not asked\n", pid,
			options.signal_leaks);
		return MD_EXIT_TROUBLE;
	}
	if (kill(atoi(pid), (int)options.signal_leaks)) {
		fprintf(stderr, "malloc-debug leaks: process %s: %m\n", pid);
		return MD_EXIT_TROUBLE;
	}
	printf("Signal %" PRIu64 " is sent; process %s writes its report to %s%s%s.\n", options.signal_leaks, pid,
		strcmp(options.log, "stderr") ? options.log : "its standard error", *options.json_file ? ", and as JSON to " : "", options.json_file);
	free(environment.entries);
	free(environment.bytes);
	return 0;
}

/* --- files ---------------------------------------------------------------------------------- */

static bool write_leaks(FILE *to, const struct md_merge *merge, const char *format)
{
	const struct md_merge_choice choice = { .leaks = true };

	switch (md_flags_choice("text|json|sarif|html", format)) {
	case 1:
		return md_merge_write_json(to, merge, choice);
	case 2:
		return md_merge_write_sarif(to, merge, choice);
	case 3:
		return md_merge_write_html(to, merge, choice);
	default:
		return md_merge_write_text(to, merge, choice, md_output_has_color(to));
	}
}

int md_cmd_leaks(int argc, char **argv)
{
	struct md_flags flags = { .command = argv[0], .table = md_leaks_flags, .argc = argc, .argv = argv };
	const char **files = md_memory_new((size_t)argc, sizeof *files);
	const char *pid = NULL, *format = "text", *output = NULL, *value;
	struct md_merge merge = { 0 };
	size_t count = 0;
	bool good;
	FILE *to;

	for (int found; (found = md_flags_next(&flags, &value)) != MD_FLAGS_END;) {
		if (found == FLAG_PID)
			pid = value;
		else if (found == FLAG_FORMAT)
			format = value;
		else if (found == FLAG_OUTPUT)
			output = value;
		else if (found == MD_FLAGS_ARGUMENT)
			files[count++] = value;
		else
			return MD_EXIT_USAGE;
	}
	if (!pid == !count) {
		fprintf(stderr, "malloc-debug leaks: it takes either --pid or files of reports; see malloc-debug help leaks\n");
		return MD_EXIT_USAGE;
	}
	if (pid)
		return ask(pid);
	good = md_merge_files(&merge, argv[0], files, count);
	if (!good && !merge.reports)
		return MD_EXIT_TROUBLE; /* a result without anything in it would pass for a good one */
	md_merge_sort_largest(&merge);
	to = md_output_open(argv[0], output);
	good = to && md_output_close(argv[0], output, to, write_leaks(to, &merge, format)) && good;
	md_merge_destroy(&merge);
	free(files);
	return good ? 0 : MD_EXIT_TROUBLE;
}
