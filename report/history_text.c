/* SPDX-License-Identifier: MIT */
#include "report/history_text.h"

#include "report/phrases.h"
#include "src/error.h"

/* Columns; the widest api name of C fits, those of C++ push the rest of their line to the right. */
#define TIME_DIGITS 6
#define TIME_WIDTH 14
#define THREAD_WIDTH 6
#define API_WIDTH 20
#define BYTES_WIDTH 10

static void put_time(struct md_text *text, double seconds)
{
	char buffer[32];
	struct md_text word;

	md_text_init(&word, buffer, sizeof buffer, false);
	md_phrase_seconds(&word, seconds, TIME_DIGITS);
	if (word.length < TIME_WIDTH)
		md_text_repeat(text, ' ', TIME_WIDTH - word.length);
	md_text_put_n(text, word.buffer, word.length);
}

void md_history_event_text(struct md_text *text, const struct md_event *event, double seconds, const struct md_stack_printer *printer)
{
	enum md_event_kind kind = md_event_kind(event);
	uint64_t size = md_event_size(event);
	size_t from;

	put_time(text, seconds);
	md_text_put(text, "  ");
	from = text->length;
	md_phrase_thread(text, md_event_thread(event));
	md_text_pad(text, from, THREAD_WIDTH);
	from = text->length;
	md_text_put(text, md_api_name(md_event_api(event)));
	/* realloc is both a free and an allocation: its two events would look alike. */
	if (kind == MD_EVENT_FREE && md_event_api(event) == MD_API_REALLOC_FREE)
		md_text_put(text, " (old block)");
	md_text_pad(text, from, API_WIDTH);
	from = text->length;
	if (kind == MD_EVENT_FAILED)
		md_text_put(text, "failed");
	else
		md_text_addr(text, md_event_addr(event));
	md_text_pad(text, from, 14);
	md_phrase_right(text, size, BYTES_WIDTH);
	md_textf(text, " byte%s  ", size == 1 ? " " : "s");
	md_stack_site_text(text, printer, (md_stack_id){ event->stack });
	if (kind == MD_EVENT_FAILED)
		md_textf(text, " (%s)", md_error_info((enum md_error)event->error)->slug);
	md_text_char(text, '\n');
}

void md_history_text(struct md_text *text, const struct md_event *events, const double *seconds, size_t count, uint64_t total,
	bool full_stacks, const struct md_stack_printer *printer)
{
	if (total > count)
		md_textf(text, "History: the last %lu of %lu events\n", (uint64_t)count, total);
	else {
		md_text_put(text, "History: ");
		md_phrase_count(text, count, "event\n", "events\n");
	}
	for (size_t i = 0; i < count && !text->cut; i++) {
		md_history_event_text(text, &events[i], seconds[i], printer);
		if (full_stacks)
			md_stack_text(text, printer, (md_stack_id){ events[i].stack });
	}
}
