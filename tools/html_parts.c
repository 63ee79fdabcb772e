/* SPDX-License-Identifier: MIT */
#include "tools/html_parts.h"

/* The assembler takes the file in as it is, with a NUL behind it; paths count from the folder that the build runs in. tools/html.mk names the files as
 * prerequisites. The section is one that the linker does not merge. */
#define TAKE_IN(symbol, file) \
	__asm__(".pushsection .rodata.html, \"a\"\n" #symbol ":\n\t.incbin \"tools/html/" file "\"\n\t.byte 0\n" #symbol "_end:\n\t.popsection"); \
	extern const char symbol[], symbol##_end[]

TAKE_IN(md_part_page, "page.html");
TAKE_IN(md_part_style, "style.css");
TAKE_IN(md_part_data, "data.js");
TAKE_IN(md_part_dom, "dom.js");
TAKE_IN(md_part_list, "list.js");
TAKE_IN(md_part_detail, "detail.js");
TAKE_IN(md_part_bytes, "bytes.js");
TAKE_IN(md_part_map, "map.js");
TAKE_IN(md_part_flame, "flame.js");
TAKE_IN(md_part_charts, "charts.js");
TAKE_IN(md_part_history, "history.js");
TAKE_IN(md_part_main, "main.js");

#define PART(name, symbol) { name, symbol, symbol##_end - 1 }

const struct md_html_part md_html_page = PART("page.html", md_part_page);

const struct md_html_part md_html_parts[] = {
	PART("style.css", md_part_style),
	PART("data.js", md_part_data),
	PART("dom.js", md_part_dom),
	PART("list.js", md_part_list),
	PART("detail.js", md_part_detail),
	PART("bytes.js", md_part_bytes),
	PART("map.js", md_part_map),
	PART("flame.js", md_part_flame),
	PART("charts.js", md_part_charts),
	PART("history.js", md_part_history),
	PART("main.js", md_part_main),
};

const size_t md_html_part_count = sizeof md_html_parts / sizeof *md_html_parts;
