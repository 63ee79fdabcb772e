/* SPDX-License-Identifier: MIT
 *
 * Options: every source and their order, every kind of bad input with the very words of its complaint, and the sanity of the tables.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/guard_policy.h"
#include "src/options.h"

/* An environment of our own: "NAME=value" strings, NULL at the end, and a record of what was complained about. */
struct fake {
	const char *const *environment;
	char complaints[4096]; /* each with a newline */
	int count;
};

static const char *get(void *context, const char *name)
{
	const struct fake *fake = context;
	size_t length = strlen(name);

	for (size_t i = 0; fake->environment[i]; i++)
		if (!strncmp(fake->environment[i], name, length) && fake->environment[i][length] == '=')
			return fake->environment[i] + length + 1;
	return NULL;
}

static const char *entry(void *context, size_t i)
{
	return ((const struct fake *)context)->environment[i];
}

static void complain(void *context, const char *line)
{
	struct fake *fake = context;
	size_t length = strlen(fake->complaints);

	snprintf(fake->complaints + length, sizeof fake->complaints - length, "%s\n", line);
	fake->count++;
}

static struct fake fake;
static struct md_options options;
static enum md_option_source sources[128];

static void read_from(const char *const *environment)
{
	const struct md_options_io io = { &fake, get, complain, entry };

	memset(&fake, 0, sizeof fake);
	fake.environment = environment;
	cr_assert(lt(sz, md_option_count, sizeof sources / sizeof *sources));
	md_options_read(&options, &io, sources);
}

#define READ(...) read_from((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

/* Exactly these complaints, and no others. */
static void expect_complaints(const char *text)
{
	cr_expect(eq(str, fake.complaints, (char *)text));
}

static enum md_option_source source_of(const char *name)
{
	return sources[md_options_find(name) - md_option_table];
}

static bool set(const char *name, const char *value)
{
	const struct md_options_io io = { &fake, get, complain, entry };

	memset(&fake, 0, sizeof fake);
	return md_options_set(&options, name, value, &io);
}

static char *text_of(const char *name)
{
	static char buffer[MD_OPTION_TEXT_MAX];

	md_options_value_text(&options, md_options_find(name), buffer, sizeof buffer);
	return buffer;
}

/* --- the tables ------------------------------------------------------------------------------------------------------------------- */

static size_t count_choices(const char *choices)
{
	size_t count = 1;

	for (; *choices; choices++)
		count += *choices == ',';
	return count;
}

Test(table, rows_are_sane)
{
	for (size_t i = 0; i < md_option_count; i++) {
		const struct md_option_info *info = &md_option_table[i];
		size_t length = strlen(info->help);

		cr_expect(length > 10 && info->help[length - 1] == '.', "%s: the help text is no sentence", info->name);
		cr_expect(strlen(info->name) < 32, "%s: longer than the parser's buffer", info->name);
		cr_expect(strspn(info->name, "abcdefghijklmnopqrstuvwxyz_") == strlen(info->name), "%s: a letter that no variable can have",
			info->name);
		cr_expect(info->min <= info->def && info->def <= info->max, "%s: the default is out of bounds", info->name);
		if (info->kind == MD_KIND_ENUM)
			cr_expect(info->def < count_choices(info->choices), "%s: the default is no choice", info->name);
		if (info->kind == MD_KIND_ENUM || info->kind == MD_KIND_LIST)
			cr_expect(count_choices(info->choices) <= 64, "%s: more choices than bits", info->name);
		if (info->kind == MD_KIND_TEXT)
			cr_expect(strlen(info->choices) < MD_OPTION_TEXT_MAX, "%s: the default is too long", info->name);
		cr_expect(md_options_find(info->name) == info, "%s: a row before it has the same name", info->name);
	}
}

