/* SPDX-License-Identifier: MIT
 *
 * malloc-debug fail-sweep: runs a program once for each of its allocation stacks, with the first allocation of that stack failing, and says
 * how it took it.
 *
 * Two runs without failures come first: they list the stacks, and show what the program does anyway (its exit status, whether its output is
 * the same each time, reports). Only what is not among that is held against a run.
 */
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/report_text.h"
#include "report/stack_text.h"
#include "report/text.h"
#include "tools/commands.h"
#include "tools/fail_run.h"
#include "tools/fail_view.h"
#include "tools/library.h"
#include "tools/lines.h"
#include "tools/memory.h"
#include "tools/output.h"
#include "tools/program.h"
#include "tools/progress.h"
#include "tools/settings.h"

#define LINE_MAX_BYTES (64u << 20)
#define JOBS_MAX 64
#define SECONDS_DEFAULT 10
#define SECONDS_MAX 86400

enum { FLAG_JOBS, FLAG_TIMEOUT, FLAG_MAX, FLAG_JSON, FLAG_ALLOW_ABORT };

const struct md_flag md_fail_sweep_flags[] = {
	[FLAG_JOBS] = { "jobs", 0, "N", "So many runs at a time; 1 if it is not said." },
	[FLAG_TIMEOUT] = { "timeout", 0, "SECONDS", "A run that takes longer hangs; 10 if it is not said." },
	[FLAG_MAX] = { "max", 0, "N", "Try the first N stacks only." },
	[FLAG_JSON] = { "json", 0, "FILE", "Write each stack and how its run ended to FILE, one JSON object a line." },
	[FLAG_ALLOW_ABORT] = { "allow-abort", 0, NULL, "Programs may end by abort() where memory ends: counts as fine." },
	{ NULL },
};

struct stack {
	uint64_t key;
	char *line; /* of JSON, as the library wrote it */
};

struct sweep {
	unsigned jobs, seconds;
	uint64_t max; /* 0: all */
	const char *json;
	bool allow_abort;
	char **arguments;
	char folder[PATH_MAX];
	FILE *to; /* the JSON file, or NULL */
	struct stack *stacks;
	size_t stack_count, stack_room, loader_count;
	uint64_t *known; /* fingerprints of what is reported anyway */
	size_t known_count, known_room;
	int status;         /* of the program by itself, as waitpid has it */
	uint64_t output;    /* hash of its standard output */
	bool output_stable; /* it was the same twice */
	uint64_t counts[MD_FAIL_OUTCOMES];
};

/* --- arguments ----------------------------------------------------------------------------- */

static bool read_number(const char *flag, const char *value, uint64_t max, uint64_t *number)
{
	char *rest;

	*number = strtoull(value, &rest, 10);
	if (value[0] >= '0' && value[0] <= '9' && !*rest && *number >= 1 && *number <= max)
		return true;
	fprintf(stderr, "malloc-debug fail-sweep: --%s=%s: a number from 1 to %" PRIu64 " is wanted\n", flag, value, max);
	return false;
}

/* Returns the index of the program, -1 after a complaint. */
static int take_arguments(struct sweep *sweep, int argc, char **argv)
{
	int at = 1;

	while (at < argc && argv[at][0] == '-') {
		const char *value = NULL;
		uint64_t number;

		if (!strcmp(argv[at], "--"))
			return at + 1;
		switch (md_flags_take_one(md_fail_sweep_flags, argc, argv, &at, &value)) {
		case FLAG_JOBS:
			if (!read_number("jobs", value, JOBS_MAX, &number))
				return -1;
			sweep->jobs = (unsigned)number;
			break;
		case FLAG_TIMEOUT:
			if (!read_number("timeout", value, SECONDS_MAX, &number))
				return -1;
			sweep->seconds = (unsigned)number;
			break;
		case FLAG_MAX:
			if (!read_number("max", value, UINT32_MAX, &sweep->max))
				return -1;
			break;
		case FLAG_JSON:
			sweep->json = value;
			break;
		case FLAG_ALLOW_ABORT:
			sweep->allow_abort = true;
			break;
		case MD_FLAGS_WRONG:
			return -1;
		default:
			at = md_settings_take_one(argc, argv, at, NULL);
			if (at < 0)
				return -1;
		}
	}
	return at;
}

