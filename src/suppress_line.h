/* SPDX-License-Identifier: MIT
 *
 * What suppress_parse.c makes of an entry for suppress.c to match.
 */
#ifndef MD_SUPPRESS_LINE_H
#define MD_SUPPRESS_LINE_H

#include <stdint.h>

enum md_suppress_line_kind {
	MD_SUPPRESS_PART, /* LeakSanitizer's, alone in its entry: a part of any name of any frame */
	MD_SUPPRESS_FUNCTION,
	MD_SUPPRESS_MODULE,
	MD_SUPPRESS_SOURCE,
	MD_SUPPRESS_FRAMES /* "...": any number of frames */
};

struct md_suppress_line {
	const char *text; /* the pattern, in the caller's text */
	uint32_t length;
	uint32_t source_line; /* MD_SUPPRESS_SOURCE: 0 for any */
	enum md_suppress_line_kind kind;
};

#endif
