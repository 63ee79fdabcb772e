/* SPDX-License-Identifier: MIT */
#include "report/surroundings_text.h"

#include "report/hexdump.h"
#include "report/history_text.h"
#include "report/phrases.h"
#include "report/report_text.h"

#define ROW_BYTES ((size_t)16) /* as hexdump.c prints */

static bool is_empty_row(const unsigned char *marks, unsigned char mark)
{
	for (size_t i = 0; i < ROW_BYTES; i++)
		if (marks[i] != mark)
			return false;
	return true;
}

/* Two rows in which there is nothing, free or in a guard page. */
static bool are_empty_rows(const unsigned char *marks)
{
	return (marks[0] == MD_MARK_FREE || marks[0] == MD_MARK_GUARD) && is_empty_row(marks, marks[0]) && is_empty_row(marks + ROW_BYTES, marks[0]);
}

/* Of empty rows at both ends one is enough. */
static void drop_empty_rows(struct md_hexdump *dump)
{
	size_t focus = dump->focus - dump->begin;

	while (dump->bytes % ROW_BYTES == 0 && dump->bytes >= 2 * ROW_BYTES && dump->bytes - ROW_BYTES >= focus + ROW_BYTES &&
		are_empty_rows(dump->marks + dump->bytes - 2 * ROW_BYTES))
		dump->bytes -= ROW_BYTES;
	while (dump->bytes >= 2 * ROW_BYTES && focus >= ROW_BYTES && dump->begin % ROW_BYTES == 0 && are_empty_rows(dump->marks)) {
		dump->begin += ROW_BYTES;
		dump->data += ROW_BYTES;
		dump->marks += ROW_BYTES;
		dump->expected += ROW_BYTES;
		dump->bytes -= ROW_BYTES;
		focus -= ROW_BYTES;
	}
}

static void put_evidence(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	struct md_hexdump dump = {
		.begin = finding->evidence_begin,
		.bytes = finding->evidence_bytes < MD_EVIDENCE_BYTES ? finding->evidence_bytes : MD_EVIDENCE_BYTES,
		.data = finding->evidence,
		.marks = finding->evidence_mark,
		.expected = finding->expected,
		.focus = finding->addr,
	};

	if (dump.bytes == 0)
		return;
	drop_empty_rows(&dump);
	if (md_finding_is_damage(finding))
		md_text_put(text, "Bytes around the damage:\n");
	else
		md_textf(text, "Bytes around %p:\n", finding->addr);
	md_hexdump_legend(text, md_hexdump_text(text, &dump));
	md_text_char(text, '\n');
}

static void put_neighbour(
	struct md_text *text, const struct md_report *report, const char *label, const struct md_block_view *neighbour, uint64_t distance)
{
	struct md_stack_printer printer = md_report_printer(report);

	md_textf(text, "  %s, %B away: the %lu-byte block ", label, distance, (uint64_t)neighbour->size);
	md_phrase_range(text, neighbour);
	md_textf(text, " (%s), allocated by %s in ", md_phrase_state(neighbour->state), md_api_name(neighbour->alloc_api));
	md_phrase_thread(text, neighbour->alloc_thread);
	md_text_put(text, ": ");
	md_stack_site_text(text, &printer, neighbour->alloc_stack);
	md_text_char(text, '\n');
}

/* The neighbour that may have been written through instead, or NULL. */
static const struct md_block_view *suspect_of(const struct md_report *report)
{
	uintptr_t suspect = report->finding->suspect;

	if (suspect && report->before.valid && report->before.user == suspect)
		return &report->before;
	if (suspect && report->after.valid && report->after.user == suspect)
		return &report->after;
	return NULL;
}

/* Red zones are shared by the blocks on their two sides: bytes changed far from one block may be close to the other. */
static void put_suspect(struct md_text *text, const struct md_report *report)
{
	const struct md_finding *finding = report->finding;
	const struct md_block_view *suspect = suspect_of(report);

	if (!finding->suspect)
		return;
	if (!suspect) {
		md_textf(text, "The block at %p may be the culprit instead.\n\n", finding->suspect);
		return;
	}
	/* The end of the damage that faces the suspect is where a write through it would have begun. */
	uintptr_t nearest = suspect->user < finding->addr ? finding->addr : finding->damaged_end ? finding->damaged_end - 1 : finding->addr;

	md_textf(text, "The neighbour may be the culprit instead: %p is also ", nearest);
	md_phrase_where(text, nearest, suspect);
	md_textf(text, " (%s),\n", md_phrase_state(suspect->state));
	md_report_owner_text(text, report, "allocated", suspect->alloc_api, suspect->alloc_thread, -1, suspect->alloc_stack);
}

static void put_neighbours(struct md_text *text, const struct md_report *report)
{
	const struct md_block_view *block = &report->finding->block;
	const struct md_block_view *before = &report->before, *after = &report->after;

	if (!block->valid || !(before->valid || after->valid))
		return;
	md_text_put(text, "Neighbouring blocks:\n");
	if (before->valid)
		put_neighbour(text, report, "before", before, block->user - (before->user + before->size));
	if (after->valid)
		put_neighbour(text, report, "after", after, after->user - (block->user + block->size));
	md_text_char(text, '\n');
}

static void put_earlier(struct md_text *text, const struct md_report *report)
{
	struct md_stack_printer printer = md_report_printer(report);
	size_t count = report->earlier_count < MD_REPORT_EARLIER_MAX ? report->earlier_count : MD_REPORT_EARLIER_MAX;

	if (count == 0)
		return;
	md_text_put(text, "Earlier owners of this address");
	if (report->earlier_total > count)
		md_textf(text, " (the last %lu of %lu events)", (uint64_t)count, report->earlier_total);
	md_text_put(text, ":\n");
	for (size_t i = 0; i < count; i++)
		md_history_event_text(text, &report->earlier[i], report->earlier_seconds[i], &printer);
	md_text_char(text, '\n');
}

void md_surroundings_text(struct md_text *text, const struct md_report *report)
{
	put_evidence(text, report);
	put_suspect(text, report);
	put_neighbours(text, report);
	put_earlier(text, report);
}