/* The enumerators in options.h count the choices in options.def. */
Test(table, choices_agree_with_the_enumerators)
{
	static const struct {
		const char *name;
		size_t count;
		uint64_t last;
		const char *last_choice;
	} rows[] = {
		{ "preset", 5, MD_PRESET_CI, "ci" },
		{ "unwind", 3, MD_UNWIND_CHECK, "check" },
		{ "on_error", 4, MD_ON_ERROR_PAUSE, "pause" },
		{ "format", 4, MD_FORMAT_ASAN, "asan" },
		{ "color", 3, MD_COLOR_NEVER, "never" },
		{ "children", 2, MD_CHILDREN_STRIP, "strip" },
		{ "bad_requests", 2, MD_BAD_REQUESTS_REPORT, "report" },
		{ "show", 3, MD_SHOW_STATS, "stats" },
		{ "leak_kinds", 3, MD_LEAKS_REACHABLE, "reachable" },
		{ "leak_roots", 5, MD_ROOTS_MAPPINGS, "mappings" },
		{ "profile_format", 4, MD_PROFILE_FORMAT_MASSIF, "massif" },
		{ "profile_kinds", 2, MD_PROFILE_KIND_ALLOCS, "allocs" },
		{ "leaks_at", 5, MD_LEAKS_AT_FORK, "fork" },
		{ "crashes", 4, MD_CRASHES_ABRT, "abrt" },
		{ "guard", 3, MD_GUARD_ALL, "all" },
		{ "guard_side", 3, MD_GUARD_BOTH, "both" },
		{ "guard_align", 3, MD_GUARD_ALIGN_1, "1" },
	};
	size_t enums = 0;

	for (size_t i = 0; i < md_option_count; i++)
		enums += md_option_table[i].kind == MD_KIND_ENUM || md_option_table[i].kind == MD_KIND_LIST;
	cr_assert(eq(sz, enums, sizeof rows / sizeof *rows), "an option with choices is missing in this test");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct md_option_info *info = md_options_find(rows[i].name);
		uint64_t value;

		cr_assert(info != NULL);
		cr_expect(eq(sz, count_choices(info->choices), rows[i].count), "%s", info->name);
		cr_expect(set(info->name, rows[i].last_choice));
		memcpy(&value, (char *)&options + info->offset, sizeof value);
		cr_expect(eq(u64, value, rows[i].last), "%s", info->name);
	}
}

Test(table, every_preset_stays_within_bounds_and_belongs_to_its_row)
{
	static const struct {
		uint64_t preset;
		size_t offset;
		uint64_t value;
	} rows[] = {
#define MD_PRESET(preset, option, value) { MD_PRESET_##preset, offsetof(struct md_options, option), value },
#include "src/presets.def"
#undef MD_PRESET
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		bool found = false;

		for (size_t j = 0; j < md_option_count; j++) {
			const struct md_option_info *info = &md_option_table[j];

			if (info->offset != rows[i].offset)
				continue;
			found = true;
			cr_expect(info->kind != MD_KIND_TEXT, "%s: presets have numbers only", info->name);
			cr_expect(rows[i].value >= info->min && rows[i].value <= info->max, "%s: out of bounds", info->name);
			cr_expect(rows[i].value != info->def, "%s: the row repeats the default", info->name);
		}
		cr_expect(found);
	}
}

Test(table, names_are_found_whatever_their_case_and_dashes)
{
	cr_expect(md_options_find("fill_alloc") != NULL);
	cr_expect(md_options_find("FILL-Alloc") == md_options_find("fill_alloc"));
	cr_expect(md_options_find("fill_allo") == NULL);
	cr_expect(md_options_find("") == NULL);
}

/* --- defaults and sources --------------------------------------------------------------------------------------------------------- */

Test(sources, nothing_set_gives_the_defaults)
{
	struct md_options defaults;

	memset(&options, 0xff, sizeof options);
	READ("PATH=/bin", "MALLOC_ARENA_MAX=1");
	md_options_init(&defaults);
	for (size_t i = 0; i < md_option_count; i++) {
		char expected[MD_OPTION_TEXT_MAX];

		md_options_value_text(&defaults, &md_option_table[i], expected, sizeof expected);
		cr_expect(eq(str, text_of(md_option_table[i].name), expected));
		cr_expect(eq(int, sources[i], MD_SOURCE_DEFAULT));
	}
	cr_expect(eq(u64, options.redzone, 16));
	cr_expect(eq(u64, options.quarantine, 16 << 20));
	cr_expect(eq(u64, options.preset, MD_PRESET_DEFAULT));
	cr_expect(eq(u64, options.report, 1));
	cr_expect(eq(str, options.log, "stderr"));
	expect_complaints("");
}

