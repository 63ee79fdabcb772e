/* SPDX-License-Identifier: MIT
 *
 * Options of the subcommands, as a table for each: the same rows are parsed, printed as help and completed by shells.
 *
 * An option is --name, --name=value or --name value; -x stands for one with that letter. Options and other arguments may be mixed; "--"
 * ends the options. What is not in the table is named together with the nearest that is.
 */
#ifndef MD_FLAGS_H
#define MD_FLAGS_H

#include <stdbool.h>

struct md_flag {
	const char *name; /* without "--"; NULL ends a table */
	char letter;      /* 0: none */
	/* What stands after it: NULL: nothing; "text|json": one of these; "FILE", "FOLDER": a path; anything else: a word in capitals. */
	const char *value;
	const char *help; /* one sentence */
};

struct md_flags {
	const char *command;         /* the subcommand's name, for complaints */
	const struct md_flag *table; /* NULL: it has none */
	int argc;
	char **argv; /* [0] is the subcommand */
	int at;      /* 0 before the first */
	bool ended;  /* after "--" */
};

enum { MD_FLAGS_END = -1, MD_FLAGS_ARGUMENT = -2, MD_FLAGS_WRONG = -3 };

/* The next argument: the index of its option in the table, with *value (NULL for those that take none); MD_FLAGS_ARGUMENT, with the
 * argument in *value; MD_FLAGS_END; MD_FLAGS_WRONG after a complaint on standard error. Values "a|b" are checked. */
int md_flags_next(struct md_flags *flags, const char **value);

/* For commands that take the library's options, too: if argv[*at] is in the table, its index, with *value as above and *at moved on.
 * MD_FLAGS_END if it is not; MD_FLAGS_WRONG after a complaint. argv[0] is the subcommand. No letters. */
int md_flags_take_one(const struct md_flag *table, int argc, char **argv, int *at, const char **value);

/* Prints the options of a table for people; nothing for NULL. */
void md_flags_print_help(const struct md_flag *table);

/* Index of word among "a|b|c"; -1 if it is none of them. */
int md_flags_choice(const char *choices, const char *word);

#endif
