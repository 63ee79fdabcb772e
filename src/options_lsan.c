/* SPDX-License-Identifier: MIT
 *
 * LeakSanitizer's flags, in our terms:
 *
 *   exitcode             leak_exitcode
 *   max_leaks            leak_max_shown (0: all, in both)
 *   detect_leaks         leaks, if leak_check_at_exit agrees
 *   leak_check_at_exit   leaks, if detect_leaks agrees
 *   suppressions         suppressions
 *   resolution           leak_resolution
 *   strip_path_prefix    strip_path
 *   symbolize, color     the same
 *   use_globals=0        leak_roots, without that kind; likewise use_stacks, use_registers, use_tls
 * and, from the environment only, because they have to be known before the program's own functions can be asked:
 *   malloc_context_size  backtrace
 *   max_allocation_size_mb  max_alloc
 *   verbosity            verbose
 *   log_path             log, with the process id at the end as LeakSanitizer puts it; stdout and stderr are those
 *   help                 help
 *
 * A list is items NAME=VALUE between blanks, commas and colons; a value may stand in quotes of either kind. Its other flags (there are a
 * hundred, shared by all sanitizers) have no counterpart. Of the user's list each is named as ignored, unless its value asks for what is
 * done here anyway; what a program says about itself was meant for another library, and is passed over.
 */
#include "src/options_lsan.h"

#include <string.h>

#include "src/line.h"
#include "src/words.h"

#define SEPARATORS " ,:\n\t\r"

enum form {
	AS_IT_IS,
	ROOT,    /* 0 takes a choice out of a list */
	AT_EXIT, /* one of the two that both have to agree */
	LEVEL,   /* 0: no; others: yes */
	MEGABYTES,
	LOG_PATH,
	NOTHING_LIKE_IT
};

static const struct {
	const char *flag, *option;
	enum form form;
	bool early;         /* too late when the program is asked */
	const char *detail; /* ROOT: the choice; NOTHING_LIKE_IT: the value that asks for what is done here */
} flags[] = {
	{ "exitcode", "leak_exitcode", AS_IT_IS, false, NULL },
	{ "max_leaks", "leak_max_shown", AS_IT_IS, false, NULL },
	{ "detect_leaks", "leaks", AT_EXIT, false, NULL },
	{ "leak_check_at_exit", "leaks", AT_EXIT, false, NULL },
	{ "suppressions", "suppressions", AS_IT_IS, false, NULL },
	{ "resolution", "leak_resolution", AS_IT_IS, false, NULL },
	{ "strip_path_prefix", "strip_path", AS_IT_IS, false, NULL },
	{ "symbolize", "symbolize", AS_IT_IS, false, NULL },
	{ "color", "color", AS_IT_IS, false, NULL },
	{ "use_globals", "leak_roots", ROOT, false, "globals" },
	{ "use_stacks", "leak_roots", ROOT, false, "stacks" },
	{ "use_registers", "leak_roots", ROOT, false, "registers" },
	{ "use_tls", "leak_roots", ROOT, false, "tls" },
	{ "malloc_context_size", "backtrace", AS_IT_IS, true, NULL },
	{ "max_allocation_size_mb", "max_alloc", MEGABYTES, true, NULL },
	{ "verbosity", "verbose", LEVEL, true, NULL },
	{ "log_path", "log", LOG_PATH, true, NULL },
	{ "help", "help", AS_IT_IS, true, NULL },
	{ "use_root_regions", NULL, NOTHING_LIKE_IT, false, "1" },
	{ "use_ld_allocations", NULL, NOTHING_LIKE_IT, false, "1" },
	{ "use_unaligned", NULL, NOTHING_LIKE_IT, false, "0" },
	{ "use_poisoned", NULL, NOTHING_LIKE_IT, false, "0" },
	{ "report_objects", NULL, NOTHING_LIKE_IT, false, "0" },
	{ "print_suppressions", NULL, NOTHING_LIKE_IT, false, "1" },
	{ "print_summary", NULL, NOTHING_LIKE_IT, false, "1" },
	{ "log_pointers", NULL, NOTHING_LIKE_IT, false, "0" },
	{ "log_threads", NULL, NOTHING_LIKE_IT, false, "0" },
	{ "log_exe_name", NULL, NOTHING_LIKE_IT, false, "0" },
	{ "abort_on_error", NULL, NOTHING_LIKE_IT, false, "0" },
	{ "allocator_may_return_null", NULL, NOTHING_LIKE_IT, false, "1" },
};

#define FLAGS (sizeof flags / sizeof *flags)

struct reading {
	struct md_options *options;
	const struct md_options_io *io;
	const char *place;
	enum md_option_source source, *sources; /* sources may be NULL */
	bool detect_off, exit_off;              /* what the list says of the two that have to agree */
};

/* Puts the place in front of a complaint. */
static void pass_complaint(void *context, const char *text)
{
	const struct reading *reading = context;
	struct md_line line;

	if (!reading->io->complain)
		return;
	md_line_init(&line);
	md_line_put(&line, reading->place);
	md_line_put(&line, ": ");
	md_line_put(&line, text);
	reading->io->complain(reading->io->context, line.text);
}

