/* SPDX-License-Identifier: MIT
 *
 * malloc-debug options: the options in force as a table, and the table of all options for README.adoc and the manual page.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/line.h"
#include "src/options_value.h"
#include "tools/commands.h"
#include "tools/settings.h"

/* What may be typed, in as few words as a table has room for. */
static const char *range_of(const struct md_option_info *info)
{
	static struct md_line line;

	md_line_init(&line);
	if (info->kind == MD_KIND_TEXT)
		return "text";
	if (info->kind != MD_KIND_UINT && info->kind != MD_KIND_SIZE) {
		md_option_value_expect(info, &line);
		return line.text;
	}
	if (info->kind == MD_KIND_SIZE)
		md_size_put(&line, info->min);
	else
		md_line_put_uint(&line, info->min);
	md_line_put(&line, " to ");
	if (info->kind == MD_KIND_SIZE)
		md_size_put(&line, info->max);
	else
		md_line_put_uint(&line, info->max);
	return line.text;
}

static const char *text_of(const struct md_options *options, const struct md_option_info *info, const char *if_empty)
{
	static char text[MD_OPTION_TEXT_MAX];

	return md_options_value_text(options, info, text, sizeof text) ? text : if_empty;
}

/* Prints words with line breaks so that no line is longer than 100 columns. */
static void print_wrapped(const char *text, int indent)
{
	int column = indent;

	for (size_t length; *text; text += length) {
		length = strcspn(text, " ");
		if (column > indent && column + 1 + (int)length > 100)
			column = printf("\n%*s", indent, "") - 1;
		column += printf("%s%.*s", column > indent ? " " : "", (int)length, text);
		length += strspn(text + length, " ");
	}
	putchar('\n');
}

void md_options_print_help(void)
{
	struct md_options defaults;

	md_options_init(&defaults);
	printf("\nOptions, each also a variable MALLOC_DEBUG_NAME and a name in MALLOC_DEBUG_OPTIONS=\"name=value:name=value\".\n"
	       "Sizes may end in k, M or G; a default stands in brackets.\n\n");
	for (size_t i = 0; i < md_option_count; i++) {
		const struct md_option_info *info = &md_option_table[i];

		printf("  --%s  (%s) [%s]\n%6s", info->name, range_of(info), text_of(&defaults, info, ""), "");
		print_wrapped(info->help, 6);
	}
}

/* AsciiDoc's cell separator is the only character of ours that it would take for its own. */
static void print_cell(const char *text)
{
	for (; *text; text++)
		printf(*text == '|' ? "\\|" : "%c", *text);
}

static void print_adoc(void)
{
	struct md_options defaults;
	char variable[MD_VARIABLE_MAX];

	md_options_init(&defaults);
	puts("[cols=\"4,2,4,9\",options=\"header\"]\n|===\n|Variable |Default |Values |Meaning\n");
	for (size_t i = 0; i < md_option_count; i++) {
		const struct md_option_info *info = &md_option_table[i];

		md_settings_variable(info, variable);
		printf("|`%s` |%s |", variable, text_of(&defaults, info, "(empty)"));
		print_cell(range_of(info));
		printf(" |");
		print_cell(info->help);
		putchar('\n');
	}
	puts("|===");
}

static void print_man(void)
{
	struct md_options defaults;
	char variable[MD_VARIABLE_MAX];

	md_options_init(&defaults);
	for (size_t i = 0; i < md_option_count; i++) {
		const struct md_option_info *info = &md_option_table[i];

		md_settings_variable(info, variable);
		printf("*--%s*=_VALUE_, *%s*::\n%s Values: %s. Default: %s.\n\n", info->name, variable, info->help, range_of(info),
			text_of(&defaults, info, "empty"));
	}
}

static const char *name_source(const struct md_options *options, const struct md_option_info *info, enum md_option_source source)
{
	static char name[MD_OPTION_TEXT_MAX + 16];

	switch (source) {
	case MD_SOURCE_DEFAULT:
		return "default";
	case MD_SOURCE_PRESET:
		snprintf(name, sizeof name, "preset %s", text_of(options, md_options_find("preset"), ""));
		return name;
	case MD_SOURCE_PROGRAM:
		return "the program";
	case MD_SOURCE_LSAN:
		return "LSAN_OPTIONS";
	case MD_SOURCE_GLIBC:
		return "the C library's variables";
	case MD_SOURCE_LIST:
		return "MALLOC_DEBUG_OPTIONS";
	case MD_SOURCE_VARIABLE:
		md_settings_variable(info, name);
		return name;
	case MD_SOURCE_COMMAND:
		snprintf(name, sizeof name, "--%s", info->name);
		return name;
	}
	return "";
}

#define VALUE_WIDTH_MAX 48

/* Options in force. Returns the exit status. */
static int print_values(const bool *given)
{
	enum md_option_source *sources = calloc(md_option_count, sizeof *sources);
	struct md_options options;
	unsigned complaints = 0;
	int width = 10;
	struct md_options_io io = md_settings_io(&complaints);

	if (!sources) {
		perror("malloc-debug");
		return MD_EXIT_TROUBLE;
	}
	md_options_read(&options, &io, sources);
	for (size_t i = 0; i < md_option_count; i++) { /* a path that is longer than all else may stick out */
		size_t length = strlen(text_of(&options, &md_option_table[i], "(empty)"));

		width = length > (size_t)width && length <= VALUE_WIDTH_MAX ? (int)length : width;
	}
	printf("%-18s %-*s %s\n", "option", width, "value", "set by");
	for (size_t i = 0; i < md_option_count; i++) {
		const struct md_option_info *info = &md_option_table[i];

		printf("%-18s %-*s ", info->name, width, text_of(&options, info, "(empty)"));
		puts(name_source(&options, info, given[i] ? MD_SOURCE_COMMAND : sources[i]));
	}
	free(sources);
	return complaints ? MD_EXIT_TROUBLE : 0;
}

int md_cmd_options(int argc, char **argv)
{
	static const char format[] = "--format=";
	const char *how = "text";
	bool *given = calloc(md_option_count, sizeof *given);
	int left = 1, next, status = MD_EXIT_USAGE;

	for (int i = 1; i < argc; i++) { /* the one argument that is no option of the library, which has other formats under this name */
		if (!strcmp(argv[i], "--format=adoc") || !strcmp(argv[i], "--format=man"))
			how = argv[i] + sizeof format - 1;
		else
			argv[left++] = argv[i];
	}
	next = given ? md_settings_take(left, argv, given) : -1;
	if (next >= 0 && next < left)
		fprintf(stderr, "malloc-debug options: %s: not an option; see malloc-debug help options\n", argv[next]);
	else if (next >= 0 && !strcmp(how, "text"))
		status = print_values(given);
	else if (next >= 0 && !strcmp(how, "adoc"))
		print_adoc(), status = 0;
	else if (next >= 0)
		print_man(), status = 0;
	free(given);
	return status;
}
