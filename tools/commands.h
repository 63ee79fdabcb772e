/* SPDX-License-Identifier: MIT
 *
 * The subcommands of malloc-debug. Each gets its own name as argv[0] and returns the exit status of the command.
 */
#ifndef MD_COMMANDS_H
#define MD_COMMANDS_H

#include <stdbool.h>

enum {
	MD_EXIT_TROUBLE = 1,          /* options: a variable is wrong; doctor: something needed is missing */
	MD_EXIT_USAGE = 2,            /* nothing was run */
	MD_EXIT_CANNOT_EXECUTE = 126, /* as a shell has it */
	MD_EXIT_NOT_FOUND = 127
};

struct md_command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments; /* after the name, in a usage line */
	const char *summary;   /* one line for --help; NULL hides the command */
	const char *help;      /* paragraphs for "help NAME" */
	bool lists_options;    /* help goes on with all options */
};

int md_cmd_run(int argc, char **argv);
int md_cmd_options(int argc, char **argv);
int md_cmd_errors(int argc, char **argv);
int md_cmd_doctor(int argc, char **argv);
int md_cmd_symbolizer(int argc, char **argv);

/* Prints all options with their meaning, for people. */
void md_options_print_help(void);

#endif
