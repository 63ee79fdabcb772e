/* SPDX-License-Identifier: MIT
 *
 * The page for browsers, as it stands in report/html: a single file that needs nothing from outside, with style, scripts and data in it.
 * The library writes one of a map or a history, `malloc-debug` one of any number of reports (tools/html.h):
 *
 *     md_page_html_head TITLE md_page_html_body { md_page_html_data LINES md_page_html_data_end } md_page_html_tail
 *
 * TITLE: text for a title element. LINES: JSON as the library writes it, one object a line, with each '<' as \u003c (md_json.for_page), so
 * that nothing in them can end the element that they stand in.
 */
#ifndef MD_PAGE_HTML_H
#define MD_PAGE_HTML_H

#define MD_PAGE_HTML_TITLE "malloc-debug" /* where nothing better is known; the page then names itself by its data */

extern const char md_page_html_head[], md_page_html_body[], md_page_html_data[], md_page_html_data_end[], md_page_html_tail[];

#endif
