/* SPDX-License-Identifier: MIT
 *
 * Where libmalloc_debug.so is, for the command.
 */
#ifndef MD_LIBRARY_H
#define MD_LIBRARY_H

#include <limits.h>
#include <stdbool.h>

/* Writes the library's absolute path: $MALLOC_DEBUG_LIBRARY, or else beside the command, in ../lib or ../lib/MULTIARCH from there. False,
 * after saying where it was looked for if complain, when it is in none of them. */
bool md_library_find(char path[PATH_MAX], bool complain);

/* Puts path at the front of LD_PRELOAD unless the library is in it already. False after a complaint. */
bool md_library_preload(const char *path);

#endif
