/* SPDX-License-Identifier: MIT
 *
 * Suppressions: LeakSanitizer's and Valgrind's files as they are found in the world, what is wrong in them, and what matches.
 */
#include "src/suppress.h"

#include <criterion/criterion.h>
#include <string.h>

#include "report/suppress_text.h"

#define DIRECT MD_SUPPRESS_LEAK(MD_LEAK_DIRECT)
#define POSSIBLE MD_SUPPRESS_LEAK(MD_LEAK_POSSIBLE)
#define REACHABLE MD_SUPPRESS_LEAK(MD_LEAK_REACHABLE)

static _Alignas(16) unsigned char memory[65536];
static struct md_suppressions list;
static char complaints[8192];

static void note(void *context, const char *line)
{
	cr_assert(context == &list);
	cr_assert(strlen(complaints) + strlen(line) + 2 < sizeof complaints);
	strcat(strcat(complaints, line), "\n");
}

static size_t parse(const char *text)
{
	return md_suppressions_parse(&list, text, strlen(text), "a.supp", note, &list);
}

static void begin(void)
{
	complaints[0] = '\0';
	md_suppressions_init(&list, memory, sizeof memory);
}

TestSuite(suppress, .init = begin);

#define expect_complaints(wanted) cr_expect(strcmp(complaints, (wanted)) == 0, "got:\n%s\nwanted:\n%s", complaints, (wanted))

/* malloc was called by strdup, that by make_name, which was inlined into load, that by main. */
static const struct md_suppress_frame stack[] = {
	{ .function = "strdup", .symbol = "strdup", .file = "./string/strdup.c", .line = 42, .module = "/lib/x86_64-linux-gnu/libc.so.6" },
	{ .function = "make_name(char const*)",
		.symbol = "_Z9make_namePKc",
		.file = "/src/lib/name.cc",
		.line = 17,
		.module = "/opt/lib/libfoo.so.1" },
	{ .function = "ns::Loader::load()",
		.symbol = "_ZN2ns6Loader4loadEv",
		.file = "/src/lib/load.cc",
		.line = 5,
		.module = "/opt/lib/libfoo.so.1" },
	{ .module = "/opt/lib/libstripped.so" },
	{ .function = "main", .symbol = "main", .file = "/src/main.c", .line = 9, .module = "/usr/bin/app" },
};
#define FRAMES (sizeof stack / sizeof *stack)

static const struct md_suppression *match(uint64_t kind)
{
	return md_suppressions_match(&list, kind, MD_API_MALLOC, stack, FRAMES, 1, 10);
}

/* Whether a text of one entry suppresses a direct leak of that stack. */
static bool suppresses(const char *text)
{
	begin();
	size_t added = parse(text);

	cr_assert(added == 1 && !complaints[0], "%zu entries in:\n%s\n%s", added, text, complaints);
	return match(DIRECT) != NULL;
}

/* --- LeakSanitizer's ---------------------------------------------------------- */

Test(suppress, parts_of_names)
{
	static const char *const matching[] = {
		"leak:make_name", "leak:make", "leak:name(char", "leak:make_name(char const*)", /* function */
		"leak:_Z9make_namePKc",                                                         /* as linked */
		"leak:name.cc", "leak:/src/lib", "leak:libfoo.so", "leak:/opt/",                /* file, module */
		"leak:libstripped",                                                             /* a module whose functions have no names */
		"leak:*", "leak:*make*name*", "leak:m*e_n*e", "leak:**ns::**load**", "leak:^main$", "leak:^main", "leak:main$",
		"leak:^ma*in$", "leak:^make_name*const*)$", "leak:.so$", "leak:^/opt/lib/*.1$", "leak:name*.cc$", "leak:^*$",
		"  leak: main  ", /* blanks around do not count */
	};
	static const char *const other[] = {
		"leak:nowhere",
		"leak:^ake_name",
		"leak:^lib",
		"leak:make_name$",
		"leak:^mai$",
		"leak:main.c$x",
		"leak:Main",
		"leak:m?in",
		"leak:mai?",   /* ? is itself */
		"leak:malloc", /* the call is no frame of ours */
		"leak:name*make",
		"leak:load*main", /* not over two frames */
		"leak:^$",
		"leak:a$b",
		"leak:^^main",
	};

	for (size_t i = 0; i < sizeof matching / sizeof *matching; i++)
		cr_expect(suppresses(matching[i]), "%s", matching[i]);
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		cr_expect(!suppresses(other[i]), "%s", other[i]);
}