/* The same option from one source after the other: each must override all before it. */
Test(sources, each_overrides_those_before_it)
{
	READ("MALLOC_DEBUG_PRESET=full");
	cr_expect(eq(u64, options.fill_alloc, 4096));
	cr_expect(eq(int, source_of("fill_alloc"), MD_SOURCE_PRESET));
	cr_expect(eq(int, source_of("preset"), MD_SOURCE_VARIABLE));
	cr_expect(eq(int, source_of("mismatch"), MD_SOURCE_DEFAULT));

	READ("MALLOC_DEBUG_PRESET=full", "MALLOC_PERTURB_=85");
	cr_expect(eq(u64, options.fill_alloc, 1u << 30));
	cr_expect(eq(int, source_of("fill_alloc"), MD_SOURCE_GLIBC));

	READ("MALLOC_DEBUG_OPTIONS=fill_alloc=7:preset=full", "MALLOC_PERTURB_=85");
	cr_expect(eq(u64, options.fill_alloc, 7));
	cr_expect(eq(int, source_of("fill_alloc"), MD_SOURCE_LIST));

	READ("MALLOC_DEBUG_FILL_ALLOC=8", "MALLOC_DEBUG_OPTIONS=fill_alloc=7:preset=full", "MALLOC_PERTURB_=85");
	cr_expect(eq(u64, options.fill_alloc, 8));
	cr_expect(eq(int, source_of("fill_alloc"), MD_SOURCE_VARIABLE));
	expect_complaints("");
}

Test(sources, sources_may_be_left_out)
{
	const char *const environment[] = { "MALLOC_DEBUG_PRESET=full", "MALLOC_CHECK_=3", "MALLOC_DEBUG_REDZONE=32", NULL };
	const struct md_options_io io = { .context = &fake, .get = get };

	fake.environment = environment;
	md_options_read(&options, &io, NULL);
	cr_expect(eq(u64, options.redzone, 32));
	cr_expect(eq(u64, options.on_error, MD_ON_ERROR_ABORT));
	cr_expect(eq(u64, options.history, 65536));
}

/* The values of a preset lie below all other sources, wherever its name came from. */
Test(sources, the_preset_may_come_from_any_source)
{
	READ("MALLOC_DEBUG_OPTIONS=redzone=32:preset=full");
	cr_expect(eq(u64, options.redzone, 32));
	cr_expect(eq(u64, options.backtrace, 64));
	cr_expect(eq(int, source_of("preset"), MD_SOURCE_LIST));

	READ("MALLOC_DEBUG_PRESET=light", "MALLOC_DEBUG_OPTIONS=preset=full");
	cr_expect(eq(u64, options.preset, MD_PRESET_LIGHT));
	cr_expect(eq(u64, options.backtrace, 8));
	cr_expect(eq(u64, options.redzone, 16)); /* full's 64 must not shine through */

	READ("MALLOC_DEBUG_OPTIONS=preset=full:preset=light");
	cr_expect(eq(u64, options.backtrace, 8));
	expect_complaints("");
}

Test(sources, a_bad_preset_leaves_the_one_before_it)
{
	READ("MALLOC_DEBUG_PRESET=ful", "MALLOC_DEBUG_OPTIONS=preset=light");
	cr_expect(eq(u64, options.preset, MD_PRESET_LIGHT));
	cr_expect(eq(u64, options.backtrace, 8));
	expect_complaints("MALLOC_DEBUG_PRESET=ful: \"ful\" is not one of off, light, default, full, ci; the nearest is full\n");
}

