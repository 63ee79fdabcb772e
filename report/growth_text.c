/* SPDX-License-Identifier: MIT */
#include "report/growth_text.h"

#include "report/phrases.h"

#define TIME_WIDTH 12
#define BLOCKS_WIDTH 12
#define BYTES_WIDTH 16
#define RISE_WIDTH 12

static const struct md_snapshot *first_of(const struct md_growth_report *report)
{
	return report->snapshots[0];
}

static const struct md_snapshot *last_of(const struct md_growth_report *report)
{
	return report->snapshots[report->snapshot_count - 1];
}

static double seconds_between(const struct md_growth_report *report)
{
	return report->seconds[report->snapshot_count - 1] - report->seconds[0];
}

/* ", 1.5 MiB/s"; nothing where the time is too short to divide by. */
static void put_rate(struct md_text *text, uint64_t bytes, double seconds)
{
	if (!(seconds >= 0.001))
		return;
	md_text_put(text, ", ");
	md_text_size(text, (uint64_t)((double)bytes / seconds + 0.5));
	md_text_put(text, "/s");
}

static void put_seconds_right(struct md_text *text, double seconds)
{
	char digits[32];
	struct md_text number;

	md_text_init(&number, digits, sizeof digits, false);
	md_phrase_seconds(&number, seconds, 3);
	if (number.length < TIME_WIDTH)
		md_text_repeat(text, ' ', TIME_WIDTH - number.length);
	md_text_put_n(text, digits, number.length);
}

static void put_columns(struct md_text *text)
{
	md_text_put(text, "  snapshot        time      blocks           bytes         rise\n");
}

/* One snapshot: of a stack, or of all. A rise may be negative only in the totals. */
static void put_row(struct md_text *text, const struct md_growth_report *report, size_t i, uint64_t blocks, uint64_t bytes, uint64_t bytes_before)
{
	md_phrase_right(text, report->snapshots[i]->id, 10);
	put_seconds_right(text, report->seconds[i]);
	md_phrase_right(text, blocks, BLOCKS_WIDTH);
	md_phrase_right(text, bytes, BYTES_WIDTH);
	if (i) {
		char digits[32];
		struct md_text number;

		md_text_init(&number, digits, sizeof digits, false);
		md_text_char(&number, bytes >= bytes_before ? '+' : '-');
		md_text_size(&number, bytes >= bytes_before ? bytes - bytes_before : bytes_before - bytes);
		if (number.length < RISE_WIDTH + 1)
			md_text_repeat(text, ' ', RISE_WIDTH + 1 - number.length);
		md_text_put_n(text, digits, number.length);
	}
	md_text_char(text, '\n');
}

void md_growth_text_begin(struct md_text *text, const struct md_growth_report *report)
{
	md_text_repeat(text, '=', 65);
	md_textf(text, "\n==%u==", report->pid);
	md_text_color(text, report->total.stacks ? MD_YELLOW : MD_GREEN);
	md_text_put(text, report->total.stacks ? "WARNING: malloc-debug: memory in use is growing" : "malloc-debug: no stack's memory grew steadily");
	md_text_color(text, MD_PLAIN);
	md_textf(text, "\nCompared: snapshots %u to %u, ", first_of(report)->id, last_of(report)->id);
	md_phrase_seconds(text, report->seconds[0], 3);
	md_text_put(text, " to ");
	md_phrase_seconds(text, report->seconds[report->snapshot_count - 1], 3);
	md_text_put(text, " after start");
	if (report->program && report->program[0])
		md_textf(text, ", in %S", report->program);
	md_text_put(text, ".\n");
	if (report->total.stacks && report->snapshot_count > 2) {
		md_phrase_count(text, report->total.stacks, "stack has", "stacks have");
		md_text_put(text, " more bytes in use in each of them than in the one before, reachable or not.\n");
	} else if (report->total.stacks) {
		md_phrase_count(text, report->total.stacks, "stack has", "stacks have");
		md_text_put(text, " more bytes in use in the second than in the first, reachable or not.\n");
	}
	if (report->growth_count < report->total.stacks)
		md_textf(text, "Shown: %lu, the largest; MALLOC_DEBUG_LEAK_MAX_SHOWN=0 shows all.\n", (uint64_t)report->growth_count);
	md_text_char(text, '\n');
}

void md_growth_text_stack(struct md_text *text, const struct md_growth_report *report, size_t i, const struct md_stack_printer *printer)
{
	const struct md_growth *growth = &report->growths[i];
	uint64_t before = 0;

	md_text_color(text, MD_YELLOW);
	md_textf(text, "Growth of %B", growth->rise);
	put_rate(text, growth->rise, seconds_between(report));
	md_text_put(text, ", allocated here:\n");
	md_text_color(text, MD_PLAIN);
	md_stack_text(text, printer, growth->stack);
	put_columns(text);
	for (size_t k = 0; k < report->snapshot_count; k++) {
		struct md_snapshot_row row = md_snapshot_row_of(report->snapshots[k], growth->stack);

		put_row(text, report, k, row.blocks, row.bytes, before);
		before = row.bytes;
	}
	md_text_char(text, '\n');
}

void md_growth_text_end(struct md_text *text, const struct md_growth_report *report)
{
	uint64_t before = 0;
	bool lost = false;

	md_text_put(text, "All live blocks:\n");
	put_columns(text);
	for (size_t i = 0; i < report->snapshot_count; i++) {
		const struct md_snapshot *snapshot = report->snapshots[i];

		put_row(text, report, i, snapshot->blocks, snapshot->bytes, before);
		before = snapshot->bytes;
		lost |= snapshot->stacks_lost;
	}
	if (lost)
		md_text_put(text, "Note: there were more stacks than a snapshot has room for; some are missing above.\n");
	if (report->names_missing)
		md_textf(text, "Note: %S\n", report->names_missing);
	md_text_color(text, MD_BOLD);
	if (report->total.stacks) {
		md_textf(text, "SUMMARY: malloc-debug: %lu byte(s) of growth in ", report->total.rise);
		md_phrase_count(text, report->total.stacks, "stack", "stacks");
		put_rate(text, report->total.rise, seconds_between(report));
		md_text_put(text, ".");
	} else {
		md_text_put(text, "SUMMARY: malloc-debug: no growth.");
	}
	md_text_color(text, MD_PLAIN);
	md_text_char(text, '\n');
}