/* What LeakSanitizer gets wrong: its search for the part before $ stops at the first place. */
Test(suppress, the_end_is_looked_for_everywhere)
{
	static const struct md_suppress_frame frame = { .function = "foo_of_foo" };

	parse("leak:foo$");
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_MALLOC, &frame, 1, 1, 1) != NULL);
}

/* Chromium's and PostgreSQL's files look like this. */
Test(suppress, a_file_for_leak_sanitizer)
{
	static const char text[] = "# ------------------------------------------\n"
				   "# Suppressions for LeakSanitizer.\n"
				   "#\n"
				   "\n"
				   "# False positives in libfontconfig. http://crbug.com/39050\n"
				   "leak:libfontconfig\r\n"
				   "# eglibc-2.19/string/strdup.c creates false positive leak errors because of the\n"
				   "  # comment after blanks\n"
				   "leak:__strdup\n"
				   "\tleak:*LSanTestLeakingFunc*\t\n"
				   "leak:operator new(unsigned long)\n"
				   "leak:/usr/lib*/libnss_*.so\n"
				   "leak:third_party/re2/re2.cc"; /* no newline at the end */

	cr_expect(parse(text) == 6);
	expect_complaints("");
	const struct md_suppression *entry = md_suppressions_next(&list, NULL);

	cr_expect(strcmp(entry->pattern, "leak:libfontconfig") == 0 && entry->line == 6 && strcmp(entry->file, "a.supp") == 0, "%s:%u",
		entry->pattern, entry->line);
	for (int i = 0; i < 3; i++)
		entry = md_suppressions_next(&list, entry);
	cr_expect(
		strcmp(entry->pattern, "leak:operator new(unsigned long)") == 0 && entry->line == 11, "%s:%u", entry->pattern, entry->line);
	entry = md_suppressions_next(&list, md_suppressions_next(&list, entry));
	cr_expect(entry && !md_suppressions_next(&list, entry));
	cr_expect(match(DIRECT) == NULL);
}

Test(suppress, other_errors_by_their_slug)
{
	parse("alloc-dealloc-mismatch:libfoo.so\nalloc_dealloc_mismatch:nowhere\nDouble-Free:^main$\n");
	expect_complaints("");
	cr_expect(match(DIRECT) == NULL);
	cr_expect(match(MD_SUPPRESS_ERROR(MD_ERROR_BAD_FREE)) == NULL);
	cr_expect(match(MD_SUPPRESS_ERROR(MD_ERROR_ALLOC_DEALLOC_MISMATCH)) == md_suppressions_next(&list, NULL));
	cr_expect(match(MD_SUPPRESS_ERROR(MD_ERROR_DOUBLE_FREE)) != NULL);
}

Test(suppress, leak_stands_for_every_kind_of_leak)
{
	parse("leak:main");
	for (int kind = 0; kind < MD_LEAK_KINDS; kind++)
		cr_expect(match(MD_SUPPRESS_LEAK(kind)) != NULL, "%d", kind);
	for (int error = 0; error < MD_ERROR_COUNT; error++)
		cr_expect(match(MD_SUPPRESS_ERROR(error)) == NULL, "%d", error);
}

/* --- maximum, counts ------------------------------------------------------------- */

Test(suppress, a_maximum_of_blocks)
{
	parse("leak:make_name max=10\nleak:main max=3");
	const struct md_suppression *first = md_suppressions_next(&list, NULL), *second = md_suppressions_next(&list, first);

	cr_expect(strcmp(first->pattern, "leak:make_name max=10") == 0, "%s", first->pattern);
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_MALLOC, stack, FRAMES, 11, 1) == NULL); /* more than any may take */
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_MALLOC, stack, FRAMES, 8, 1) == first);
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_MALLOC, stack, FRAMES, 3, 1) == second); /* the first has room for 2 */
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_MALLOC, stack, FRAMES, 2, 1) == first);
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_MALLOC, stack, FRAMES, 1, 1) == NULL);
	cr_expect(first->blocks == 10 && second->blocks == 3);
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_MALLOC, stack, FRAMES, UINT64_MAX, 1) == NULL);
}

Test(suppress, maximum_that_is_none)
{
	cr_expect(parse("leak:a max=0\nleak:b max=18446744073709551609\nleak:max=3\nleak:xmax=4\nleak:max=3 y\n") == 5);
	expect_complaints("");
	const struct md_suppression *entry = md_suppressions_next(&list, NULL);

	cr_expect(entry->max == 0);
	entry = entry->next;
	cr_expect(entry->max == 18446744073709551609u);
	for (entry = entry->next; entry; entry = entry->next) /* a pattern with max= in it, not behind a blank or not at the end */
		cr_expect(entry->max == MD_SUPPRESS_UNLIMITED, "%s", entry->pattern);
	begin();
	cr_expect(parse("leak:a max=\nleak:a max=3x\nleak:a max=-1\nleak:a max=99999999999999999999\n") == 0);
	expect_complaints("a.supp:1: max= takes a number of blocks\n"
			  "a.supp:2: max= takes a number of blocks\n"
			  "a.supp:3: max= takes a number of blocks\n"
			  "a.supp:4: max= takes a number of blocks\n");
}

