/* SPDX-License-Identifier: MIT
 *
 * A program file, looked at before it is run: can a library be preloaded into it?
 */
#ifndef MD_PROGRAM_H
#define MD_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

#define MD_OBSTACLE_MAX (2 * PATH_MAX + 128)

/* Finds name as execvp does: in PATH unless it has a slash. Returns 0, or the errno value that execvp would leave. */
int md_program_find(const char *name, char path[PATH_MAX]);

/* True if a preloaded library cannot work in the program at path (for a script: in its interpreter); obstacle then says which file and why.
 * False if nothing speaks against it, or if the file cannot be read. */
bool md_program_obstacle(const char *path, char obstacle[MD_OBSTACLE_MAX]);

#endif
