/* SPDX-License-Identifier: MIT
 *
 * The table of options and the order in which their sources are read. The preset is found first, because its values lie below all sources
 * that it can come from. One value's syntax is options_value.c's business.
 *
 * MALLOC_DEBUG_OPTIONS is items separated by ':'. In a value, "..." keeps everything but backslash and '"' as it is, '...' everything; a
 * backslash takes the next character as it is. An item without '=' switches a yes-or-no option on.
 *
 * Allocation and signal safety   no allocation, no state; uses under 3 KiB of stack, because this may run before the first malloc returns.
 */
#include "src/options.h"

#include <string.h>

#include "src/line.h"
#include "src/options_glibc.h"
#include "src/options_lsan.h"
#include "src/options_value.h"
#include "src/words.h"

#define PREFIX "MALLOC_DEBUG_"
#define PREFIX_LENGTH (sizeof PREFIX - 1)
#define NAME_MAX_BYTES 32 /* longest option name, its NUL included */

/* clang-format off */
const struct md_option_info md_option_table[] = {
#define MD_OPTION_BOOL(name, def, help) { #name, MD_KIND_BOOL, offsetof(struct md_options, name), def, 0, 1, NULL, help },
#define MD_OPTION_UINT(name, def, min, max, help) { #name, MD_KIND_UINT, offsetof(struct md_options, name), def, min, max, NULL, help },
#define MD_OPTION_SIZE(name, def, min, max, help) { #name, MD_KIND_SIZE, offsetof(struct md_options, name), def, min, max, NULL, help },
#define MD_OPTION_ENUM(name, def, choices, help) { #name, MD_KIND_ENUM, offsetof(struct md_options, name), def, 0, 63, choices, help },
#define MD_OPTION_LIST(name, choices, help) { #name, MD_KIND_LIST, offsetof(struct md_options, name), 0, 0, UINT64_MAX, choices, help },
#define MD_OPTION_TEXT(name, def, help) { #name, MD_KIND_TEXT, offsetof(struct md_options, name), 0, 0, MD_OPTION_TEXT_MAX - 1, def, help },
#include "src/options.def"
#undef MD_OPTION_BOOL
#undef MD_OPTION_UINT
#undef MD_OPTION_SIZE
#undef MD_OPTION_ENUM
#undef MD_OPTION_LIST
#undef MD_OPTION_TEXT
};
/* clang-format on */
const size_t md_option_count = sizeof md_option_table / sizeof *md_option_table;

static const struct {
	uint64_t preset;
	size_t offset;
	uint64_t value;
} preset_table[] = {
#define MD_PRESET(preset, option, value) { MD_PRESET_##preset, offsetof(struct md_options, option), value },
#include "src/presets.def"
#undef MD_PRESET
};

/* Variables that begin like an option's and are none. */
static const char *const other_variables[] = { PREFIX "OPTIONS", PREFIX "LIBRARY" };

struct reading {
	struct md_options *options;
	const struct md_options_io *io;
	enum md_option_source *sources; /* may be NULL */
};

/* How an input was written, for complaints about it. */
struct input {
	const char *place; /* "MALLOC_DEBUG_OPTIONS: ", or "" where the name says it all */
	const char *name;
	size_t name_length;
	const char *value; /* NULL: there was no '=' */
	size_t value_length;
	bool as_variable; /* name has the prefix: so has the right one */
};

static const struct md_option_info *find_option(const char *name, size_t length)
{
	for (size_t i = 0; i < md_option_count; i++)
		if (md_word_equal(md_option_table[i].name, strlen(md_option_table[i].name), name, length))
			return &md_option_table[i];
	return NULL;
}

const struct md_option_info *md_options_find(const char *name)
{
	return find_option(name, strlen(name));
}

static void store(struct md_options *options, const struct md_option_info *info, const char *text, size_t length, uint64_t number)
{
	char *field = (char *)options + info->offset;

	if (info->kind == MD_KIND_TEXT) {
		memcpy(field, text, length);
		field[length] = '\0';
	} else {
		memcpy(field, &number, sizeof number);
	}
}

void md_options_init(struct md_options *options)
{
	for (size_t i = 0; i < md_option_count; i++) {
		const struct md_option_info *info = &md_option_table[i];
		const char *text = info->kind == MD_KIND_TEXT ? info->choices : "";

		store(options, info, text, strlen(text), info->def);
	}
}

/* MALLOC_DEBUG_ and the name in capitals. */
static void make_variable(const struct md_option_info *info, char name[PREFIX_LENGTH + NAME_MAX_BYTES])
{
	size_t i;

	memcpy(name, PREFIX, PREFIX_LENGTH);
	name += PREFIX_LENGTH;
	for (i = 0; i < NAME_MAX_BYTES - 1 && info->name[i]; i++)
		name[i] = info->name[i] >= 'a' && info->name[i] <= 'z' ? (char)(info->name[i] - 'a' + 'A') : info->name[i];
	name[i] = '\0';
}