/* --- what a run left --------------------------------------------------------------------------- */

static uint64_t hash_output(const struct md_fail_run *run)
{
	FILE *file = fopen(md_fail_run_file(run, MD_FAIL_OUT), "re");
	uint64_t hash = 0xcbf29ce484222325ull;
	static unsigned char buffer[1 << 16];
	size_t bytes;

	while (file && (bytes = fread(buffer, 1, sizeof buffer, file)))
		for (size_t i = 0; i < bytes; i++)
			hash = (hash ^ buffer[i]) * 0x100000001b3ull;
	if (file)
		fclose(file);
	return hash;
}

static bool is_loader(const struct md_value *stack)
{
	const char *module = stack ? md_value_string(stack->first, "module") : NULL;

	return module && !strncmp(md_report_file_name(module), "ld-linux", 8);
}

static void add_stack(struct sweep *sweep, const char *line, size_t bytes, const struct md_value *report)
{
	const char *type = md_value_string(report, "type");
	uint64_t key;

	if (!type || strcmp(type, "allocation-stack") || !md_value_address(report, "key", &key) || !key)
		return;
	for (size_t i = 0; i < sweep->stack_count; i++)
		if (sweep->stacks[i].key == key)
			return;
	if (sweep->stack_count == sweep->stack_room) {
		sweep->stack_room = sweep->stack_room ? 2 * sweep->stack_room : 256;
		sweep->stacks = md_memory_resize(sweep->stacks, sweep->stack_room, sizeof *sweep->stacks);
	}
	sweep->stacks[sweep->stack_count++] = (struct stack){ .key = key, .line = md_memory_copy(line, bytes) };
}

static void read_stacks(struct sweep *sweep, const struct md_fail_run *run)
{
	struct md_json_reader reader = { 0 };
	struct md_lines lines;
	const char *line;
	size_t bytes;

	if (md_lines_open(&lines, md_fail_run_file(run, MD_FAIL_LIST), LINE_MAX_BYTES))
		return;
	while ((line = md_lines_next(&lines, &bytes))) {
		const struct md_value *report = md_json_read(&reader, line, bytes);

		if (is_loader(md_value_get(report, "stack"))) /* it ends the program itself, which cannot do anything about it */
			sweep->loader_count++;
		else
			add_stack(sweep, line, bytes, report);
	}
	md_lines_close(&lines);
	md_json_reader_destroy(&reader);
}

static bool is_known(const struct sweep *sweep, uint64_t fingerprint)
{
	for (size_t i = 0; i < sweep->known_count; i++)
		if (sweep->known[i] == fingerprint)
			return true;
	return false;
}

static void learn(struct sweep *sweep, const struct md_fail_result *result)
{
	for (size_t i = 0; i < result->count; i++) {
		if (sweep->known_count == sweep->known_room) {
			sweep->known_room = sweep->known_room ? 2 * sweep->known_room : 16;
			sweep->known = md_memory_resize(sweep->known, sweep->known_room, sizeof *sweep->known);
		}
		sweep->known[sweep->known_count++] = result->reports[i].fingerprint;
	}
}

/* Whether anything failed: the program may not have got there this time. */
static bool was_reached(const struct md_fail_run *run)
{
	return access(md_fail_run_file(run, MD_FAIL_LIST), F_OK) == 0;
}

static enum md_fail_outcome judge(const struct sweep *sweep, const struct md_fail_run *run, struct md_fail_result *result)
{
	bool has_error = false, has_leak = false;
	size_t kept = 0;

