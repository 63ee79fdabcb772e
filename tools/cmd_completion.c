/* SPDX-License-Identifier: MIT
 *
 * malloc-debug completion: scripts that complete the command's words in shells, made from the tables that the command itself reads, so
 * that they cannot tell of anything else.
 */
#include <stdio.h>
#include <string.h>

#include "src/options.h"
#include "tools/commands.h"

/* What a value may be. */
static const char *value_words(const struct md_option_info *info)
{
	return info->kind == MD_KIND_BOOL ? "yes,no" : info->kind == MD_KIND_ENUM || info->kind == MD_KIND_LIST ? info->choices : "";
}

/* Prints words that are separated by one character with blanks between them. */
static void print_words(const char *words, char separator)
{
	for (; *words; words++)
		putchar(*words == separator ? ' ' : *words);
}

/* Which options a command takes: "--format --output". */
static void print_flag_names(const struct md_command *command)
{
	for (const struct md_flag *flag = command->flags; flag && flag->name; flag++)
		printf(" --%s%s", flag->name, flag->value ? "=" : "");
	if (!command->lists_options)
		return;
	for (size_t i = 0; i < md_option_count; i++)
		printf(" --%s=", md_option_table[i].name);
}

/* --- bash --------------------------------------------------------------------------------- */

static void print_bash_values(const struct md_command *command)
{
	for (const struct md_flag *flag = command->flags; flag && flag->name; flag++) {
		if (!flag->value)
			continue;
		printf("\t%s:--%s)", command->name, flag->name);
		if (strchr(flag->value, '|')) {
			fputs(" words='", stdout);
			print_words(flag->value, '|');
			putchar('\'');
		} else {
			fputs(strcmp(flag->value, "FOLDER") ? " files=-f" : " files=-d", stdout);
		}
		puts(" ;;");
	}
}

/* What a command takes beside its options, as statements. */
static void print_bash_argument(enum md_argument argument)
{
	switch (argument) {
	case MD_ARGUMENT_FILE:
		puts("\t\telse\n\t\t\t_malloc_debug_files -f");
		break;
	case MD_ARGUMENT_PROGRAM:
		puts("\t\telse\n\t\t\t_malloc_debug_files -c -f");
		break;
	case MD_ARGUMENT_COMMAND:
		fputs("\t\telse\n\t\t\tCOMPREPLY=($(compgen -W '", stdout);
		for (const struct md_command *other = md_commands; other->name; other++)
			if (other->summary)
				printf("%s ", other->name);
		puts("' -- \"$word\"))");
		break;
	case MD_ARGUMENT_SHELL:
		puts("\t\telse\n\t\t\tCOMPREPLY=($(compgen -W 'bash zsh' -- \"$word\"))");
		break;
	default:
		break;
	}
}

static void print_bash(void)
{
	puts("# bash completion for malloc-debug; printed by \"malloc-debug completion bash\"\n"
	     "_malloc_debug_files()\n{\n" /* names may have blanks in them, and folders get a slash */
	     "\tmapfile -t COMPREPLY < <(compgen \"$@\" -- \"$value\")\n"
	     "\tcompopt -o filenames 2> /dev/null\n"
	     "}\n"
	     "_malloc_debug()\n{\n"
	     "\tlocal word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} name value words= files= i\n"
	     "\tCOMPREPLY=()");
	fputs("\tif ((COMP_CWORD == 1)); then\n\t\tCOMPREPLY=($(compgen -W '--help --version", stdout);
	for (const struct md_command *command = md_commands; command->name; command++)
		if (command->summary)
			printf(" %s", command->name);
	puts("' -- \"$word\"))\n\t\treturn\n\tfi\n"
	     "\t# --name=value arrives as three words, or as one\n"
	     "\tname=${COMP_WORDS[COMP_CWORD-1]} value=$word\n"
	     "\tif [[ $word == = ]]; then\n\t\tvalue=\n"
	     "\telif [[ $name == = ]]; then\n\t\tname=${COMP_WORDS[COMP_CWORD-2]}\n"
	     "\telif [[ $word == --*=* ]]; then\n\t\tname=${word%%=*} value=${word#*=}\n\tfi\n"
	     "\t# behind \"--\" stands a program with arguments of its own\n"
	     "\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
	     "\t\t[[ $command == run && ${COMP_WORDS[i]} == -- ]] || continue\n"
	     "\t\tif ((COMP_CWORD == i + 1)); then\n\t\t\t_malloc_debug_files -c -f\n"
	     "\t\telif declare -F _command_offset > /dev/null; then\n\t\t\t_command_offset $((i + 1))\n"
	     "\t\telse\n\t\t\t_malloc_debug_files -f\n\t\tfi\n"
	     "\t\treturn 0\n\tdone\n"
	     "\tcase $command:$name in");
	for (const struct md_command *command = md_commands; command->name; command++)
		print_bash_values(command);
	puts("\tesac\n\tif [[ -z $words$files && ( $command == run || $command == options ) ]]; then\n\t\tcase $name in");
	for (size_t i = 0; i < md_option_count; i++) {
		const struct md_option_info *info = &md_option_table[i];

		if (info->kind == MD_KIND_TEXT) {
			printf("\t\t--%s) files=-f ;;\n", info->name);
		} else if (*value_words(info)) {
			printf("\t\t--%s) words='", info->name);
			print_words(value_words(info), ',');
			puts("' ;;");
		}
	}
	puts("\t\tesac\n\tfi\n"
	     "\tif [[ -n $words ]]; then\n\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$value\"))\n\t\treturn 0\n"
	     "\telif [[ -n $files ]]; then\n\t\t_malloc_debug_files $files\n\t\treturn 0\n\tfi\n"
	     "\tcase $command in");
	for (const struct md_command *command = md_commands; command->name; command++) {
		if (!command->summary)
			continue;
		printf("\t%s)\n\t\tif [[ $word == -* ]]; then\n\t\t\tCOMPREPLY=($(compgen -W '--help", command->name);
		print_flag_names(command);
		puts("' -- \"$word\"))\n\t\t\t[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2> /dev/null");
		print_bash_argument(command->argument);
		puts("\t\tfi\n\t\t;;");
	}
	puts("\tesac\n\treturn 0\n}\ncomplete -F _malloc_debug malloc-debug");
}