Test(sources, presets)
{
	READ("MALLOC_DEBUG_PRESET=off");
	cr_expect(eq(u64, options.preset, MD_PRESET_OFF));
	cr_expect(eq(int, source_of("redzone"), MD_SOURCE_DEFAULT));

	READ("MALLOC_DEBUG_PRESET=light");
	cr_expect(eq(u64, options.history, 0));
	cr_expect(eq(u64, options.quarantine, 1 << 20));
	cr_expect(eq(u64, options.fill_free, 256));

	READ("MALLOC_DEBUG_PRESET=full");
	cr_expect(eq(u64, options.redzone, 64));
	cr_expect(eq(u64, options.quarantine, 256 << 20));
	cr_expect(eq(u64, options.bad_requests, MD_BAD_REQUESTS_REPORT));
	cr_expect(eq(u64, options.stats, 1));

	READ("MALLOC_DEBUG_PRESET=CI"); /* case does not matter */
	cr_expect(eq(u64, options.exitcode, 99));
	cr_expect(eq(u64, options.color, MD_COLOR_NEVER));
	cr_expect(eq(u64, options.redzone, 16));
	expect_complaints("");
}

/* --- glibc's variables ------------------------------------------------------------------------------------------------------------ */

Test(glibc, malloc_check)
{
	static const struct {
		const char *variable;
		uint64_t report, on_error;
	} rows[] = {
		{ "MALLOC_CHECK_=0", 0, MD_ON_ERROR_CONTINUE },
		{ "MALLOC_CHECK_=1", 1, MD_ON_ERROR_CONTINUE },
		{ "MALLOC_CHECK_=2", 1, MD_ON_ERROR_ABORT },
		{ "MALLOC_CHECK_=3", 1, MD_ON_ERROR_ABORT },
		{ "MALLOC_CHECK_=5", 1, MD_ON_ERROR_CONTINUE },
		{ "MALLOC_CHECK_=7", 1, MD_ON_ERROR_ABORT },
		{ "GLIBC_TUNABLES=glibc.malloc.check=0", 0, MD_ON_ERROR_CONTINUE },
		{ "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.check=3", 1, MD_ON_ERROR_ABORT },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		READ(rows[i].variable);
		cr_expect(eq(u64, options.report, rows[i].report), "%s", rows[i].variable);
		cr_expect(eq(u64, options.on_error, rows[i].on_error), "%s", rows[i].variable);
		cr_expect(eq(int, source_of("on_error"), MD_SOURCE_GLIBC));
		expect_complaints("");
	}
}

/* An option of our own has the last word over MALLOC_CHECK_. */
Test(glibc, our_options_override_malloc_check)
{
	READ("MALLOC_CHECK_=3", "MALLOC_DEBUG_ON_ERROR=exit");
	cr_expect(eq(u64, options.on_error, MD_ON_ERROR_EXIT));
}

Test(glibc, malloc_perturb_fills_with_glibcs_bytes)
{
	READ("MALLOC_PERTURB_=85");
	cr_expect(eq(u64, options.fill_alloc_byte, 85 ^ 0xff));
	cr_expect(eq(u64, options.fill_free_byte, 85));
	cr_expect(eq(u64, options.fill_alloc, 1u << 30));
	cr_expect(eq(u64, options.fill_free, 128 << 10));

	READ("MALLOC_PERTURB_=0x55");
	cr_expect(eq(u64, options.fill_free_byte, 0x55));
	READ("MALLOC_PERTURB_=0125");
	cr_expect(eq(u64, options.fill_free_byte, 0125));
	READ("GLIBC_TUNABLES=glibc.malloc.perturb=1:glibc.malloc.perturb=2");
	cr_expect(eq(u64, options.fill_free_byte, 2));

	READ("MALLOC_PERTURB_=0");
	cr_expect(eq(u64, options.fill_alloc, 0));
	cr_expect(eq(u64, options.fill_free, 4096));
	cr_expect(eq(int, source_of("fill_free_byte"), MD_SOURCE_DEFAULT));
	expect_complaints("");
}

Test(glibc, a_tunable_wins_over_its_alias)
{
	READ("MALLOC_CHECK_=1", "GLIBC_TUNABLES=glibc.malloc.check=3");
	cr_expect(eq(u64, options.on_error, MD_ON_ERROR_ABORT));
	READ("GLIBC_TUNABLES=glibc.malloc.perturb=3", "MALLOC_PERTURB_=4");
	cr_expect(eq(u64, options.fill_free_byte, 3));
}