static void begin_complaint(struct md_line *line, const struct input *input)
{
	md_line_init(line);
	md_line_put(line, input->place);
	md_line_put_input(line, input->name, input->name_length);
	if (input->value) {
		md_line_put(line, "=");
		md_line_put_input(line, input->value, input->value_length);
	}
	md_line_put(line, ": ");
}

static void complain(const struct md_options_io *io, const struct md_line *line)
{
	if (io && io->complain)
		io->complain(io->context, line->text);
}

static void complain_of_name(const struct md_options_io *io, const struct input *input)
{
	const struct md_option_info *nearest = md_option_table;
	size_t skip = input->as_variable ? PREFIX_LENGTH : 0;
	unsigned nearest_distance = ~0u;
	char variable[PREFIX_LENGTH + NAME_MAX_BYTES];
	struct md_line line;

	for (size_t i = 0; i < md_option_count; i++) {
		const char *name = md_option_table[i].name;
		unsigned distance = md_word_distance(input->name + skip, input->name_length - skip, name, strlen(name));

		if (distance < nearest_distance) {
			nearest_distance = distance;
			nearest = &md_option_table[i];
		}
	}
	make_variable(nearest, variable);
	begin_complaint(&line, input);
	md_line_put(&line, "there is no such option; the nearest is ");
	md_line_put(&line, input->as_variable ? variable : nearest->name);
	complain(io, &line);
}

/* Sets info from input. False, after complaining, if the value is bad. */
static bool set_option(
	struct md_options *options, const struct md_option_info *info, const struct input *input, const struct md_options_io *io)
{
	struct md_line line;
	uint64_t number = 1; /* what the name alone means */

	begin_complaint(&line, input);
	if (!input->value) {
		if (info->kind != MD_KIND_BOOL) {
			md_line_put(&line, "no value; expected is ");
			md_option_value_expect(info, &line);
			complain(io, &line);
			return false;
		}
	} else if (!md_option_value_parse(info, input->value, input->value_length, &number, &line)) {
		complain(io, &line);
		return false;
	}
	store(options, info, input->value ? input->value : "", input->value_length, number);
	return true;
}

bool md_options_set(struct md_options *options, const char *name, const char *value, const struct md_options_io *io)
{
	const struct md_option_info *info = md_options_find(name);
	struct input input = { .place = "", .name = name, .name_length = strlen(name), .value = value };

	input.value_length = value ? strlen(value) : 0;
	if (!info) {
		complain_of_name(io, &input);
		return false;
	}
	return set_option(options, info, &input, io);
}

/* One item of MALLOC_DEBUG_OPTIONS. */
struct item {
	const char *name;
	size_t name_length;
	bool has_value;
	bool open_quote;                /* a quote was not closed */
	char value[MD_OPTION_TEXT_MAX]; /* without its quotes; as much as fits */
	size_t value_length;            /* of all of it */
};

/* Reads a value up to the next ':' outside quotes; returns where it stopped. */
static const char *read_value(const char *at, struct item *item)
{
	char quote = 0;

	for (; *at && (quote || *at != ':'); at++) {
		char c = *at;

		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? 0 : c;
			continue;
		}
		if (c == '\\' && at[1] && (!quote || (quote == '"' && (at[1] == '"' || at[1] == '\\'))))
			c = *++at;
		if (item->value_length < sizeof item->value)
			item->value[item->value_length] = c;
		item->value_length++;
	}
	item->open_quote = quote != 0;
	return at;
}

/* Takes one item off the list. False at the end. */
static bool take_item(const char **list, struct item *item)
{
	const char *at = *list;

	if (!at)
		return false;
	at += strspn(at, ": \t\n"); /* empty items, and lists laid out over several lines */
	if (!*at)
		return false;
	item->name = at;
	item->name_length = strcspn(at, "=:");
	item->value_length = 0;
	item->open_quote = false;
	at += item->name_length;
	item->has_value = *at == '=';
	if (item->has_value)
		at = read_value(at + 1, item);
	*list = at;
	return true;
}

static struct input input_of_item(const struct item *item)
{
	return (struct input){
		.place = PREFIX "OPTIONS: ",
		.name = item->name,
		.name_length = item->name_length,
		.value = item->has_value ? item->value : NULL,
		.value_length = item->value_length,
	};
}

static void set_source(const struct reading *reading, const struct md_option_info *info, enum md_option_source source)
{
	if (reading->sources)
		reading->sources[info - md_option_table] = source;
}

