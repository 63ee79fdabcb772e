/* SPDX-License-Identifier: MIT
 *
 * HTML: one page, a single file, that shows reports, maps and histories in a browser: no network, no other files, plain JavaScript.
 *
 * The page is that of report/page_html.h, and its data are lines of JSON as the library writes them (malloc-debug-report(5)), of any type
 * and in any order. The scripts take them apart in the reader's browser.
 *
 * Nothing in the data can become markup or code: '<' is written as \u003c, which JSON reads as the same character, and so no element can
 * be ended or begun; and the scripts put texts into the page as texts. Bytes that are no UTF-8 become U+FFFD. Lines that are no object are
 * left out: what a program wrote in between.
 */
#ifndef MD_HTML_H
#define MD_HTML_H

#include <stddef.h>
#include <stdio.h>

/* A text of lines; it stays the caller's. Lines end in a newline; the last one need not. */
struct md_html_data {
	const char *text;
	size_t bytes;
};

/* Writes the page. title is shown in it, and in the browser's tab; NULL: it names itself by its data. The reader sees first what there is
 * most to say of: reports, or else the map. Returns 0, or -1 if writing failed (errno says why). */
int md_html_write(FILE *to, const char *title, const struct md_html_data *data, size_t data_count);

/* The same in steps, for data that is not all in memory at once: begin, any number of data, end. Each text is of whole lines. */
int md_html_begin(FILE *to, const char *title);
int md_html_add(FILE *to, const struct md_html_data *data);
int md_html_end(FILE *to);

#endif
