/* SPDX-License-Identifier: MIT
 *
 * LeakSanitizer's flags, in our terms:
 *
 *   exitcode             leak_exitcode
 *   max_leaks            leak_max_shown (0: all, in both)
 *   detect_leaks         leaks
 *   leak_check_at_exit   leaks
 *   suppressions         suppressions
 *   resolution           leak_resolution
 *   strip_path_prefix    strip_path
 *   use_globals=0        leak_roots, without that kind; likewise use_stacks, use_registers, use_tls
 *
 * A list is items NAME=VALUE between blanks, commas and colons; a value may stand in quotes of either kind. Its other flags (there are a
 * hundred, shared by all sanitizers) say nothing to us, and unknown ones are that library's business.
 */
#include "src/options_lsan.h"

#include <string.h>

#include "src/line.h"
#include "src/words.h"

#define SEPARATORS " ,:\n\t\r"

static const struct {
	const char *flag, *option;
	const char *root; /* the choice of leak_roots that 0 takes out */
} flags[] = {
	{ "exitcode", "leak_exitcode", NULL },
	{ "max_leaks", "leak_max_shown", NULL },
	{ "detect_leaks", "leaks", NULL },
	{ "leak_check_at_exit", "leaks", NULL },
	{ "suppressions", "suppressions", NULL },
	{ "resolution", "leak_resolution", NULL },
	{ "strip_path_prefix", "strip_path", NULL },
	{ "use_globals", "leak_roots", "globals" },
	{ "use_stacks", "leak_roots", "stacks" },
	{ "use_registers", "leak_roots", "registers" },
	{ "use_tls", "leak_roots", "tls" },
};

struct reading {
	struct md_options *options;
	const struct md_options_io *io;
	const char *place;
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

static bool set_flag(struct reading *reading, const struct md_option_info *info, const char *root, const char *value)
{
	const struct md_options_io io = { .context = reading, .complain = pass_complaint };

	if (!root)
		return md_options_set(reading->options, info->name, value, &io);
	if (is_off(value))
		take_out_root(reading->options, info, root);
	return true;
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

void md_options_read_lsan(struct md_options *options, const char *text, const char *place, enum md_option_source source,
	const struct md_options_io *io, enum md_option_source *sources)
{
	struct reading reading = { options, io, place };
	char value[MD_OPTION_TEXT_MAX + 1]; /* one more than can be stored, so that a value that is cut is noticed as too long */

	for (const char *at = text + strspn(text, SEPARATORS); *at; at += strspn(at, SEPARATORS)) {
		const char *name = at;
		size_t length = strcspn(at, "=" SEPARATORS);

		at += length;
		if (*at != '=')
			continue; /* LeakSanitizer ends the program for a name without a value */
		at = read_value(at + 1, value, sizeof value);
		for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
			const struct md_option_info *info;

			if (strlen(flags[i].flag) != length || memcmp(flags[i].flag, name, length) || !(info = md_options_find(flags[i].option)))
				continue;
			if (sources && sources[info - md_option_table] > source)
				continue;
			if (set_flag(&reading, info, flags[i].root, value) && sources)
				sources[info - md_option_table] = source;
		}
	}
}
