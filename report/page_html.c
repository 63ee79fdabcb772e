/* SPDX-License-Identifier: MIT */
#include "report/page_html.h"

/* The assembler takes files in as they are; their paths count from the folder that the build runs in, and tools/html.mk names them as
 * prerequisites. The section is one that the linker does not merge, so that nothing is looked up in it as a string. Global, for those who
 * build with -flto. */
#define BEGIN(symbol) ".pushsection .rodata.html, \"a\"\n.globl " #symbol "\n.hidden " #symbol "\n" #symbol ":\n"
#define TAKE_IN(file) ".incbin \"report/html/" file "\"\n"
#define END ".byte 0\n.popsection\n"

__asm__(BEGIN(md_page_html_head) TAKE_IN("head.html") END);
__asm__(BEGIN(md_page_html_body) TAKE_IN("style_begin.html") TAKE_IN("style.css") TAKE_IN("body.html") END);
/* In one scope: each file is written as if it stood alone, but for what the ones before it declare. */
__asm__(BEGIN(md_page_html_tail) TAKE_IN("script_begin.html") TAKE_IN("data.js") TAKE_IN("dom.js") TAKE_IN("list.js") TAKE_IN("bytes.js")
		TAKE_IN("detail.js") TAKE_IN("map_layout.js") TAKE_IN("map.js") TAKE_IN("flame.js") TAKE_IN("charts.js")
			TAKE_IN("history.js") TAKE_IN("main.js") TAKE_IN("tail.html") END);

const char md_page_html_data[] = "<script type=\"application/x-ndjson\" class=\"data\">\n";
const char md_page_html_data_end[] = "</script>\n";
