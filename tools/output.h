/* SPDX-License-Identifier: MIT
 *
 * Where a command's result goes: standard output, or the file that --output names.
 */
#ifndef MD_TOOLS_OUTPUT_H
#define MD_TOOLS_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

/* path: NULL or "-" is standard output. NULL after a complaint. */
FILE *md_output_open(const char *command, const char *path);

/* Closes it (standard output is only flushed). False, after a complaint, if not all was written; good: what the writer says. */
bool md_output_close(const char *command, const char *path, FILE *to, bool good);

/* Whether text that goes there may have colours. */
bool md_output_has_color(FILE *to);

#endif