Test(glibc, bad_values)
{
	READ("MALLOC_CHECK_=yes", "MALLOC_PERTURB_=256",
		"GLIBC_TUNABLES=glibc.malloc.check=1x:glibc.malloc.perturb=-1:glibc.malloc.checker=z");
	expect_complaints("MALLOC_CHECK_=yes: not a number; expected is a number from 0 to 7\n"
			  "GLIBC_TUNABLES: glibc.malloc.check=1x: text after the number: \"x\"\n"
			  "MALLOC_PERTURB_=256: too large; the most is 255\n"
			  "GLIBC_TUNABLES: glibc.malloc.perturb=-1: negative; the least is 0\n");
	cr_expect(eq(u64, options.on_error, MD_ON_ERROR_CONTINUE));
	cr_expect(eq(u64, options.fill_alloc, 0));
}

/* --- bad input -------------------------------------------------------------------------------------------------------------------- */

Test(bad, names)
{
	READ("MALLOC_DEBUG_REDZON=64", "MALLOC_DEBUG_redzone=64", "MALLOC_DEBUG_OPTIONS=quarantene=1:on-eror=abort:=3:stat",
		"MALLOC_DEBUG_TRACE=3", "MALLOC_DEBUG_LIBRARY=/x", "MALLOC_DEBUG_");
	expect_complaints("MALLOC_DEBUG_OPTIONS: quarantene=1: there is no such option; the nearest is quarantine\n"
			  "MALLOC_DEBUG_OPTIONS: on-eror=abort: there is no such option; the nearest is on_error\n"
			  "MALLOC_DEBUG_OPTIONS: =3: there is no such option; the nearest is log\n"
			  "MALLOC_DEBUG_OPTIONS: stat: there is no such option; the nearest is stats\n"
			  "MALLOC_DEBUG_REDZON=64: there is no such option; the nearest is MALLOC_DEBUG_REDZONE\n"
			  "MALLOC_DEBUG_redzone=64: there is no such option; the nearest is MALLOC_DEBUG_REDZONE\n"
			  "MALLOC_DEBUG_TRACE=3: there is no such option; the nearest is MALLOC_DEBUG_BACKTRACE\n"
			  "MALLOC_DEBUG_: there is no such option; the nearest is MALLOC_DEBUG_LOG\n");
	cr_expect(eq(u64, options.redzone, 16));
}

struct bad_value {
	const char *name, *value, *complaint;
};

static const struct bad_value bad_values[] = {
	{ "redzone", "abc", "redzone=abc: not a number; expected is a size from 16 to 4k\n" },
	{ "redzone", "", "redzone=: no value; expected is a size from 16 to 4k\n" },
	{ "redzone", NULL, "redzone: no value; expected is a size from 16 to 4k\n" },
	{ "redzone", "64x", "redzone=64x: text after the number: \"x\"; a size may end in k, M or G\n" },
	{ "redzone", "64kB", "redzone=64kB: text after the number: \"B\"; a size may end in k, M or G\n" },
	{ "redzone", "-64", "redzone=-64: negative; the least is 16\n" },
	{ "redzone", "-99999999999999999999", "redzone=-99999999999999999999: negative; the least is 16\n" },
	{ "redzone", "15", "redzone=15: too small; the least is 16\n" },
	{ "redzone", "5k", "redzone=5k: too large; the most is 4k\n" },
	{ "redzone", "18446744073709551632", "redzone=18446744073709551632: too large; the most is 4k\n" },
	{ "redzone", "17179869184G", "redzone=17179869184G: too large; the most is 4k\n" }, /* 2^64: must not wrap to 0 */
	{ "backtrace", "ten", "backtrace=ten: not a number; expected is a number from 0 to 128\n" },
	{ "backtrace", "0x", "backtrace=0x: text after the number: \"x\"\n" },
	{ "backtrace", "8k", "backtrace=8k: text after the number: \"k\"\n" },
	{ "backtrace", "-1", "backtrace=-1: negative; the least is 0\n" },
	{ "backtrace", "129", "backtrace=129: too large; the most is 128\n" },
	{ "symbolize_timeout", "0", "symbolize_timeout=0: too small; the least is 1\n" },
	{ "stats", "yep", "stats=yep: \"yep\" is not one of no, yes, off, on, false, true, 0, 1; the nearest is yes\n" },
	{ "stats", "", "stats=: no value; expected is yes or no\n" },
	{ "on_error", "abrt", "on_error=abrt: \"abrt\" is not one of continue, abort, exit, pause; the nearest is abort\n" },
	{ "on_error", "", "on_error=: no value; expected is continue, abort, exit or pause\n" },
	{ "on_error", NULL, "on_error: no value; expected is continue, abort, exit or pause\n" },
	{ "show", "map,hist", "show=map,hist: \"hist\" is not one of map, history, stats; the nearest is history\n" },
	{ "show", NULL, "show: no value; expected is any of map, history, stats\n" },
	{ "log", NULL, "log: no value; expected is a text of at most 511 bytes\n" },
	{ "redzone", "\x1b[1m\n", "redzone=?[1m?: not a number; expected is a size from 16 to 4k\n" },
	{ "quarantin", "1M", "quarantin=1M: there is no such option; the nearest is quarantine\n" },
};