static void read_list(const struct reading *reading)
{
	const char *list = reading->io->get(reading->io->context, PREFIX "OPTIONS");
	struct item item;

	while (take_item(&list, &item)) {
		const struct md_option_info *info = find_option(item.name, item.name_length);
		const struct input input = input_of_item(&item);

		if (item.open_quote) {
			struct md_line line;

			begin_complaint(&line, &input);
			md_line_put(&line, "a quote is not closed");
			complain(reading->io, &line);
		} else if (!info) {
			complain_of_name(reading->io, &input);
		} else if (set_option(reading->options, info, &input, reading->io)) {
			set_source(reading, info, MD_SOURCE_LIST);
		}
	}
}

static void read_variable(const struct reading *reading, const struct md_option_info *info)
{
	char variable[PREFIX_LENGTH + NAME_MAX_BYTES];

	make_variable(info, variable);

	const char *value = reading->io->get(reading->io->context, variable);

	if (!value)
		return;

	const struct input input = {
		.place = "",
		.name = variable,
		.name_length = strlen(variable),
		.value = value,
		.value_length = strlen(value),
		.as_variable = true,
	};

	if (set_option(reading->options, info, &input, reading->io))
		set_source(reading, info, MD_SOURCE_VARIABLE);
}

/* The preset in force, found without complaints: they come when the sources are read in order. */
static uint64_t find_preset(const struct md_options_io *io)
{
	const struct md_option_info *info = md_options_find("preset");
	const char *list = io->get(io->context, PREFIX "OPTIONS");
	const char *variable = io->get(io->context, PREFIX "PRESET");
	uint64_t preset = info->def, number;
	struct md_line ignored;
	struct item item;

	md_line_init(&ignored);
	while (take_item(&list, &item))
		if (item.has_value && !item.open_quote && find_option(item.name, item.name_length) == info &&
			md_option_value_parse(info, item.value, item.value_length, &number, &ignored))
			preset = number;
	if (variable && md_option_value_parse(info, variable, strlen(variable), &number, &ignored))
		preset = number;
	return preset;
}

static void apply_preset(const struct reading *reading, uint64_t preset)
{
	for (size_t i = 0; i < sizeof preset_table / sizeof *preset_table; i++) {
		if (preset_table[i].preset != preset)
			continue;
		for (size_t j = 0; j < md_option_count; j++) {
			if (md_option_table[j].offset != preset_table[i].offset)
				continue;
			store(reading->options, &md_option_table[j], "", 0, preset_table[i].value);
			set_source(reading, &md_option_table[j], MD_SOURCE_PRESET);
		}
	}
}

static bool is_known_variable(const char *name, size_t length)
{
	char variable[PREFIX_LENGTH + NAME_MAX_BYTES];

	for (size_t i = 0; i < sizeof other_variables / sizeof *other_variables; i++)
		if (strlen(other_variables[i]) == length && !memcmp(other_variables[i], name, length))
			return true;
	for (size_t i = 0; i < md_option_count; i++) {
		make_variable(&md_option_table[i], variable);
		if (strlen(variable) == length && !memcmp(variable, name, length))
			return true;
	}
	return false;
}

static void complain_of_variables(const struct md_options_io *io)
{
	const char *entry;

	for (size_t i = 0; (entry = io->entry(io->context, i)); i++) {
		size_t length = strcspn(entry, "=");

		if (strncmp(entry, PREFIX, PREFIX_LENGTH) || is_known_variable(entry, length))
			continue;

		struct input input = { .place = "", .name = entry, .name_length = length, .as_variable = true };

		if (entry[length]) {
			input.value = entry + length + 1;
			input.value_length = strlen(input.value);
		}
		complain_of_name(io, &input);
	}
}

void md_options_read(struct md_options *options, const struct md_options_io *io, enum md_option_source *sources)
{
	enum md_option_source own_sources[sizeof md_option_table / sizeof *md_option_table];
	const struct reading reading = { options, io, sources ? sources : own_sources };
	const char *lsan;

	md_options_init(options);
	for (size_t i = 0; i < md_option_count; i++)
		reading.sources[i] = MD_SOURCE_DEFAULT;
	apply_preset(&reading, find_preset(io));
	md_options_read_glibc(options, io, reading.sources);
	read_list(&reading);
	for (size_t i = 0; i < md_option_count; i++)
		read_variable(&reading, &md_option_table[i]);
	if (options->lsan_compat && (lsan = io->get(io->context, "LSAN_OPTIONS")))
		md_options_read_lsan(options, lsan, "LSAN_OPTIONS", MD_SOURCE_LSAN, io, reading.sources);
	if (io->entry)
		complain_of_variables(io);
}

bool md_options_program_matches(const char *patterns, const char *program)
{
	const char *list = patterns, *pattern;
	size_t length;

	if (!*patterns)
		return true;
	while ((pattern = md_word_next(&list, &length)))
		if (md_word_matches(pattern, length, program, strlen(program)))
			return true;
	return false;
}