/* So that unused entries can be named, and a second search starts afresh. */
Test(suppress, counts)
{
	parse("leak:make_name\nleak:nowhere\ndouble-free:main\n");
	const struct md_suppression *leak = md_suppressions_next(&list, NULL), *unused = leak->next, *error = unused->next;

	md_suppressions_match(&list, DIRECT, MD_API_MALLOC, stack, FRAMES, 3, 120);
	md_suppressions_match(&list, POSSIBLE, MD_API_MALLOC, stack, FRAMES, 4, 8);
	match(MD_SUPPRESS_ERROR(MD_ERROR_DOUBLE_FREE));
	cr_expect(leak->used && leak->hits == 2 && leak->blocks == 7 && leak->bytes == 128);
	cr_expect(!unused->used && unused->hits == 0 && unused->blocks == 0);
	cr_expect(error->used && error->hits == 1);
	md_suppressions_recount(&list);
	cr_expect(leak->used && leak->hits == 0 && leak->blocks == 0 && leak->bytes == 0);
	cr_expect(error->used && error->hits == 1 && error->blocks == 1);
}

/* --- Valgrind's --------------------------------------------------------------------- */

#define ENTRY(lines) "{\n   name\n   Memcheck:Leak\n" lines "}\n"

Test(suppress, frames_from_the_innermost_on)
{
	static const char *const matching[] = {
		ENTRY("fun:malloc\nfun:strdup\nfun:_Z9make_namePKc\n"),
		ENTRY("fun:malloc\nfun:strdup\nfun:make_name(char const*)\n"),
		ENTRY("fun:malloc\n"),
		ENTRY("fun:*alloc\nfun:strd?p\n"),
		ENTRY("fun:malloc\nobj:*/libc.so.*\nobj:/opt/lib/libfoo.so.1\nobj:*\nobj:*/libstripped.so\nfun:main\n"),
		ENTRY("fun:malloc\n...\nfun:main\n"),
		ENTRY("...\nfun:main\n"),
		ENTRY("...\nfun:malloc\n"),
		ENTRY("fun:malloc\n...\n"),
		ENTRY("fun:malloc\n...\n...\nfun:_ZN2ns*\n...\nfun:main\n...\n"),
		ENTRY("fun:malloc\n...\nfun:strdup\n"), /* no frame at all is any number */
		ENTRY("fun:malloc\nsrc:strdup.c\nsrc:name.cc:17\nsrc:/src/lib/load.cc:5\n"),
		ENTRY("src:*.c:42\nsrc:*\n"),
		/* The call left out, as a person who reads our stacks might. */
		ENTRY("fun:strdup\nfun:_Z9make_namePKc\n"),
		ENTRY("obj:*/libc.so*\nobj:*/libfoo*\n"),
		/* Unknown functions are called nothing, which * fits. */
		ENTRY("fun:malloc\nfun:*\nfun:*\nfun:*\nfun:*\nfun:main\n"),
		/* A name may carry its version; what lies below main has one name. */
		ENTRY("fun:malloc\nfun:strdup@@GLIBC_2.2.5\n"),
		ENTRY("match-leak-kinds: definite\nfun:malloc\n"),
		ENTRY("match-leak-kinds:all\nfun:malloc\n"),
		ENTRY("match-leak-kinds: possible, definite ,reachable\nfun:malloc\n"),
	};
	static const char *const other[] = {
		ENTRY("fun:calloc\nfun:strdup\n"),
		ENTRY("fun:malloc\nfun:_Z9make_namePKc\n"),
		ENTRY("fun:malloc\nfun:malloc\n"),
		ENTRY("fun:malloc\n...\nfun:main\nfun:*\n"), /* there is nothing below main here */
		ENTRY("fun:malloc\n...\nfun:main\n...\nfun:strdup\n"),
		ENTRY("fun:malloc\nfun:strd\n"),
		ENTRY("fun:malloc\nfun:trdup\n"),
		ENTRY("fun:malloc\nobj:libc.so.6\n"),
		ENTRY("fun:malloc\nsrc:strdup.c:43\n"),
		ENTRY("fun:malloc\nsrc:trdup.c\n"),
		ENTRY("fun:malloc\nfun:strdup@@GLIBC_2.2.5x\nfun:main\n"),
		ENTRY("fun:malloc\nfun:@@GLIBC_2.2.5\n"),
		ENTRY("fun:*\nfun:_Z9make_namePKc\n"), /* what fits the call stands for it */
		ENTRY("match-leak-kinds: possible,reachable,indirect\nfun:malloc\n"),
		ENTRY("fun:malloc\n...\nfun:(below main)\n"),
		ENTRY("fun:malloc\nfun:strdup\nfun:^make_name\n"),
	};

	for (size_t i = 0; i < sizeof matching / sizeof *matching; i++)
		cr_expect(suppresses(matching[i]), "%s", matching[i]);
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		cr_expect(!suppresses(other[i]), "%s", other[i]);
}

