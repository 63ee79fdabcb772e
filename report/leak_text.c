/* SPDX-License-Identifier: MIT */
#include "report/leak_text.h"

void md_leak_text(struct md_text *text, const struct md_leak_report *report, const struct md_stack_printer *printer)
{
	for (size_t i = 0; i < report->entry_count; i++) {
		const struct md_leak_group *g = report->entries[i].group;

		md_textf(text, "kind %d: %lu bytes in %lu blocks, holding %lu in %lu; ring %d\n", (int)g->kind, g->count.bytes, g->count.blocks, g->held.bytes,
			g->held.blocks, (int)g->ring);
		md_stack_text(text, printer, g->stack);
	}
	for (int i = 0; i < MD_LEAK_KINDS; i++)
		md_textf(text, "total kind %d: %lu bytes in %lu blocks\n", i, report->totals[i].bytes, report->totals[i].blocks);
}
