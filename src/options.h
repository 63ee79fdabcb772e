/* SPDX-License-Identifier: MIT
 *
 * Options: one struct, filled from strings. Knows the table (options.def), presets, bounds and what is wrong with a bad value; reads no
 * environment itself, so that the library, the command and tests share it.
 */
#ifndef MD_OPTIONS_H
#define MD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MD_OPTION_TEXT_MAX 512 /* bytes of a text option, its NUL included */

/* Every value is a uint64_t or a char array under the option's name. */
struct md_options {
#define MD_OPTION_BOOL(name, def, help) uint64_t name;
#define MD_OPTION_UINT(name, def, min, max, help) uint64_t name;
#define MD_OPTION_SIZE(name, def, min, max, help) uint64_t name;
#define MD_OPTION_ENUM(name, def, choices, help) uint64_t name;
#define MD_OPTION_LIST(name, choices, help) uint64_t name;
#define MD_OPTION_TEXT(name, def, help) char name[MD_OPTION_TEXT_MAX];
#include "src/options.def"
#undef MD_OPTION_BOOL
#undef MD_OPTION_UINT
#undef MD_OPTION_SIZE
#undef MD_OPTION_ENUM
#undef MD_OPTION_LIST
#undef MD_OPTION_TEXT
};

enum { MD_PRESET_OFF, MD_PRESET_LIGHT, MD_PRESET_DEFAULT, MD_PRESET_FULL, MD_PRESET_CI };
enum { MD_UNWIND_AUTO, MD_UNWIND_EXACT, MD_UNWIND_CHECK };
enum { MD_ON_ERROR_CONTINUE, MD_ON_ERROR_ABORT, MD_ON_ERROR_EXIT, MD_ON_ERROR_PAUSE };
enum { MD_FORMAT_TEXT, MD_FORMAT_JSON, MD_FORMAT_SARIF, MD_FORMAT_ASAN };
enum { MD_PROFILE_FORMAT_AUTO, MD_PROFILE_FORMAT_PPROF, MD_PROFILE_FORMAT_FOLDED, MD_PROFILE_FORMAT_MASSIF };
enum { MD_PROFILE_KIND_LIVE = 1, MD_PROFILE_KIND_ALLOCS = 2 };
enum { MD_COLOR_AUTO, MD_COLOR_ALWAYS, MD_COLOR_NEVER };
enum { MD_CHILDREN_KEEP, MD_CHILDREN_STRIP };
enum { MD_BAD_REQUESTS_SILENT, MD_BAD_REQUESTS_REPORT };
enum { MD_LEAKS_DIRECT = 1, MD_LEAKS_POSSIBLE = 2, MD_LEAKS_REACHABLE = 4 };
enum { MD_ROOTS_GLOBALS = 1, MD_ROOTS_STACKS = 2, MD_ROOTS_REGISTERS = 4, MD_ROOTS_TLS = 8, MD_ROOTS_MAPPINGS = 16 };
enum { MD_LEAKS_AT_NOW = 1, MD_LEAKS_AT_SIGNAL = 2, MD_LEAKS_AT_EXEC = 4, MD_LEAKS_AT_DLCLOSE = 8, MD_LEAKS_AT_FORK = 16 };
enum { MD_CRASHES_ILL = 1, MD_CRASHES_FPE = 2, MD_CRASHES_TRAP = 4, MD_CRASHES_ABRT = 8 };
enum { MD_SHOW_MAP = 1, MD_SHOW_HISTORY = 2, MD_SHOW_STATS = 4 };

enum md_option_kind { MD_KIND_BOOL, MD_KIND_UINT, MD_KIND_SIZE, MD_KIND_ENUM, MD_KIND_LIST, MD_KIND_TEXT };

struct md_option_info {
	const char *name;
	enum md_option_kind kind;
	size_t offset; /* into struct md_options */
	uint64_t def, min, max;
	const char *choices; /* ENUM, LIST: separated by commas; TEXT: the default; else NULL */
	const char *help;
};

/* Where a value came from, lowest first: a later source overrides an earlier one. */
enum md_option_source {
	MD_SOURCE_DEFAULT,
	MD_SOURCE_PRESET,
	MD_SOURCE_PROGRAM,  /* __lsan_default_options in the program; read when it starts, see options_lsan.h */
	MD_SOURCE_LSAN,     /* LSAN_OPTIONS, with the option lsan_compat */
	MD_SOURCE_GLIBC,    /* MALLOC_CHECK_, MALLOC_PERTURB_, GLIBC_TUNABLES */
	MD_SOURCE_LIST,     /* MALLOC_DEBUG_OPTIONS */
	MD_SOURCE_VARIABLE, /* MALLOC_DEBUG_NAME */
	MD_SOURCE_COMMAND   /* malloc-debug run --name=value */
};

extern const struct md_option_info md_option_table[];
extern const size_t md_option_count;

/* Takes one complaint: a whole line without newline, naming the input, what is wrong with it, and the nearest right one. */
typedef void md_options_complain(void *context, const char *line);

/* Looks up an environment variable; NULL if unset. */
typedef const char *md_options_getenv(void *context, const char *name);

struct md_options_io {
	void *context;
	md_options_getenv *get;
	md_options_complain *complain;
	/* Walks the environment: the i-th "NAME=value" string, NULL after the last. For finding misspelt MALLOC_DEBUG_ names. May be NULL. */
	const char *(*entry)(void *context, size_t i);
};

/* Fills all defaults. */
void md_options_init(struct md_options *options);

/* Reads every source in order (see enum md_option_source, the command's values excepted: they arrive as variables). Bad input is
 * complained about and the value from the sources before stays. sources, when not NULL, has md_option_count entries and gets where
 * each value came from. Allocates nothing. */
void md_options_read(struct md_options *options, const struct md_options_io *io, enum md_option_source *sources);

/* Sets one option from text. False, after complaining, if there is no such option or the value is bad; options is then unchanged. */
bool md_options_set(struct md_options *options, const char *name, const char *value, const struct md_options_io *io);

/* Option of that name (case and '-' for '_' do not matter), or NULL. */
const struct md_option_info *md_options_find(const char *name);

/* Writes the value of one option as a user would type it (k, M, G; names of choices). Returns its length as snprintf does. */
size_t md_options_value_text(const struct md_options *options, const struct md_option_info *info, char *buffer, size_t bytes);

/* True if program (a file name without folder) matches one of the comma-separated patterns (* and ?); an empty list matches all. */
bool md_options_program_matches(const char *patterns, const char *program);

#endif