Test(suppress, below_main)
{
	static const struct md_suppress_frame frames[] = { { .function = "main" }, { .function = "__libc_start_call_main" } };

	parse(ENTRY("fun:malloc\nfun:main\nfun:(below main)\n"));
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_MALLOC, frames, 2, 1, 1) != NULL);
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_MALLOC, frames, 1, 1, 1) == NULL);
}

/* Valgrind knows operator new by its mangled name. */
Test(suppress, the_call_by_any_of_its_names)
{
	static const char *const entries[] = { ENTRY("fun:_Znwm\nfun:strdup\n"), ENTRY("fun:_ZnwmRKSt9nothrow_t\nfun:strdup\n"),
		ENTRY("fun:_Znw*\nfun:strdup\n"), ENTRY("fun:operator new(unsigned long)\nfun:strdup\n") };

	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
		begin();
		cr_assert(parse(entries[i]) == 1);
		cr_expect(md_suppressions_match(&list, DIRECT, MD_API_NEW, stack, FRAMES, 1, 1) != NULL, "%s", entries[i]);
		cr_expect(md_suppressions_match(&list, DIRECT, MD_API_NEW_ARRAY, stack, FRAMES, 1, 1) == NULL, "%s", entries[i]);
		cr_expect(match(DIRECT) == NULL, "%s", entries[i]);
	}
	for (int api = 0; api < MD_API_COUNT; api++)
		cr_expect(md_suppress_symbol((enum md_api)api) != NULL, "%s", md_api_name((enum md_api)api));
	cr_expect(md_suppress_symbol(MD_API_NONE) == NULL && md_suppress_symbol((enum md_api) - 1) == NULL);
}

Test(suppress, kinds_of_leaks)
{
	parse(ENTRY("match-leak-kinds: reachable\nfun:malloc\n"));
	cr_expect(match(DIRECT) == NULL && match(POSSIBLE) == NULL && match(REACHABLE) != NULL);
	begin();
	parse(ENTRY("fun:malloc\n"));
	cr_expect(match(DIRECT) != NULL && match(POSSIBLE) != NULL && match(REACHABLE) != NULL);
	begin();
	cr_expect(parse(ENTRY("match-leak-kinds: none\nfun:malloc\n")) == 0);
	expect_complaints("");
}

Test(suppress, bad_frees)
{
	parse("{\n a\n Memcheck:Free\n fun:free\n fun:strdup\n}\n{\n b\n malloc-debug:new-delete-type-mismatch\n fun:_ZdlPvm\n fun:strdup\n}\n"
	      "{\n c\n Memcheck,malloc-debug:leak\n fun:free\n fun:strdup\n}\n");
	expect_complaints("");
	const struct md_suppression *first = md_suppressions_next(&list, NULL);

	for (int error = 0; error < MD_ERROR_COUNT; error++) {
		bool wanted = error == MD_ERROR_BAD_FREE || error == MD_ERROR_DOUBLE_FREE || error == MD_ERROR_ALLOC_DEALLOC_MISMATCH;

		cr_expect((md_suppressions_match(&list, MD_SUPPRESS_ERROR(error), MD_API_FREE, stack, FRAMES, 1, 1) == first) == wanted,
			"%d", error);
		cr_expect(md_suppressions_match(&list, MD_SUPPRESS_ERROR(error), MD_API_DELETE_SIZED, stack, FRAMES, 1, 1) ==
				(error == MD_ERROR_NEW_DELETE_TYPE_MISMATCH ? first->next : NULL),
			"%d", error);
	}
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_FREE, stack, FRAMES, 1, 1) == first->next->next);
}