	for (size_t i = 0; i < result->count; i++) {
		if (is_known(sweep, result->reports[i].fingerprint)) {
			free(result->reports[i].text);
			continue;
		}
		has_error |= !result->reports[i].is_leak;
		has_leak |= result->reports[i].is_leak;
		result->reports[kept++] = result->reports[i];
	}
	result->count = kept;
	if (!was_reached(run))
		return MD_FAIL_NOT_REACHED;
	if (run->timed_out)
		return MD_FAIL_HANG;
	if (WIFSIGNALED(run->status) && WTERMSIG(run->status) != SIGABRT && run->status != sweep->status)
		return MD_FAIL_CRASH;
	if (has_error)
		return MD_FAIL_ERROR;
	if (WIFSIGNALED(run->status) && run->status != sweep->status)
		return sweep->allow_abort ? MD_FAIL_FINE : MD_FAIL_ABORT;
	if (has_leak)
		return MD_FAIL_LEAK;
	if (WIFEXITED(run->status) && WEXITSTATUS(run->status) >= 128 && run->status != sweep->status)
		return MD_FAIL_EXIT;
	if (run->status == sweep->status && sweep->output_stable && hash_output(run) != sweep->output)
		return MD_FAIL_OUTPUT;
	return MD_FAIL_FINE;
}

/* --- the sweep ------------------------------------------------------------------------------------- */

/* A run without failures. False if it was ended by a signal, ours or the user's, or could not be started. */
static bool run_plainly(struct sweep *sweep, uint64_t *output)
{
	struct md_fail_run run = { .folder = sweep->folder };
	struct md_fail_result result = { 0 };

	if (!md_fail_run_start(&run, sweep->arguments, 0, sweep->seconds) || !md_fail_run_wait(&run, 1))
		return false;
	if (run.timed_out)
		fprintf(stderr, "malloc-debug fail-sweep: %s takes longer than %u seconds, or writes without end, by itself; see --timeout\n",
			sweep->arguments[0], sweep->seconds);
	else if (WIFSIGNALED(run.status))
		fprintf(stderr, "malloc-debug fail-sweep: %s dies by SIG%s by itself\n", sweep->arguments[0], sigabbrev_np(WTERMSIG(run.status)));
	sweep->status = run.status;
	*output = hash_output(&run);
	read_stacks(sweep, &run);
	md_fail_result_read(&result, md_fail_run_file(&run, MD_FAIL_JSON));
	learn(sweep, &result);
	md_fail_result_clear(&result);
	md_fail_run_remove(&run);
	return !run.timed_out && !WIFSIGNALED(run.status);
}

static bool look_at_program(struct sweep *sweep)
{
	uint64_t second;

	if (!run_plainly(sweep, &sweep->output))
		return false;
	int status = sweep->status;
	size_t loaders = sweep->loader_count;

	if (!run_plainly(sweep, &second))
		return false;
	sweep->loader_count = loaders;
	sweep->output_stable = sweep->output == second && sweep->status == status;
	if (sweep->stack_count)
		return true;
	fprintf(stderr, "malloc-debug fail-sweep: %s made no allocation whose stack is known\n", sweep->arguments[0]);
	return false;
}

static void finish(struct sweep *sweep, const struct md_fail_run *run)
{
	const struct stack *stack = &sweep->stacks[run->number];
	struct md_fail_result result = { .key = stack->key, .line = stack->line, .status = run->status };

	md_fail_result_read(&result, md_fail_run_file(run, MD_FAIL_JSON));
	result.outcome = judge(sweep, run, &result);
	sweep->counts[result.outcome]++;
	md_progress_end();
	md_fail_result_print(&result);
	if (sweep->to)
		md_fail_result_json(&result, sweep->to);
	md_fail_result_clear(&result);
	md_fail_run_remove(run);
}

/* False if it was interrupted. */
static bool try_stacks(struct sweep *sweep)
{
	struct md_fail_run runs[JOBS_MAX] = { 0 };
	size_t count = sweep->max && sweep->max < sweep->stack_count ? sweep->max : sweep->stack_count, next = 0, done = 0;

	for (unsigned i = 0; i < sweep->jobs; i++)
		runs[i] = (struct md_fail_run){ .folder = sweep->folder, .slot = i };
	while (done < count) {
		for (unsigned i = 0; i < sweep->jobs && next < count; i++) {
			if (runs[i].pid)
				continue;
			runs[i].number = next++;
			if (!md_fail_run_start(&runs[i], sweep->arguments, sweep->stacks[runs[i].number].key, sweep->seconds))
				return false;
		}
		struct md_fail_run *ended = md_fail_run_wait(runs, sweep->jobs);

		if (!ended) {
			for (unsigned i = 0; i < sweep->jobs; i++)
				md_fail_run_remove(&runs[i]);
			return false;
		}
		finish(sweep, ended);
		done++;
		md_progress("%zu of %zu stacks", done, count);
	}
	md_progress_end();
	return true;
}

