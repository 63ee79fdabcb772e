/* SPDX-License-Identifier: MIT
 *
 * malloc-debug: the command around libmalloc_debug.so. This file has the table of its subcommands and what belongs to none of them.
 */
#include <stdio.h>
#include <string.h>

#include "src/words.h"
#include "tools/commands.h"

static int print_help_of(int argc, char **argv);

const struct md_command md_commands[] = {
	{ "run", md_cmd_run, "[--OPTION=VALUE ...] [--] PROGRAM [ARGUMENT ...]", "run a program with its heap checked",
		"Checks the options, sets a variable MALLOC_DEBUG_OPTION for each, puts libmalloc_debug.so in front of\n"
		"LD_PRELOAD, and becomes PROGRAM: its exit status is the program's. A note on standard error says so if\n"
		"the library cannot work in PROGRAM; it is run all the same. With --html, it waits for PROGRAM and ends\n"
		"with its status, or 128 and the number of the signal that killed it.\n",
		md_run_flags, true, MD_ARGUMENT_PROGRAM },
	{ "report", md_cmd_report, "[--format=text|json|sarif|html] [--output FILE] FILE ...", "merge reports of many processes, by bug",
		"Reads JSON lines (run --json, options json_file, format=json) and text logs (option log) that processes on\n"
		"any machine wrote, counts equal bugs by their fingerprint, and shows the newest report of each, newest\n"
		"first. JSON tells more: bytes, machines, times. \"-\" is standard input. Reports that are damaged are named\n"
		"and passed over, other lines passed over. The exit status is 1 if a file could not be read or written, or\n"
		"has lines and no report among them; an empty file is what processes leave that found nothing.\n",
		md_report_flags, false, MD_ARGUMENT_FILE },
	{ "symbolize", md_cmd_symbolize, "[--debug-dir FOLDER] [--debuginfod] FILE", "find missing names in reports later, elsewhere",
		"Reads a file of reports, JSON lines or text, and writes it with the names of functions, files and lines that\n"
		"were missing, as far as module files and debug files here have them. A file counts only if its build-id is\n"
		"the one of the report.\n",
		md_symbolize_flags, false, MD_ARGUMENT_FILE },
	{ "leaks", md_cmd_leaks, "--pid PID | [--format=text|json|sarif|html] FILE ...", "ask a process for its leaks, or merge those of many",
		"With --pid, sends the signal that the process was started with for this (option signal_leaks); the report\n"
		"goes to the process's log. With files of JSON lines, adds up the leaks of the last search of each process,\n"
		"largest first.\n",
		md_leaks_flags, false, MD_ARGUMENT_FILE },
	{ "diff", md_cmd_diff, "[--format=text|json] OLD NEW", "compare two files of reports, leaks or growth",
		"Says which bugs and leaks are new, grew, or are gone. The exit status is 1 if something is new or grew, 2 if\n"
		"a file could not be read.\n",
		md_diff_flags, false, MD_ARGUMENT_FILE },
	{ "map", md_cmd_map, "[--format=text|svg|html] FILE", "show the map of a heap",
		"FILE has a map as JSON: malloc-debug run --show=map --map_file=FILE.json writes it when the program ends, and\n"
		"with --signal_show=N on a signal. The last map in it is shown;\n"
		"the page has all of them, and so what changed.\n",
		md_map_flags, false, MD_ARGUMENT_FILE },
	{ "history", md_cmd_history, "[--address=A[..B]] [--thread=T] [--last=N] FILE", "show the history of a process that runs or died",
		"FILE is what the option history_file names: who allocated and freed what, kept while the program runs.\n",
		md_history_flags, false, MD_ARGUMENT_FILE },
	{ "fail-sweep", md_cmd_fail_sweep, "[--jobs N] [--timeout S] [--max N] [--json FILE] [--OPTION=VALUE ...] [--] PROGRAM ...",
		"see what a program does when its allocations fail, one by one",
		"Runs PROGRAM twice as it is, and then once for each of its allocation stacks, with the first allocation of that\n"
		"stack failing. Says where it then crashes, hangs, leaks, aborts, uses its heap wrongly or ends with a status above\n"
		"127; and where it ends as before, but with other output, which may be right. PROGRAM must be such that it can be\n"
		"run again and again. Its input is empty, or a file; its output is not shown. A smaller --backtrace takes stacks\n"
		"that differ only further out for one. The exit status is 1 if there was anything but other output, 2 if the sweep\n"
		"could not be made.\n",
		md_fail_sweep_flags, true, MD_ARGUMENT_PROGRAM },
	{ "options", md_cmd_options, "[--OPTION=VALUE ...] [--format=adoc|man]", "show the options in force, and where each was set",
		"Reads the variables MALLOC_DEBUG_*, MALLOC_DEBUG_OPTIONS and the C library's own as the library would, and\n"
		"the options given. The exit status is 1 if one of the variables is wrong.\n"
		"--format=adoc prints the table of all options for a README, --format=man the list for the manual page.\n",
		NULL, true, MD_ARGUMENT_NONE },
	{ "errors", md_cmd_errors, "[--format=text|man]", "list the errors that are found, and what usually leads to them", "", md_errors_flags, false,
		MD_ARGUMENT_NONE },
	{ "doctor", md_cmd_doctor, "", "say what this system allows, and what to do about the rest",
		"Tries each thing the library makes use of. \"ok\" works, \"less\" works in a lesser way, \"MISSING\" is needed\n"
		"(the exit status is then 1).\n",
		NULL, false, MD_ARGUMENT_NONE },
	{ "completion", md_cmd_completion, "bash|zsh", "print a script that completes this command in a shell",
		"For bash: . <(malloc-debug completion bash). For zsh: a file _malloc-debug in a folder of fpath.\n", NULL, false,
		MD_ARGUMENT_SHELL },
	{ "help", print_help_of, "[COMMAND]", "explain a command", "", NULL, false, MD_ARGUMENT_COMMAND },
	{ "symbolizer", md_cmd_symbolizer, "", NULL, "Started by the library to find the names of functions.\n", NULL, false, MD_ARGUMENT_NONE },
	{ NULL },
};