static bool is_off(const char *value)
{
	return !strcmp(value, "0") || !strcmp(value, "no") || !strcmp(value, "false");
}

/* No choice at all stands for all of them. */
static void take_out_root(struct md_options *options, const struct md_option_info *info, const char *root)
{
	uint64_t *roots = (uint64_t *)((char *)options + info->offset), all = 0, out = 0, bit = 1;
	const char *list = info->choices, *word;
	size_t length;

	for (; (word = md_word_next(&list, &length)); bit <<= 1) {
		all |= bit;
		if (md_word_equal(word, length, root, strlen(root)))
			out = bit;
	}
	*roots = (*roots ? *roots : all) & ~out;
}

/* "PATH" means a file for each process. */
static void convert_log_path(const char *value, char *log, size_t bytes)
{
	size_t length = strlen(value);

	if (!length || !strcmp(value, "stderr") || !strcmp(value, "stdout")) {
		strcpy(log, !strcmp(value, "stdout") ? "/dev/stdout" : "stderr");
	} else if (length + 4 > bytes) {
		memcpy(log, value, length + 1); /* too long for any option, which is said where it is set */
	} else {
		memcpy(log, value, length);
		strcpy(log + length, ".%p");
	}
}

static bool set_flag(struct reading *reading, const struct md_option_info *info, size_t flag, const char *value)
{
	const struct md_options_io io = { .context = reading, .complain = pass_complaint };
	char converted[MD_OPTION_TEXT_MAX + 4];
	size_t length = strlen(value);

	switch (flags[flag].form) {
	case ROOT:
		if (is_off(value))
			take_out_root(reading->options, info, flags[flag].detail);
		return true;
	case LEVEL:
		return md_options_set(reading->options, info->name, is_off(value) ? "no" : "yes", &io);
	case MEGABYTES:
		memcpy(converted, value, length);
		strcpy(converted + length, length && strcmp(value, "0") ? "M" : "");
		return md_options_set(reading->options, info->name, converted, &io);
	case LOG_PATH:
		convert_log_path(value, converted, sizeof converted);
		return md_options_set(reading->options, info->name, converted, &io);
	default:
		return md_options_set(reading->options, info->name, value, &io);
	}
}

static void complain_of_ignored(const struct reading *reading, const char *name, size_t length, const char *value)
{
	struct md_line line;

	md_line_init(&line);
	md_line_put_input(&line, name, length);
	md_line_put(&line, "=");
	md_line_put_input(&line, value, strlen(value));
	md_line_put(&line, ": ignored, there is nothing like it here");
	pass_complaint((void *)reading, line.text);
}

/* Copies a value up to its end, as much as fits. Returns where it ends. */
static const char *read_value(const char *at, char *value, size_t bytes)
{
	char quote = *at == '"' || *at == '\'' ? *at++ : 0;
	const char quotes[] = { quote, '\0' };
	size_t length = strcspn(at, quote ? quotes : SEPARATORS), copied = length < bytes ? length : bytes - 1;

	memcpy(value, at, copied);
	value[copied] = '\0';
	at += length;
	return quote && *at ? at + 1 : at;
}

static size_t find_flag(const char *name, size_t length)
{
	size_t i = 0;

	while (i < FLAGS && (strlen(flags[i].flag) != length || memcmp(flags[i].flag, name, length)))
		i++;
	return i;
}

static void read_item(struct reading *reading, const char *name, size_t length, const char *value)
{
	size_t flag = find_flag(name, length);
	bool of_program = reading->source == MD_SOURCE_PROGRAM;

	if (flag == FLAGS || flags[flag].form == NOTHING_LIKE_IT) {
		if (!of_program && (flag == FLAGS || is_off(value) != is_off(flags[flag].detail)))
			complain_of_ignored(reading, name, length, value);
		return;
	}
	const struct md_option_info *info = md_options_find(flags[flag].option);

	if (!info || (of_program && flags[flag].early))
		return;
	if (reading->sources && reading->sources[info - md_option_table] > reading->source)
		return;
	if (!set_flag(reading, info, flag, value))
		return;
	if (reading->sources)
		reading->sources[info - md_option_table] = reading->source;
	if (flags[flag].form == AT_EXIT) {
		bool *mine = !strcmp(flags[flag].flag, "detect_leaks") ? &reading->detect_off : &reading->exit_off;

		*mine = !reading->options->leaks;
		reading->options->leaks = !reading->detect_off && !reading->exit_off;
	}
}

void md_options_read_lsan(struct md_options *options, const char *text, const char *place, enum md_option_source source,
	const struct md_options_io *io, enum md_option_source *sources)
{
	struct reading reading = { .options = options, .io = io, .place = place, .source = source, .sources = sources };
	char value[MD_OPTION_TEXT_MAX + 1]; /* one more than can be stored, so that a value that is cut is noticed as too long */

	for (const char *at = text + strspn(text, SEPARATORS); *at; at += strspn(at, SEPARATORS)) {
		const char *name = at;
		size_t length = strcspn(at, "=" SEPARATORS);

		at += length;
		if (*at != '=')
			continue; /* LeakSanitizer ends the program for a name without a value */
		at = read_value(at + 1, value, sizeof value);
		if (length)
			read_item(&reading, name, length, value);
	}
}
