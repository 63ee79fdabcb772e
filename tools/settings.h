/* SPDX-License-Identifier: MIT
 *
 * Options on the command line: --name=value, checked by the library's own parser and handed on as variables.
 */
#ifndef MD_SETTINGS_H
#define MD_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "src/options.h"

#define MD_VARIABLE_MAX 64

/* MALLOC_DEBUG_NAME of an option. */
void md_settings_variable(const struct md_option_info *info, char variable[MD_VARIABLE_MAX]);

/* Checks the option at argv[at] and sets its variable in the environment: --name=value, --name value, and for those that are yes or no also
 * --name and --no-name. given, when not NULL, has md_option_count entries; that of the option becomes true. Returns the index of the next
 * argument, -1 after a complaint. */
int md_settings_take_one(int argc, char **argv, int at, bool *given);

/* The same for all arguments from argv[1] on that begin with '-'; "--" ends them and is skipped. Returns the index of the first argument left,
 * -1 after a complaint: the environment is then half done. */
int md_settings_take(int argc, char **argv, bool *given);

/* The environment of this process, for md_options_read. Complaints go to standard error and are counted in *complaints. */
struct md_options_io md_settings_io(unsigned *complaints);

#endif