Test(bad, values)
{
	for (size_t i = 0; i < sizeof bad_values / sizeof *bad_values; i++) {
		struct md_options before;

		md_options_init(&options);
		before = options;
		cr_expect(not(set(bad_values[i].name, bad_values[i].value)), "%s", bad_values[i].complaint);
		expect_complaints(bad_values[i].complaint);
		cr_expect(memcmp(&before, &options, sizeof options) == 0, "changed all the same: %s", bad_values[i].complaint);
	}
}

Test(bad, a_complaint_names_the_place_and_the_value_before_stays)
{
	READ("MALLOC_DEBUG_OPTIONS=redzone=32:redzone=zz", "MALLOC_DEBUG_REDZONE=8");
	expect_complaints("MALLOC_DEBUG_OPTIONS: redzone=zz: not a number; expected is a size from 16 to 4k\n"
			  "MALLOC_DEBUG_REDZONE=8: too small; the least is 16\n");
	cr_expect(eq(u64, options.redzone, 32));
	cr_expect(eq(int, source_of("redzone"), MD_SOURCE_LIST));
}

Test(bad, texts_that_are_too_long)
{
	char variable[64 + MD_OPTION_TEXT_MAX] = "MALLOC_DEBUG_LOG=", list[64 + MD_OPTION_TEXT_MAX] = "MALLOC_DEBUG_OPTIONS=redzone=";
	char shown[81] = "";

	memset(shown, 'x', 80);
	memset(variable + strlen(variable), 'x', MD_OPTION_TEXT_MAX - 1);
	READ(variable);
	cr_expect(eq(sz, strlen(options.log), MD_OPTION_TEXT_MAX - 1));
	expect_complaints("");

	strcat(variable, "x");
	memset(list + strlen(list), 'x', MD_OPTION_TEXT_MAX + 20); /* more than the list's reader keeps */
	READ(variable, list);
	cr_expect(eq(str, options.log, "stderr"));

	char expected[512];

	snprintf(expected, sizeof expected,
		"MALLOC_DEBUG_OPTIONS: redzone=%s...: too long; the most is 511 bytes\nMALLOC_DEBUG_LOG=%s...: too long; the most is 511 bytes\n",
		shown, shown);
	expect_complaints(expected);
}

/* The worst input of each part at once: the line is cut, never overrun. */
Test(bad, the_longest_complaint_fits_its_line)
{
	char list[1200] = "MALLOC_DEBUG_OPTIONS=";

	memset(list + strlen(list), 'a', 500);
	strcat(list, "=");
	memset(list + strlen(list), 'b', 500);
	READ(list);
	cr_expect(eq(int, fake.count, 1));
	cr_expect(lt(sz, strlen(fake.complaints), 513));
}

