/* SPDX-License-Identifier: MIT
 *
 * LeakSanitizer's options in our terms.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "src/options_lsan.h"

static struct md_options options;
static enum md_option_source sources[128];
static char complaints[4096];

static void note(void *context, const char *line)
{
	cr_assert(context == complaints);
	cr_assert(strlen(complaints) + strlen(line) + 2 < sizeof complaints);
	strcat(strcat(complaints, line), "\n");
}

static enum md_option_source *source_of(const char *name)
{
	return &sources[md_options_find(name) - md_option_table];
}

static void begin(void)
{
	memset(sources, 0, sizeof sources);
	complaints[0] = '\0';
	md_options_init(&options);
}

static void read_flags(const char *text)
{
	const struct md_options_io io = { .context = complaints, .complain = note };

	md_options_read_lsan(&options, text, "LSAN_OPTIONS", MD_SOURCE_PROGRAM, &io, sources);
}

TestSuite(options_lsan, .init = begin);

Test(options_lsan, what_ours_can_say)
{
	read_flags("exitcode=42:max_leaks=7 detect_leaks=1,strip_path_prefix=/src/");
	cr_expect(options.leak_exitcode == 42 && options.leak_max_shown == 7 && options.leaks == 1);
	cr_expect(strcmp(options.strip_path, "/src/") == 0);
	cr_expect(*source_of("leak_exitcode") == MD_SOURCE_PROGRAM && *source_of("leaks") == MD_SOURCE_PROGRAM);
	cr_expect(*source_of("leak_kinds") == MD_SOURCE_DEFAULT);
	cr_expect(complaints[0] == '\0', "%s", complaints);
	read_flags("leak_check_at_exit=0");
	cr_expect(options.leaks == 0);
	read_flags("detect_leaks=true");
	cr_expect(options.leaks == 1);
	read_flags("detect_leaks=false");
	cr_expect(options.leaks == 0);
}

Test(options_lsan, forms_of_lists)
{
	read_flags(" \n:exitcode=1 ,\t:max_leaks=2\r\n");
	cr_expect(options.leak_exitcode == 1 && options.leak_max_shown == 2);
	read_flags("strip_path_prefix='/a b:c':exitcode=\"3\"");
	cr_expect(strcmp(options.strip_path, "/a b:c") == 0 && options.leak_exitcode == 3);
	read_flags("strip_path_prefix='/never closed:exitcode=9");
	cr_expect(strcmp(options.strip_path, "/never closed:exitcode=9") == 0 && options.leak_exitcode == 3);
	read_flags("strip_path_prefix=:exitcode=4");
	cr_expect(options.strip_path[0] == '\0' && options.leak_exitcode == 4);
	cr_expect(complaints[0] == '\0', "%s", complaints);
}

/* A hundred flags that are none of ours, and what is no flag at all. */
Test(options_lsan, the_rest_is_passed_over)
{
	static struct md_options before;

	before = options;
	read_flags("");
	read_flags("verbosity=1:log_threads=1:report_objects=1:fast_unwind_on_malloc=0:malloc_context_size=10:print_suppressions=0:abort_on_error=1");
	read_flags("use_unaligned=1:use_root_regions=0:exitcodes=5:exit=5:=5:exitcode:leaks=1:preset=full");
	cr_expect(memcmp(&before, &options, sizeof options) == 0);
	cr_expect(complaints[0] == '\0', "%s", complaints);
}

Test(options_lsan, kinds_of_roots)
{
	const char *list = md_options_find("leak_roots")->choices;
	uint64_t all = 1;

	for (; *list; list++)
		if (*list == ',')
			all = all << 1 | 1;
	read_flags("use_stacks=1:use_tls=1");
	cr_expect(options.leak_roots == 0);
	read_flags("use_stacks=0");
	cr_expect(options.leak_roots == (all & ~2u), "%lx", options.leak_roots);
	read_flags("use_registers=0:use_globals=0:use_tls=0:use_tls=0");
	cr_expect(options.leak_roots == (all & ~15u) && options.leak_roots, "%lx", options.leak_roots);
}

/* What the user has set stays. */
Test(options_lsan, higher_sources_win)
{
	options.leak_exitcode = 1;
	*source_of("leak_exitcode") = MD_SOURCE_VARIABLE;
	options.leak_max_shown = 1;
	*source_of("leak_max_shown") = MD_SOURCE_PRESET;
	options.leak_roots = 1;
	*source_of("leak_roots") = MD_SOURCE_GLIBC;
	read_flags("exitcode=42:max_leaks=43:use_globals=0");
	cr_expect(options.leak_exitcode == 1 && *source_of("leak_exitcode") == MD_SOURCE_VARIABLE);
	cr_expect(options.leak_max_shown == 43 && *source_of("leak_max_shown") == MD_SOURCE_PROGRAM);
	cr_expect(options.leak_roots == 1);
	md_options_read_lsan(&options, "exitcode=44", "LSAN_OPTIONS", MD_SOURCE_PROGRAM, &(struct md_options_io){ 0 }, NULL);
	cr_expect(options.leak_exitcode == 44); /* nobody knows who set it */
}

Test(options_lsan, bad_values)
{
	static char text[2 * MD_OPTION_TEXT_MAX] = "strip_path_prefix=";

	read_flags("exitcode=1000:max_leaks=many:detect_leaks=maybe:exitcode=");
	cr_expect(options.leak_exitcode == 0 && options.leak_max_shown == 20 && options.leaks == md_options_find("leaks")->def);
	cr_expect(*source_of("leak_exitcode") == MD_SOURCE_DEFAULT);
	cr_expect(strncmp(complaints, "LSAN_OPTIONS: leak_exitcode=1000: ", 34) == 0, "%s", complaints);
	cr_expect(strstr(complaints, "\nLSAN_OPTIONS: leak_max_shown=many: ") != NULL, "%s", complaints);
	cr_expect(strstr(complaints, "\nLSAN_OPTIONS: leaks=maybe: ") != NULL, "%s", complaints);
	complaints[0] = '\0';
	memset(text + 18, 'x', sizeof text - 19);
	read_flags(text);
	cr_expect(options.strip_path[0] == '\0' && strstr(complaints, "LSAN_OPTIONS: strip_path=xxx") == complaints, "%s", complaints);
	md_options_read_lsan(&options, "exitcode=x", "LSAN_OPTIONS", MD_SOURCE_PROGRAM, &(struct md_options_io){ 0 }, sources); /* nobody listens */
}