#define COMMAND_COUNT (sizeof md_commands / sizeof *md_commands - 1)

static void print_help(void)
{
	printf("Usage: malloc-debug COMMAND ...\n"
	       "Finds heap errors in programs as they are: nothing is rebuilt.\n\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (md_commands[i].summary)
			printf("  %-10s %s\n", md_commands[i].name, md_commands[i].summary);
	printf("\n"
	       "  -h, --help     print this; \"malloc-debug help COMMAND\" says more\n"
	       "  -V, --version  print the version\n"
	       "\n"
	       "Example: malloc-debug run --preset=full --log=/tmp/%%e.%%p.log -- ./program argument\n"
	       "\n"
	       "Exit status: that of the program for run; 2 wrong usage, 126 the program cannot be executed, 127 it was not found.\n");
}

/* The command of that name. NULL, after naming the nearest, if there is none. */
static const struct md_command *find_command(const char *name)
{
	static const char *const flags[] = { "--help", "--version" };
	const char *nearest = NULL;
	unsigned nearest_distance = ~0u;

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(md_commands[i].name, name))
			return &md_commands[i];
	for (size_t i = 0; i < COMMAND_COUNT + 2; i++) {
		const char *word = i < COMMAND_COUNT ? md_commands[i].name : flags[i - COMMAND_COUNT];
		unsigned distance = md_word_distance(name, strlen(name), word, strlen(word));

		if ((i >= COMMAND_COUNT || md_commands[i].summary) && distance < nearest_distance) {
			nearest_distance = distance;
			nearest = word;
		}
	}
	fprintf(stderr, "malloc-debug: %s: there is no such command; the nearest is %s (a program is run by: malloc-debug run PROGRAM)\n",
		name, nearest);
	return NULL;
}

static int print_help_of(int argc, char **argv)
{
	const struct md_command *command;

	if (argc < 2) {
		print_help();
		return 0;
	}
	command = find_command(argv[1]);
	if (!command)
		return MD_EXIT_USAGE;
	printf("Usage: malloc-debug %s %s\n", command->name, command->arguments);
	if (command->summary)
		printf("%c%s.\n", command->summary[0] - 'a' + 'A', command->summary + 1);
	if (*command->help)
		printf("\n%s", command->help);
	if (command->flags) {
		putchar('\n');
		md_flags_print_help(command->flags);
	}
	if (command->lists_options)
		md_options_print_help();
	return 0;
}

int main(int argc, char **argv)
{
	const struct md_command *command;

	if (argc < 2) {
		fprintf(stderr, "malloc-debug: no command; see malloc-debug --help\n");
		return MD_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help();
		return 0;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("malloc-debug " MD_VERSION);
		return 0;
	}
	command = find_command(argv[1]);
	if (!command)
		return MD_EXIT_USAGE;
	if (argc > 2 && (!strcmp(argv[2], "--help") || !strcmp(argv[2], "-h")))
		return print_help_of(2, argv);
	return command->run(argc - 1, argv + 1);
}
