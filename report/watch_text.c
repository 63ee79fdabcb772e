/* SPDX-License-Identifier: MIT */
#include "report/watch_text.h"

#include "report/access_text.h"
#include "report/phrases.h"

void md_watch_text(struct md_text *text, const struct md_watch_write *write, const struct md_stack_printer *printer)
{
	md_textf(text, "==%u== malloc-debug: write %lu to the watched %p: ", write->pid, write->number, write->watched);
	md_textf(text, "%s", md_access_word(write->access.kind));
	if (write->access.bytes)
		md_textf(text, " of size %lu at %p", (uint64_t)write->access.bytes, write->access.addr);
	md_text_put(text, ", thread ");
	md_phrase_thread(text, write->thread);
	md_text_put(text, ", ");
	md_phrase_seconds(text, write->seconds, 3);
	md_textf(text, " after start; the %B there: 0x", (uint64_t)write->watched_bytes);
	md_text_hex(text, write->value, 2 * write->watched_bytes);
	if (write->first) {
		md_textf(text, "; from where write %lu came\n", write->first);
		return;
	}
	md_text_char(text, '\n');
	md_stack_text(text, printer, write->stack);
	md_text_char(text, '\n');
}
