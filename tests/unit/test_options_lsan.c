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

static void read_flags_from(const char *text, enum md_option_source source)
{
	const struct md_options_io io = { .context = complaints, .complain = note };

	md_options_read_lsan(&options, text, "LSAN_OPTIONS", source, &io, sources);
}

static void read_flags(const char *text)
{
	read_flags_from(text, MD_SOURCE_PROGRAM);
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

/* Both have to agree, in whatever order. */
Test(options_lsan, two_flags_for_one_search)
{
	read_flags("detect_leaks=1:leak_check_at_exit=0");
	cr_expect(options.leaks == 0);
	read_flags("leak_check_at_exit=0:detect_leaks=1");
	cr_expect(options.leaks == 0);
	read_flags("detect_leaks=0:leak_check_at_exit=1");
	cr_expect(options.leaks == 0);
	read_flags("leak_check_at_exit=0:leak_check_at_exit=1:detect_leaks=1");
	cr_expect(options.leaks == 1);
	read_flags("detect_leaks=0:detect_leaks=maybe:leak_check_at_exit=1");
	cr_expect(options.leaks == 0);
}

/* What has to be known at start can come from the environment, not from the program. */
Test(options_lsan, from_the_environment)
{
	const char *early = "malloc_context_size=10:verbosity=2:log_path=/tmp/log:max_allocation_size_mb=100:help=1";

	read_flags_from(early, MD_SOURCE_PROGRAM);
	cr_expect(options.backtrace == 32 && !options.verbose && !strcmp(options.log, "stderr") && !options.max_alloc && !options.help);
	read_flags_from(early, MD_SOURCE_LSAN);
	cr_expect(options.backtrace == 10 && options.verbose && !strcmp(options.log, "/tmp/log.%p") && options.help);
	cr_expect(options.max_alloc == (uint64_t)100 << 20, "%lu", options.max_alloc);
	cr_expect(*source_of("backtrace") == MD_SOURCE_LSAN && *source_of("log") == MD_SOURCE_LSAN);
	read_flags_from("verbosity=0:log_path=stdout:max_allocation_size_mb=0:symbolize=0:color=always", MD_SOURCE_LSAN);
	cr_expect(!options.verbose && !strcmp(options.log, "/dev/stdout") && !options.max_alloc);
	cr_expect(!options.symbolize && options.color == MD_COLOR_ALWAYS);
	read_flags_from("log_path=stderr", MD_SOURCE_LSAN);
	cr_expect(!strcmp(options.log, "stderr"));
	read_flags_from("log_path=", MD_SOURCE_LSAN);
	cr_expect(!strcmp(options.log, "stderr"));
	cr_expect(complaints[0] == '\0', "%s", complaints);
	read_flags_from("max_allocation_size_mb=many", MD_SOURCE_LSAN);
	cr_expect(strncmp(complaints, "LSAN_OPTIONS: max_alloc=manyM: ", 31) == 0, "%s", complaints);
}

/* The user is told by name what does nothing, but not of what is so anyway. */
Test(options_lsan, ignored_by_name)
{
	static char text[2 * MD_OPTION_TEXT_MAX] = "log_path=";

	read_flags_from("use_root_regions=1:report_objects=0:print_suppressions=true:log_threads=no:use_unaligned=0", MD_SOURCE_LSAN);
	cr_expect(complaints[0] == '\0', "%s", complaints);
	complaints[0] = '\0';
	read_flags_from("use_root_regions=0:report_objects=1:nobody_knows='a b':exitcode=5", MD_SOURCE_LSAN);
	cr_expect(!strcmp(complaints,
			  "LSAN_OPTIONS: use_root_regions=0: ignored, there is nothing like it here\n"
			  "LSAN_OPTIONS: report_objects=1: ignored, there is nothing like it here\n"
			  "LSAN_OPTIONS: nobody_knows=a b: ignored, there is nothing like it here\n"),
		"%s", complaints);
	cr_expect(options.leak_exitcode == 5);
	complaints[0] = '\0';
	read_flags_from("=5:exitcode", MD_SOURCE_LSAN);
	cr_expect(complaints[0] == '\0', "%s", complaints);
	memset(text + 9, 'x', sizeof text - 10);
	read_flags_from(text, MD_SOURCE_LSAN);
	cr_expect(!strcmp(options.log, "stderr") && strstr(complaints, "LSAN_OPTIONS: log=xxx") == complaints, "%s", complaints);
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
