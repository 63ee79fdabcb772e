/* SPDX-License-Identifier: MIT
 *
 * A small page for browsers that shows one map or history: what stands before and behind the line of JSON (made with md_json.for_page). It needs
 * nothing from outside. `malloc-debug` makes larger ones (tools/html.h), of any number of reports; this one is for a process that shows
 * itself.
 */
#ifndef MD_PAGE_HTML_H
#define MD_PAGE_HTML_H

extern const char md_page_html_head[], md_page_html_tail[];

#endif