/* As in Debian's, Python's and GTK's files: other kinds and tools, comments inside, odd blanks, names of all sorts. */
Test(suppress, a_file_for_valgrind)
{
	static const char text[] = "#\n# This is a valgrind suppression file that should be used when using valgrind.\n#\n"
				   "# all tool names: Addrcheck,Memcheck,cachegrind,helgrind,massif\n"
				   "{\n"
				   "   ADDRESS_IN_RANGE/Invalid read of size 4\n"
				   "   Memcheck:Addr4\n"
				   "   fun:address_in_range\n"
				   "}\n"
				   "\n"
				   "{\n"
				   "   Suppress leaking the GIL.  Happens once per process, see comment in ceval.c.\n"
				   "   Memcheck:Leak\n"
				   "   fun:malloc\n"
				   "   fun:PyThread_allocate_lock\n"
				   "   fun:PyEval_InitThreads\n"
				   "}\r\n"
				   "{\n"
				   "  dlopen() with -lpthread bug#700899\n"
				   "  Memcheck:Leak\n"
				   "  # a comment\n"
				   "\n"
				   "  fun:calloc\n"
				   "  fun:_dlerror_run\n"
				   "  fun:dlopen@@GLIBC_2.2.5\n"
				   "}\n"
				   "{\n"
				   "   helgrind false positive with glibc 2.28 bug#918023\n"
				   "   Helgrind:Race\n"
				   "   fun:mempcpy\n"
				   "}\n"
				   "{\n"
				   "   dl-hack3-cond-1\n"
				   "   Memcheck:Param\n"
				   "   write(buf)\n" /* what follows a kind like this is no frame */
				   "   obj:/lib*/ld-2.*.so*\n"
				   "}\n"
				   "{\n"
				   "   <insert_a_suppression_name_here>\n"
				   "   Addrcheck,Memcheck:Leak\n"
				   "   match-leak-kinds: possible\n"
				   "   fun:calloc\n"
				   "   fun:g_malloc0\n"
				   "   ...\n"
				   "   fun:g_type_register_*\n"
				   "}\n"
				   "leak:both_in_one_file\n";

	cr_expect(parse(text) == 4, "%s", complaints);
	expect_complaints("");
	const struct md_suppression *entry = md_suppressions_next(&list, NULL);

	cr_expect(strcmp(entry->pattern, "Suppress leaking the GIL.  Happens once per process, see comment in ceval.c.") == 0, "%s",
		entry->pattern);
	cr_expect(entry->line == 11, "%u", entry->line);
	static const struct md_suppress_frame frames[] = { { .function = "g_malloc0" }, { .module = "/lib/libgobject-2.0.so.0" },
		{ .function = "g_type_register_fundamental" }, { .function = "main" } };

	cr_expect(md_suppressions_match(&list, POSSIBLE, MD_API_CALLOC, frames, 4, 1, 148) == entry->next->next);
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_CALLOC, frames, 4, 1, 148) == NULL);
}

/* --- what is wrong ------------------------------------------------------------------- */

Test(suppress, bad_lines_are_named_and_the_rest_is_used)
{
	cr_expect(parse("leak:first\n"
			"no colon here\n"
			"\n"
			"laek:second\n"
			"alloc-dealloc-missmatch:x\n"
			"leak:\n"
			"leak:   \n"
			":x\n"
			"}\n"
			"leak:last\n") == 2);
	expect_complaints(
		"a.supp:2: not understood: 'no colon here'; a suppression is KIND:PATTERN, such as leak:function, or an entry in braces\n"
		"a.supp:4: there is nothing to suppress by the name 'laek'; the nearest is leak\n"
		"a.supp:5: there is nothing to suppress by the name 'alloc-dealloc-missmatch'; the nearest is alloc-dealloc-mismatch\n"
		"a.supp:6: the pattern is missing; * stands for everything\n"
		"a.supp:7: the pattern is missing; * stands for everything\n"
		"a.supp:8: there is nothing to suppress by the name ''; the nearest is leak\n"
		"a.supp:9: a closing brace without an entry\n");
}

