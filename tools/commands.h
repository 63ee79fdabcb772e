/* SPDX-License-Identifier: MIT
 *
 * The subcommands of malloc-debug. Each gets its own name as argv[0] and returns the exit status of the command.
 */
#ifndef MD_COMMANDS_H
#define MD_COMMANDS_H

#include <stdbool.h>

#include "tools/flags.h"

enum {
	MD_EXIT_TROUBLE = 1,          /* a file cannot be read or written; options: a variable is wrong; doctor: something needed is missing */
	MD_EXIT_DIFFERENT = 1,        /* diff: something is new or grew */
	MD_EXIT_USAGE = 2,            /* nothing was run */
	MD_EXIT_CANNOT_EXECUTE = 126, /* as a shell has it */
	MD_EXIT_NOT_FOUND = 127
};

/* What shells complete behind the options. */
enum md_argument { MD_ARGUMENT_NONE, MD_ARGUMENT_FILE, MD_ARGUMENT_PROGRAM, MD_ARGUMENT_COMMAND, MD_ARGUMENT_SHELL };

struct md_command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments;       /* after the name, in a usage line */
	const char *summary;         /* one line for --help; NULL hides the command */
	const char *help;            /* paragraphs for "help NAME" */
	const struct md_flag *flags; /* its own options; NULL: none */
	bool lists_options;          /* it takes the library's options, too: help goes on with all of them */
	enum md_argument argument;
};

/* All commands; the row after the last has no name. */
extern const struct md_command md_commands[];

int md_cmd_run(int argc, char **argv);
int md_cmd_report(int argc, char **argv);
int md_cmd_symbolize(int argc, char **argv);
int md_cmd_leaks(int argc, char **argv);
int md_cmd_map(int argc, char **argv);
int md_cmd_diff(int argc, char **argv);
int md_cmd_options(int argc, char **argv);
int md_cmd_errors(int argc, char **argv);
int md_cmd_doctor(int argc, char **argv);
int md_cmd_completion(int argc, char **argv);
int md_cmd_history(int argc, char **argv);
int md_cmd_fail_sweep(int argc, char **argv);
int md_cmd_symbolizer(int argc, char **argv);

extern const struct md_flag md_run_flags[], md_report_flags[], md_symbolize_flags[], md_leaks_flags[], md_diff_flags[],
	md_errors_flags[], md_history_flags[],
	md_map_flags[], md_fail_sweep_flags[];

/* Prints all options with their meaning, for people. */
void md_options_print_help(void);

#endif
