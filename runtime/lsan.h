/* SPDX-License-Identifier: MIT
 *
 * LeakSanitizer's interface (sanitizer/lsan_interface.h), for programs that were made with it in mind. The calls themselves are exported
 * and have no declaration here.
 *
 * A program may define __lsan_default_options, __lsan_default_suppressions and __lsan_is_turned_off. They are found if the program exports
 * them: it is linked against this library, or with -rdynamic. All three are called once, when the program starts, after the constructors of
 * libraries and before its own.
 */
#ifndef MD_LSAN_H
#define MD_LSAN_H

#include <stdbool.h>

#include "src/options.h"

/* Looks up another library's calls of the same names. Constructor only, while the mode is BOOT: asks the loader. */
void md_lsan_find(void);

/* Asks the program; what it says about options is put into md_process.options. sources are those of the options so far. */
void md_lsan_init(enum md_option_source *sources);

/* What __lsan_default_suppressions said, or NULL. */
const char *md_lsan_suppressions(void);

/* False if the search at exit is not to be made: __lsan_do_leak_check has made it already, or the program turned it off. */
bool md_lsan_search_at_exit(void);

#endif