Test(suppress, bad_entries_are_named_and_the_rest_is_used)
{
	cr_expect(parse("{\n}\n"                                                              /* 1 */
			"{\nname\n}\n"                                                        /* 3 */
			"{\nname\nMemcheck Leak\nfun:a\n}\n"                                  /* 6 */
			"{\nname\nMemcheck:Leak\n}\n"                                         /* 11 */
			"{\nname\nMemcheck:Leak\n...\n}\n"                                    /* 15 */
			"{\nname\nMemcheck:Leak\nfun:a\nfnu:b\nfun:c\nnonsense\n}\n"          /* 20 */
			"{\nname\nMemcheck:Leak\nmatch-leak-kinds: definite,lost\nfun:a\n}\n" /* 28 */
			"{\nname\nmalloc-debug:double-fre\nfun:a\n}\n"                        /* 34 */
			"leak:last\n") == 1);
	expect_complaints("a.supp:2: the entry ends before its second line: a name, and TOOL:KIND, such as Memcheck:Leak\n"
			  "a.supp:5: the entry ends before its second line: a name, and TOOL:KIND, such as Memcheck:Leak\n"
			  "a.supp:8: not understood: 'Memcheck Leak'; the second line of an entry is TOOL:KIND, such as Memcheck:Leak\n"
			  "a.supp:14: the entry names no frame: it would suppress everything\n"
			  "a.supp:19: the entry names no frame: it would suppress everything\n"
			  "a.supp:24: not understood: 'fnu:b'; a frame is fun:FUNCTION, obj:MODULE, src:FILE or ...\n"
			  "a.supp:31: not understood: 'lost'; kinds of leaks are definite, indirect, possible, reachable, all and none\n"
			  "a.supp:36: there is nothing to suppress by the name 'double-fre'; the nearest is double-free\n");
	cr_expect(strcmp(md_suppressions_next(&list, NULL)->pattern, "leak:last") == 0);
}

/* A forgotten brace costs one entry, not all that follow. */
Test(suppress, braces_that_do_not_close)
{
	cr_expect(
		parse("{\nfirst\nMemcheck:Leak\nfun:a\n{\nsecond\nMemcheck:Leak\nfun:malloc\n}\n{\nthird\nHelgrind:Race\nfun:x\n{\n{\nfourth\nMemcheck:Leak\nfun:b") ==
		1);
	expect_complaints("a.supp:1: the entry that begins here has no closing brace\n"
			  "a.supp:10: the entry that begins here has no closing brace\n"
			  "a.supp:14: the entry that begins here has no closing brace\n"
			  "a.supp:15: the entry that begins here has no closing brace\n");
	cr_expect(match(DIRECT) == md_suppressions_next(&list, NULL));
}

/* A file that is no such list at all. */
Test(suppress, many_bad_lines_are_not_all_named)
{
	static char text[4096];
	size_t lines = 0;

	memset(text, 'x', sizeof text);
	for (size_t i = 1; i < sizeof text; i += 2)
		text[i] = '\n';
	cr_expect(md_suppressions_parse(&list, text, sizeof text, "/bin/ls", note, &list) == 0);
	for (const char *at = complaints; (at = strchr(at, '\n')); at++)
		lines++;
	cr_expect(lines == 21, "%zu", lines);
	cr_expect(strstr(complaints, "\n/bin/ls:21: there are more lines like these; is this a file of suppressions?\n") != NULL, "%s",
		complaints);
}

/* Control characters in a bad line do not reach the terminal; nobody has to listen. */
Test(suppress, complaints_are_safe)
{
	parse("\033[2J\n");
	cr_expect(strstr(complaints, "'?[2J'") != NULL, "%s", complaints);
	cr_expect(md_suppressions_parse(&list, "bad\nleak:x", 10, "f", NULL, NULL) == 1);
}

Test(suppress, text_that_is_empty_or_begins_with_a_mark)
{
	cr_expect(parse("") == 0 && parse("\n\n#") == 0);
	cr_expect(parse("\xef\xbb\xbfleak:main\n") == 1);
	expect_complaints("");
	cr_expect(match(DIRECT) != NULL);
	cr_expect(md_suppressions_parse(&list, "leak:x\0y\n}", 10, "f", NULL, NULL) == 1);
}

/* What does not fit is said once; what was read before stays good, and nothing is written behind the memory. */
Test(suppress, memory_that_is_too_small)
{
	static const char text[] = "leak:nowhere\n{\nname\nMemcheck:Leak\nfun:malloc\nfun:strdup\n}\nleak:main max=3\n";
	size_t most = 0;

	for (size_t bytes = 0; bytes < 700; bytes++) {
		memset(memory, 0xaa, sizeof memory);
		complaints[0] = '\0';
		md_suppressions_init(&list, memory + 3, bytes);
		size_t added = parse(text);

		cr_assert(added >= most && added <= 3);
		cr_assert(added == 3 ? !complaints[0] : strstr(complaints, "there is no room for more suppressions") != NULL, "%zu: %s",
			bytes, complaints);
		cr_assert(strchr(complaints, '\n') == strrchr(complaints, '\n'), "%s", complaints);
		cr_assert(memory[3 + bytes] == 0xaa);
		cr_assert((match(DIRECT) != NULL) == (added > 1), "%zu", added);
		most = added;
	}
	cr_expect(most == 3);
}

