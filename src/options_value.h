/* SPDX-License-Identifier: MIT
 *
 * One value of one option: from text, with everything that can be wrong with it, and what may be typed for it.
 */
#ifndef MD_OPTIONS_VALUE_H
#define MD_OPTIONS_VALUE_H

#include "src/line.h"
#include "src/options.h"

enum md_number_error { MD_NUMBER_OK, MD_NUMBER_NONE, MD_NUMBER_NEGATIVE, MD_NUMBER_OVERFLOW };

/* Reads a number in decimal, or after 0x in hex; with octal_too, after a 0 in octal. text moves behind it, overflow or not. */
enum md_number_error md_number_parse(const char **text, const char *end, bool octal_too, uint64_t *value);

/* Reads a whole number within bounds, without a unit. False: why has been added to. */
bool md_number_parse_within(
	const char *text, size_t length, bool octal_too, uint64_t min, uint64_t max, uint64_t *value, struct md_line *why);

/* Reads a value for info. number gets it unless info is a TEXT, of which only the length is checked. False: why has been added to. */
bool md_option_value_parse(const struct md_option_info *info, const char *text, size_t length, uint64_t *number, struct md_line *why);

/* Adds what may be typed for info: "a size from 16 to 4k". */
void md_option_value_expect(const struct md_option_info *info, struct md_line *line);

/* Adds a size as a user would type it: 4k, 16M, 1000. */
void md_size_put(struct md_line *line, uint64_t bytes);

#endif
