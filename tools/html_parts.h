/* SPDX-License-Identifier: MIT
 *
 * The files of tools/html, as they are, inside the command.
 */
#ifndef MD_HTML_PARTS_H
#define MD_HTML_PARTS_H

#include <stddef.h>

struct md_html_part {
	const char *name; /* what the page calls it: "{{name}}" stands where it goes */
	const char *text, *end;
};

extern const struct md_html_part md_html_parts[];
extern const size_t md_html_part_count;

/* The page, into which the others go. */
extern const struct md_html_part md_html_page;

#endif