/* Patterns that take others an age: time would be exponential, or a power of the number of stars. */
Test(suppress, no_pattern_takes_long, .timeout = 10)
{
	static char name[20001], pattern[4096] = "leak:";
	static struct md_suppress_frame deep[2000];
	struct md_suppress_frame frame = { .function = name, .symbol = name, .file = name, .module = name };

	memset(name, 'a', sizeof name - 1);
	for (size_t i = 0; i < 1000; i++)
		strcat(pattern, "a*");
	strcat(pattern, "b");
	cr_assert(parse(pattern) == 1);
	memcpy(pattern, "leak:^*", 7);
	strcat(pattern, "$");
	cr_assert(parse(pattern) == 1);
	cr_assert(parse(ENTRY("fun:malloc\nfun:*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b\n")) == 1);
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_MALLOC, &frame, 1, 1, 1) == NULL);
	begin();
	for (size_t i = 0; i < 2000; i++)
		deep[i].function = "a";
	cr_assert(
		parse(ENTRY(
			"...\nfun:a\n...\nfun:a\n...\nfun:a\n...\nfun:a\n...\nfun:a\n...\nfun:a\n...\nfun:a\n...\nfun:a\n...\nfun:b\n")) ==
		1);
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_MALLOC, deep, 2000, 1, 1) == NULL);
}

Test(suppress, no_frames)
{
	parse("leak:*\n" ENTRY("fun:calloc\nfun:x\n") ENTRY("fun:malloc\n"));
	const struct md_suppression *entry = match(DIRECT);

	cr_expect(entry == md_suppressions_next(&list, NULL));
	entry = md_suppressions_match(&list, DIRECT, MD_API_MALLOC, NULL, 0, 1, 1);
	cr_expect(entry && entry->line == 8, "%u", entry ? entry->line : 0); /* the call is still known */
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_NONE, NULL, 0, 1, 1) == NULL);
}

/* --- the built-in list ------------------------------------------------------------------ */

static const struct md_suppression *match_builtin(uint64_t kind, enum md_api api, const struct md_suppress_frame *frames, size_t count)
{
	begin();
	md_suppressions_parse(&list, md_suppress_builtin, md_suppress_builtin_bytes, "built-in", note, &list);
	expect_complaints("");
	return md_suppressions_match(&list, kind, api, frames, count, 1, 1);
}

Test(suppress, built_in)
{
	/* pthread_create, as the helper names it, and without it */
	static const struct md_suppress_frame vector[] = { { .function = "allocate_dtv", .module = "/lib64/ld-linux-x86-64.so.2" },
		{ .function = "_dl_allocate_tls", .module = "/lib64/ld-linux-x86-64.so.2" },
		{ .function = "pthread_create", .module = "/lib/libc.so.6" } };
	static const struct md_suppress_frame nameless[] = { { .module = "/lib/x86_64-linux-gnu/ld-2.31.so" },
		{ .module = "/lib/libc.so.6" } };
	static const struct md_suppress_frame pool[] = { { .module = "/lib/x86_64-linux-gnu/libstdc++.so.6" },
		{ .module = "/lib64/ld-linux-x86-64.so.2" } };
	static const struct md_suppress_frame type[] = { { .function = "g_malloc0" }, { .module = "/lib/libgobject-2.0.so.0" },
		{ .function = "g_type_register_fundamental" }, { .function = "main" } };
	/* A constructor of the program's, called by the loader, that leaks. */
	static const struct md_suppress_frame own[] = { { .function = "strdup", .module = "/lib/libc.so.6" },
		{ .function = "init", .module = "/usr/bin/app" }, { .function = "call_init", .module = "/lib64/ld-linux-x86-64.so.2" } };

	cr_expect(match_builtin(POSSIBLE, MD_API_CALLOC, vector, 3) != NULL);
	cr_expect(match_builtin(DIRECT, MD_API_MALLOC, nameless, 2) != NULL);
	cr_expect(match_builtin(REACHABLE, MD_API_MALLOC, pool, 2) != NULL);
	cr_expect(match_builtin(DIRECT, MD_API_MALLOC, pool, 2) == NULL);
	cr_expect(match_builtin(POSSIBLE, MD_API_CALLOC, type, 4) != NULL);
	cr_expect(match_builtin(DIRECT, MD_API_CALLOC, type, 4) == NULL);
	for (int kind = 0; kind < MD_LEAK_KINDS; kind++) {
		cr_expect(match_builtin(MD_SUPPRESS_LEAK(kind), MD_API_MALLOC, own, 3) == NULL, "%d", kind);
		cr_expect(match_builtin(MD_SUPPRESS_LEAK(kind), MD_API_MALLOC, stack, FRAMES) == NULL, "%d", kind);
	}
}

/* --- written ones ------------------------------------------------------------------------ */

static char written[4096];

static struct md_text begin_text(void)
{
	struct md_text text;