/* --- zsh ------------------------------------------------------------------------------------ */

/* Text inside of '...[...]'. */
static void print_zsh_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			printf(strchr("[]:\\", *text) ? "\\%c" : "%c", *text);
	}
}

static void print_zsh_option(const char *name, const char *help, const char *value, const char *words, char separator)
{
	printf("\t\t\t'--%s%s[", name, value ? "=" : "");
	print_zsh_text(help);
	putchar(']');
	if (value && *words) {
		fputs(":value:(", stdout);
		print_words(words, separator);
		putchar(')');
	} else if (value) {
		printf(":%s:%s", value, !strcmp(value, "FILE") ? "_files" : !strcmp(value, "FOLDER") ? "_files -/" : " ");
	}
	puts("' \\");
}

static void print_zsh(void)
{
	static const char *const rest[] = { [MD_ARGUMENT_NONE] = "'*: :'", [MD_ARGUMENT_FILE] = "'*:file:_files'",
		[MD_ARGUMENT_PROGRAM] = "'(-):program:_command_names -e' '*::arguments:_normal'", [MD_ARGUMENT_COMMAND] = "'1:command:($subcommands)'",
		[MD_ARGUMENT_SHELL] = "'1:shell:(bash zsh)'" };

	fputs("#compdef malloc-debug\n"
	      "# zsh completion for malloc-debug; printed by \"malloc-debug completion zsh\"\n"
	      "_malloc_debug() {\n"
	      "\tlocal curcontext=$curcontext state line\n"
	      "\tlocal -a subcommands described\n"
	      "\tsubcommands=(",
		stdout);
	for (const struct md_command *command = md_commands; command->name; command++)
		if (command->summary)
			printf("%s ", command->name);
	puts(")\n\tdescribed=(");
	for (const struct md_command *command = md_commands; command->name; command++) {
		if (!command->summary)
			continue;
		printf("\t\t'%s:", command->name);
		print_zsh_text(command->summary);
		puts("'");
	}
	puts("\t)\n"
	     "\tif ((CURRENT == 2)); then\n"
	     "\t\t_describe -t commands command described\n"
	     "\t\treturn\n"
	     "\tfi\n"
	     "\tlocal subcommand=$words[2]\n"
	     "\tshift words\n"
	     "\t((CURRENT--))\n"
	     "\tcase $subcommand in");
	for (const struct md_command *command = md_commands; command->name; command++) {
		if (!command->summary)
			continue;
		printf("\t%s)\n\t\t_arguments \\\n", command->name);
		print_zsh_option("help", "explain this command", NULL, "", ' ');
		for (const struct md_flag *flag = command->flags; flag && flag->name; flag++)
			print_zsh_option(flag->name, flag->help, flag->value, flag->value && strchr(flag->value, '|') ? flag->value : "", '|');
		for (size_t i = 0; command->lists_options && i < md_option_count; i++)
			print_zsh_option(md_option_table[i].name, md_option_table[i].help,
				md_option_table[i].kind == MD_KIND_TEXT ? "FILE" : "value", value_words(&md_option_table[i]), ',');
		printf("\t\t\t%s\n\t\t;;\n", rest[command->argument]);
	}
	puts("\tesac\n}\n"
	     "if [[ $funcstack[1] == _malloc_debug ]]; then\n\t_malloc_debug \"$@\"\nelse\n\tcompdef _malloc_debug malloc-debug\nfi");
}

int md_cmd_completion(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "bash"))
		print_bash();
	else if (argc == 2 && !strcmp(argv[1], "zsh"))
		print_zsh();
	else
		return fprintf(stderr, "malloc-debug completion: it takes the name of a shell, bash or zsh\n"), MD_EXIT_USAGE;
	return 0;
}