static void print_summary(const struct sweep *sweep)
{
	uint64_t tried = 0;
	const char *separator = "";

	for (int i = 0; i < MD_FAIL_OUTCOMES; i++)
		tried += sweep->counts[i];
	printf("%" PRIu64 " of %zu allocation stacks tried: ", tried, sweep->stack_count);
	for (int i = 0; i < MD_FAIL_OUTCOMES; i++) {
		if (!sweep->counts[i])
			continue;
		printf("%s%" PRIu64 " %s", separator, sweep->counts[i], md_fail_outcome_word((enum md_fail_outcome)i));
		separator = ", ";
	}
	if (sweep->loader_count)
		printf("; %zu of the loader left out", sweep->loader_count);
	printf("\n");
	if (!sweep->output_stable)
		printf("The program's output differs from run to run, and was not looked at.\n");
}

static bool has_defect(const struct sweep *sweep)
{
	for (int i = 0; i < MD_FAIL_OUTCOMES; i++)
		if (md_fail_outcome_is_defect((enum md_fail_outcome)i) && sweep->counts[i])
			return true;
	return false;
}

static int run_sweep(struct sweep *sweep)
{
	bool whole;

	if (sweep->json && !(sweep->to = md_output_open("fail-sweep", sweep->json)))
		return MD_EXIT_USAGE;
	md_fail_run_begin();
	whole = look_at_program(sweep);
	if (!whole) {
		if (sweep->to)
			md_output_close("fail-sweep", sweep->json, sweep->to, true);
		return MD_EXIT_USAGE;
	}
	whole = try_stacks(sweep);
	if (!whole)
		printf("Interrupted.\n");
	print_summary(sweep);
	if (sweep->to && !md_output_close("fail-sweep", sweep->json, sweep->to, true))
		return MD_EXIT_USAGE;
	return !whole ? MD_EXIT_USAGE : has_defect(sweep) ? MD_EXIT_DIFFERENT : 0;
}

int md_cmd_fail_sweep(int argc, char **argv)
{
	char library[PATH_MAX], path[PATH_MAX], obstacle[MD_OBSTACLE_MAX];
	struct sweep sweep = { .jobs = 1, .seconds = SECONDS_DEFAULT };
	const char *folder = getenv("TMPDIR");
	int first = take_arguments(&sweep, argc, argv), error, status;

	if (first < 0)
		return MD_EXIT_USAGE;
	if (first == argc) {
		fprintf(stderr, "malloc-debug fail-sweep: no program; see malloc-debug help fail-sweep\n");
		return MD_EXIT_USAGE;
	}
	sweep.arguments = argv + first;
	error = md_program_find(argv[first], path);
	if (error) {
		fprintf(stderr, "malloc-debug fail-sweep: %s: %s\n", argv[first], strerror(error));
		return MD_EXIT_USAGE;
	}
	if (!md_library_find(library, true) || !md_library_preload(library))
		return MD_EXIT_USAGE;
	if (md_program_obstacle(path, obstacle))
		fprintf(stderr, "malloc-debug: %s; it runs unchecked\n", obstacle);
	snprintf(sweep.folder, sizeof sweep.folder, "%s/malloc-debug.XXXXXX", folder && *folder ? folder : "/tmp");
	if (!mkdtemp(sweep.folder)) {
		fprintf(stderr, "malloc-debug fail-sweep: %s: %m\n", sweep.folder);
		return MD_EXIT_USAGE;
	}
	status = run_sweep(&sweep);
	for (unsigned i = 0; i < sweep.jobs; i++)
		md_fail_run_remove(&(struct md_fail_run){ .folder = sweep.folder, .slot = i });
	rmdir(sweep.folder);
	for (size_t i = 0; i < sweep.stack_count; i++)
		free(sweep.stacks[i].line);
	free(sweep.stacks);
	free(sweep.known);
	return status;
}