	memset(written, 0, sizeof written);
	md_text_init(&text, written, sizeof written - 1, false);
	return text;
}

#define expect_written(wanted) cr_expect(strcmp(written, (wanted)) == 0, "got:\n%s\nwanted:\n%s", written, (wanted))

Test(suppress, a_written_line_names_the_programs_frame)
{
	struct md_text text = begin_text();

	cr_expect(md_suppress_line_text(&text, DIRECT, stack, FRAMES));
	cr_expect(md_suppress_line_text(&text, MD_SUPPRESS_ERROR(MD_ERROR_DOUBLE_FREE), stack + 3, 1)); /* a module, where that is all */
	cr_expect(md_suppress_line_text(&text, POSSIBLE, stack, 1)); /* the C library, where there is nobody else */
	expect_written("leak:^make_name(char const*)$\ndouble-free:libstripped.so\nleak:^strdup$\n");
	cr_expect(!md_suppress_line_text(&text, DIRECT, stack, 0));
	cr_expect(parse(written) == 3);
	expect_complaints("");
	cr_expect(match(DIRECT) == md_suppressions_next(&list, NULL));
}

Test(suppress, a_written_entry_has_the_whole_stack)
{
	struct md_text text = begin_text();

	md_suppress_entry_text(&text, DIRECT, "3 blocks", MD_API_MALLOC, stack, FRAMES);
	expect_written("{\n"
		       "   malloc-debug: 3 blocks\n"
		       "   Memcheck:Leak\n"
		       "   match-leak-kinds: definite\n"
		       "   fun:malloc\n"
		       "   fun:strdup\n"
		       "   fun:_Z9make_namePKc\n"
		       "   fun:_ZN2ns6Loader4loadEv\n"
		       "   obj:/opt/lib/libstripped.so\n"
		       "   fun:main\n"
		       "}\n");
	cr_expect(parse(written) == 1);
	expect_complaints("");
	cr_expect(match(DIRECT) != NULL);
	cr_expect(match(POSSIBLE) == NULL);
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_MALLOC, stack, FRAMES - 1, 1, 1) == NULL);
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_CALLOC, stack, FRAMES, 1, 1) == NULL);
}

/* Names are the program's to choose; nothing in them ends the entry or begins another. */
Test(suppress, written_entries_are_read_back_whatever_the_names)
{
	static const struct md_suppress_frame frames[] = { { .function = "operator*<char*, ?>(int [3])" }, { .function = "a\n}\nleak:*" },
		{ .symbol = "_Z1x$" }, { 0 } };
	struct md_suppress_frame deep[40];
	struct md_text text = begin_text();

	md_suppress_entry_text(&text, MD_SUPPRESS_ERROR(MD_ERROR_ALLOC_DEALLOC_MISMATCH), "}\n#", MD_API_DELETE_ARRAY, frames, 4);
	expect_written("{\n"
		       "   malloc-debug: }?#\n"
		       "   malloc-debug:alloc-dealloc-mismatch\n"
		       "   fun:_ZdaPv\n"
		       "   fun:operator*<char*, ?>(int [3])\n"
		       "   fun:a?}?leak:*\n"
		       "   fun:_Z1x$\n"
		       "   obj:*\n"
		       "}\n");
	cr_expect(parse(written) == 1);
	expect_complaints("");
	cr_expect(md_suppressions_match(&list, MD_SUPPRESS_ERROR(MD_ERROR_ALLOC_DEALLOC_MISMATCH), MD_API_DELETE_ARRAY, frames, 4, 1, 1) !=
		NULL);
	text = begin_text();
	cr_expect(md_suppress_line_text(&text, DIRECT, frames + 2, 1));
	expect_written("leak:^_Z1x$$\n");
	begin();
	parse(written);
	cr_expect(md_suppressions_match(&list, DIRECT, MD_API_MALLOC, frames, 4, 1, 1) != NULL);
	/* Valgrind takes 24 lines at most. */
	for (size_t i = 0; i < 40; i++)
		deep[i] = (struct md_suppress_frame){ .function = i < 23 ? "f" : "g" };
	text = begin_text();
	md_suppress_entry_text(&text, REACHABLE, "deep", MD_API_NONE, deep, 40);
	cr_expect(strstr(written, "fun:g") == NULL && strstr(written, "   fun:*\n   fun:f\n") != NULL, "%s", written);
	begin();
	cr_expect(parse(written) == 1);
	cr_expect(md_suppressions_match(&list, REACHABLE, MD_API_MALLOC, deep, 40, 1, 1) != NULL);
	cr_expect(md_suppressions_match(&list, REACHABLE, MD_API_MALLOC, deep, 22, 1, 1) == NULL);
}