/* --- syntax ----------------------------------------------------------------------------------------------------------------------- */

Test(syntax, sizes)
{
	static const struct {
		const char *text;
		uint64_t value;
		const char *printed;
	} rows[] = {
		{ "0", 0, "0" },
		{ "1000", 1000, "1000" },
		{ "1k", 1 << 10, "1k" },
		{ "2K", 2 << 10, "2k" },
		{ "1536", 1536, "1536" },
		{ "1536k", 1536 << 10, "1536k" },
		{ "3M", 3 << 20, "3M" },
		{ "3m", 3 << 20, "3M" },
		{ "2048M", 2ull << 30, "2G" },
		{ "64G", 64ull << 30, "64G" },
		{ "0x1000", 4096, "4k" },
		{ "010", 10, "10" }, /* no octal of ours */
		{ "-0", 0, "0" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		cr_expect(set("quarantine", rows[i].text), "%s", rows[i].text);
		cr_expect(eq(u64, options.quarantine, rows[i].value), "%s", rows[i].text);
		cr_expect(eq(str, text_of("quarantine"), (char *)rows[i].printed));
	}
}

Test(syntax, booleans)
{
	static const char *const on[] = { "1", "yes", "on", "true", "YES", "True", NULL };
	static const char *const off[] = { "0", "no", "off", "false", "OFF", NULL };

	for (size_t i = 0; on[i]; i++) {
		options.stats = 7;
		cr_expect(set("stats", on[i]));
		cr_expect(eq(u64, options.stats, 1), "%s", on[i]);
		cr_expect(eq(str, text_of("stats"), "yes"));
	}
	for (size_t i = 0; off[i]; i++) {
		options.stats = 7;
		cr_expect(set("stats", off[i]));
		cr_expect(eq(u64, options.stats, 0), "%s", off[i]);
		cr_expect(eq(str, text_of("stats"), "no"));
	}
	options.stats = 0;
	cr_expect(set("stats", NULL)); /* the name alone */
	cr_expect(eq(u64, options.stats, 1));
}

Test(syntax, numbers_choices_and_lists)
{
	cr_expect(set("fill_free_byte", "0xA5"));
	cr_expect(eq(u64, options.fill_free_byte, 0xa5));
	cr_expect(eq(str, text_of("fill_free_byte"), "0xa5"));
	cr_expect(set("On-Error", "PAUSE"));
	cr_expect(eq(u64, options.on_error, MD_ON_ERROR_PAUSE));
	cr_expect(eq(str, text_of("on_error"), "pause"));
	cr_expect(set("show", "stats,map"));
	cr_expect(eq(u64, options.show, MD_SHOW_STATS | MD_SHOW_MAP));
	cr_expect(eq(str, text_of("show"), "map,stats"));
	cr_expect(set("show", "")); /* nothing: so that a list from an earlier source can be undone */
	cr_expect(eq(u64, options.show, 0));
	cr_expect(eq(str, text_of("show"), ""));
}

Test(syntax, value_text_is_cut_like_snprintf)
{
	char buffer[4] = "###";

	md_options_init(&options);
	cr_expect(eq(sz, md_options_value_text(&options, md_options_find("log"), buffer, sizeof buffer), 6));
	cr_expect(eq(str, buffer, "std"));
	cr_expect(eq(sz, md_options_value_text(&options, md_options_find("log"), NULL, 0), 6));
}

/* What value_text prints is read back as the same value. */
Test(syntax, printed_values_can_be_typed)
{
	READ("MALLOC_DEBUG_PRESET=full", "MALLOC_PERTURB_=3", "MALLOC_DEBUG_SHOW=map,history");

	struct md_options before = options;

	for (size_t i = 0; i < md_option_count; i++)
		cr_expect(set(md_option_table[i].name, text_of(md_option_table[i].name)), "%s", md_option_table[i].name);
	cr_expect(memcmp(&before, &options, sizeof options) == 0);
}

Test(syntax, quotes_in_the_list)
{
	static const struct {
		const char *list, *log;
	} rows[] = {
		{ "log=/tmp/x:stats=1", "/tmp/x" },
		{ "log='/tmp/a:b':stats=1", "/tmp/a:b" },
		{ "log=\"/tmp/a:b\":stats=1", "/tmp/a:b" },
		{ "log=/tmp/a\\:b:stats=1", "/tmp/a:b" },
		{ "log=/tmp/'a:'\"b:\"c:stats=1", "/tmp/a:b:c" },
		{ "log='it\\':stats=1", "it\\" },
		{ "log='a\\\\b\\\"c':stats=1", "a\\\\b\\\"c" }, /* single quotes keep even these */
		{ "log=\"a\\\"b\\\\c\\d\":stats=1", "a\"b\\c\\d" },
		{ "log=\"it's\":stats=1", "it's" },
		{ "log=a=b:stats=1", "a=b" },
		{ "log=:stats=1", "" },
		{ "::log=x:\n  stats=1:", "x" },
		{ "stats:log=a\\", "a\\" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char variable[128];

		snprintf(variable, sizeof variable, "MALLOC_DEBUG_OPTIONS=%s", rows[i].list);
		READ(variable);
		cr_expect(eq(str, options.log, (char *)rows[i].log), "%s", rows[i].list);
		cr_expect(eq(u64, options.stats, 1), "%s", rows[i].list);
		expect_complaints("");
	}
	READ("MALLOC_DEBUG_OPTIONS=redzone=32:log='/tmp/a:stats=1");
	expect_complaints("MALLOC_DEBUG_OPTIONS: log=/tmp/a:stats=1: a quote is not closed\n");
	cr_expect(eq(str, options.log, "stderr"));
	cr_expect(eq(u64, options.redzone, 32));
}

/* A variable of its own needs no quoting and has none. */
Test(syntax, variables_are_taken_as_they_are)
{
	READ("MALLOC_DEBUG_LOG='/tmp/a:b\\'");
	cr_expect(eq(str, options.log, "'/tmp/a:b\\'"));
}

/* --- nearest names ---------------------------------------------------------------------------------------------------------------- */

Test(nearest, names)
{
	static const struct {
		const char *typed, *nearest;
	} rows[] = {
		{ "redzones", "redzone" },
		{ "red-zone", "redzone" },
		{ "fil_alloc", "fill_alloc" },
		{ "quaratnine", "quarantine" },
		{ "exit_code", "exitcode" },
		{ "colour", "color" },
		{ "onerror", "on_error" },
		{ "REPROT", "report" },
		{ "symbolise", "symbolize" },
		{ "trace", "backtrace" },
		{ "logs", "log" },
		{ "checkevery", "check_every" },
		{ "symbolize_time", "symbolize_timeout" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char expected[128];

		snprintf(expected, sizeof expected, "%s=1: there is no such option; the nearest is %s\n", rows[i].typed, rows[i].nearest);
		cr_expect(not(set(rows[i].typed, "1")));
		expect_complaints(expected);
	}
}

/* --- program patterns ------------------------------------------------------------------------------------------------------------- */

Test(programs, patterns)
{
	static const struct {
		const char *patterns, *program;
		bool matches;
	} rows[] = {
		{ "", "anything", true },
		{ "bash", "bash", true },
		{ "bash", "bas", false },
		{ "bash", "bashful", false },
		{ "bash", "Bash", false },
		{ "ba*", "bash", true },
		{ "*", "", true },
		{ "?", "", false },
		{ "python3.?", "python3.9", true },
		{ "python3.?", "python3.11", false },
		{ "python3*", "python3", true },
		{ "git,python3*,cc1", "python3.11", true },
		{ "git,python3*,cc1", "cc1", true },
		{ "git,python3*,cc1", "cc1plus", false },
		{ "*-server", "redis-server", true },
		{ "*a*b", "xaxaxb", true },
		{ "*a*b", "xaxax", false },
		{ "*a?b*", "aabb", true },
		{ "git,", "bash", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect(eq(int, md_options_program_matches(rows[i].patterns, rows[i].program), rows[i].matches), "%s against %s",
			rows[i].program, rows[i].patterns);
}
