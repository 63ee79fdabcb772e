/* SPDX-License-Identifier: MIT
 *
 * malloc-debug: the command around libmalloc_debug.so. This file has the table of its subcommands and what belongs to none of them.
 */
#include <stdio.h>
#include <string.h>

#include "src/words.h"
#include "tools/commands.h"

static int print_help_of(int argc, char **argv);

static const struct md_command commands[] = {
	{ "run", md_cmd_run, "[--OPTION=VALUE ...] [--] PROGRAM [ARGUMENT ...]", "run a program with its heap checked",
		"Checks the options, sets a variable MALLOC_DEBUG_OPTION for each, puts libmalloc_debug.so in front of\n"
		"LD_PRELOAD, and becomes PROGRAM: its exit status is the program's. A note on standard error says so if\n"
		"the library cannot work in PROGRAM; it is run all the same.\n",
		true },
	{ "options", md_cmd_options, "[--OPTION=VALUE ...] [--format=text|adoc|man]", "show the options in force, and where each was set",
		"Reads the variables MALLOC_DEBUG_*, MALLOC_DEBUG_OPTIONS and the C library's own as the library would, and\n"
		"the options given. The exit status is 1 if one of the variables is wrong.\n"
		"--format=adoc prints the table of all options for a README, --format=man the list for the manual page.\n",
		true },
	{ "errors", md_cmd_errors, "[--format=text|man]", "list the errors that are found, and what usually leads to them", "", false },
	{ "doctor", md_cmd_doctor, "", "say what this system allows, and what to do about the rest",
		"Tries each thing the library makes use of. \"ok\" works, \"less\" works in a lesser way, \"MISSING\" is needed\n"
		"(the exit status is then 1).\n",
		false },
	{ "help", print_help_of, "[COMMAND]", "explain a command", "", false },
	{ "symbolizer", md_cmd_symbolizer, "", NULL, "Started by the library to find the names of functions.\n", false },
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void print_help(void)
{
	printf("Usage: malloc-debug COMMAND ...\n"
	       "Finds heap errors in programs as they are: nothing is rebuilt.\n\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (commands[i].summary)
			printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	printf("\n"
	       "  --help     print this; \"malloc-debug help COMMAND\" says more\n"
	       "  --version  print the version\n"
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
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	for (size_t i = 0; i < COMMAND_COUNT + 2; i++) {
		const char *word = i < COMMAND_COUNT ? commands[i].name : flags[i - COMMAND_COUNT];
		unsigned distance = md_word_distance(name, strlen(name), word, strlen(word));

		if ((i >= COMMAND_COUNT || commands[i].summary) && distance < nearest_distance) {
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
	if (!strcmp(argv[1], "--help")) {
		print_help();
		return 0;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("malloc-debug " MD_VERSION);
		return 0;
	}
	command = find_command(argv[1]);
	if (!command)
		return MD_EXIT_USAGE;
	if (argc > 2 && !strcmp(argv[2], "--help"))
		return print_help_of(2, argv);
	return command->run(argc - 1, argv + 1);
}
