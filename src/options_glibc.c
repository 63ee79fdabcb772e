/* SPDX-License-Identifier: MIT
 *
 * glibc's variables, in our terms:
 *
 *   MALLOC_CHECK_, glibc.malloc.check      bit 0: report errors; bit 1: abort at the first; other bits do not matter (mallopt(3),
 *                                          M_CHECK_ACTION). 2 alone aborts in silence there; here the report comes first, for whoever finds
 *                                          the core.
 *   MALLOC_PERTURB_, glibc.malloc.perturb  N, not 0: new blocks are filled with the complement of N, freed ones with N (mallopt(3),
 *                                          M_PERTURB). 0 is their default and changes nothing.
 *
 * As in glibc a tunable wins over the variable that is its alias, and numbers may be hexadecimal or octal.
 */
#include "src/options_glibc.h"

#include <string.h>

#include "src/options_value.h"

#define CHECK_REPORT 1
#define CHECK_ABORT 2
#define CHECK_MAX 7 /* bit 2 chose a shorter message once */
#define PERTURB_MAX 255

/* glibc fills new blocks as a whole. Freed ones it fills up to its mmap threshold; larger ones it unmaps. */
#define PERTURB_ALLOC_BYTES (1u << 30)
#define PERTURB_FREE_BYTES (128u << 10)

struct reading {
	struct md_options *options;
	const struct md_options_io *io;
	enum md_option_source *sources;
};

static void set(const struct reading *reading, uint64_t *field, uint64_t value)
{
	size_t offset = (size_t)((char *)field - (char *)reading->options);

	*field = value;
	for (size_t i = 0; reading->sources && i < md_option_count; i++)
		if (md_option_table[i].offset == offset)
			reading->sources[i] = MD_SOURCE_GLIBC;
}

static void set_check(const struct reading *reading, uint64_t value)
{
	struct md_options *options = reading->options;

	set(reading, &options->report, value != 0);
	set(reading, &options->on_error, value & CHECK_ABORT ? MD_ON_ERROR_ABORT : MD_ON_ERROR_CONTINUE);
}

static void set_perturb(const struct reading *reading, uint64_t value)
{
	struct md_options *options = reading->options;

	if (!value)
		return;
	set(reading, &options->fill_alloc, PERTURB_ALLOC_BYTES);
	set(reading, &options->fill_alloc_byte, value ^ 0xff);
	set(reading, &options->fill_free, PERTURB_FREE_BYTES);
	set(reading, &options->fill_free_byte, value);
}

static const struct tunable {
	const char *name, *alias;
	uint64_t max;
	void (*set)(const struct reading *, uint64_t);
} tunables[] = {
	{ "glibc.malloc.check", "MALLOC_CHECK_", CHECK_MAX, set_check },
	{ "glibc.malloc.perturb", "MALLOC_PERTURB_", PERTURB_MAX, set_perturb },
};

/* True if value was good; else the complaint begins with place and name. */
static bool parse(const struct reading *reading, const struct tunable *tunable, const char *place, const char *name, const char *text,
	size_t length, uint64_t *value)
{
	struct md_line why;

	md_line_init(&why);
	md_line_put(&why, place);
	md_line_put(&why, name);
	md_line_put(&why, "=");
	md_line_put_input(&why, text, length);
	md_line_put(&why, ": ");
	if (md_number_parse_within(text, length, true, 0, tunable->max, value, &why))
		return true;
	if (reading->io->complain)
		reading->io->complain(reading->io->context, why.text);
	return false;
}

/* Takes the last good value of a tunable in "name=value:name=value". Other tunables are the C library's business. */
static bool find_tunable(const struct reading *reading, const struct tunable *tunable, const char *list, uint64_t *value)
{
	size_t name_length = strlen(tunable->name);
	bool found = false;

	while (list && *list) {
		size_t length = strcspn(list, ":");

		if (length > name_length && !strncmp(list, tunable->name, name_length) && list[name_length] == '=') {
			const char *text = list + name_length + 1;
			uint64_t parsed;

			if (parse(reading, tunable, "GLIBC_TUNABLES: ", tunable->name, text, length - name_length - 1, &parsed)) {
				*value = parsed;
				found = true;
			}
		}
		list += length + (list[length] == ':');
	}
	return found;
}

void md_options_read_glibc(struct md_options *options, const struct md_options_io *io, enum md_option_source *sources)
{
	const struct reading reading = { options, io, sources };
	const char *list = io->get(io->context, "GLIBC_TUNABLES");

	for (size_t i = 0; i < sizeof tunables / sizeof *tunables; i++) {
		const struct tunable *tunable = &tunables[i];
		const char *text = io->get(io->context, tunable->alias);
		uint64_t value;

		/* The alias is read even if the tunable wins, so that a bad value in it does not go unnoticed. */
		bool good = text && parse(&reading, tunable, "", tunable->alias, text, strlen(text), &value);

		good |= find_tunable(&reading, tunable, list, &value);
		if (good)
			tunable->set(&reading, value);
	}
}
