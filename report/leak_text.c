/* SPDX-License-Identifier: MIT */
#include "report/leak_text.h"

#include <string.h>

#include "report/hexdump.h"
#include "report/phrases.h"
#include "report/report_text.h"

#define LABEL_WIDTH 22
#define BLOCKS_WIDTH 12
#define BYTES_WIDTH 16
#define THREAD_NAME_LENGTH 15 /* the kernel keeps no more */
#define END_BYTES 8192        /* kept for what follows the groups */

static uint64_t leaked(const struct md_leak_report *report)
{
	return report->totals[MD_LEAK_DIRECT].blocks + report->totals[MD_LEAK_INDIRECT].blocks;
}

static bool lists_kind(const struct md_leak_report *report, enum md_leak_kind kind)
{
	for (size_t i = 0; i < report->entry_count; i++)
		if (report->entries[i].group->kind == kind)
			return true;
	return false;
}

/* --- header ------------------------------------------------------------------ */

static void put_header(struct md_text *text, const struct md_leak_report *report)
{
	md_text_repeat(text, '=', 65);
	md_textf(text, "\n==%u==", report->pid);
	if (leaked(report)) {
		md_text_color(text, MD_RED);
		md_text_put(text, "ERROR: malloc-debug: detected memory leaks");
	} else if (lists_kind(report, MD_LEAK_POSSIBLE)) {
		md_text_color(text, MD_YELLOW);
		md_text_put(text, "WARNING: malloc-debug: detected possible memory leaks");
	} else {
		md_text_color(text, MD_GREEN);
		md_text_put(text, "malloc-debug: no memory leaks");
	}
	md_text_color(text, MD_PLAIN);
	md_textf(text, "\nChecked %s", report->when);
	if (report->seconds >= 0) {
		md_text_put(text, ", ");
		md_phrase_seconds(text, report->seconds, 3);
		md_text_put(text, " after start");
	}
	if (report->program && report->program[0])
		md_textf(text, ", in %S", report->program);
	md_text_put(text, ".\n");
}

/* --- groups ------------------------------------------------------------------ */

/* A thread that was never named has its program's name, which the kernel cuts: it tells nothing. */
static void put_thread(struct md_text *text, const struct md_leak_report *report, const struct md_leak_entry *entry)
{
	const char *program = report->program ? md_report_file_name(report->program) : "";

	md_phrase_thread(text, entry->group->thread);
	if (entry->thread_name && entry->thread_name[0] && strncmp(entry->thread_name, program, THREAD_NAME_LENGTH))
		md_textf(text, " (%S)", entry->thread_name);
}

/* One stack may be that of many threads: a thread is named for a single block only, here or as the sample. */
static void put_heading(struct md_text *text, const struct md_leak_report *report, const struct md_leak_entry *entry)
{
	static const char *const kinds[MD_LEAK_KINDS] = {
		[MD_LEAK_DIRECT] = "Direct leak of",
		[MD_LEAK_INDIRECT] = "Indirect leak of",
		[MD_LEAK_POSSIBLE] = "Possible leak of",
		[MD_LEAK_REACHABLE] = "Still reachable:",
		[MD_LEAK_IGNORED] = "Ignored:",
	};
	const struct md_leak_group *group = entry->group;

	md_text_color(text, group->kind == MD_LEAK_DIRECT ? MD_RED : group->kind == MD_LEAK_POSSIBLE ? MD_YELLOW : MD_BLUE);
	md_textf(text, "%s %B in ", kinds[group->kind], group->count.bytes);
	md_phrase_count(text, group->count.blocks, "block", "blocks");
	if (group->held.blocks) {
		md_textf(text, " (holding %lu more %s, ", group->held.blocks, group->held.blocks == 1 ? "block" : "blocks");
		md_text_size(text, group->held.bytes);
		md_text_char(text, ')');
	}
	md_textf(text, " allocated by %s", md_api_name(group->api));
	if (group->count.blocks == 1) {
		md_text_put(text, " in ");
		put_thread(text, report, entry);
	}
	md_text_put(text, " here:\n");
	md_text_color(text, MD_PLAIN);
}

static void put_ring(struct md_text *text, const struct md_leak_group *group)
{
	md_textf(text,
		"  A ring holds %s: leaked blocks that point to each other, while nothing else points to them.\n"
		"  Reference counts never free a ring: make one of its pointers weak.\n",
		group->count.blocks == 1 ? "this block" : "some of these blocks");
}

/* "allocated 0.012 s to 3.400 s after start"; false where it is not known. */
static bool put_times(struct md_text *text, const struct md_leak_entry *entry)
{
	if (!(entry->oldest_seconds >= 0) || !(entry->newest_seconds >= 0))
		return false;
	md_text_put(text, "allocated ");
	md_phrase_seconds(text, entry->oldest_seconds, 3);
	if (entry->newest_seconds - entry->oldest_seconds >= 0.001) {
		md_text_put(text, " to ");
		md_phrase_seconds(text, entry->newest_seconds, 3);
	}
	md_text_put(text, " after start");
	return true;
}

static void put_sample(struct md_text *text, const struct md_leak_report *report, const struct md_leak_entry *entry)
{
	unsigned char marks[MD_LEAK_SAMPLE_BYTES];
	const struct md_leak_group *group = entry->group;
	size_t shown = entry->sample_bytes < sizeof marks ? entry->sample_bytes : sizeof marks;
	struct md_hexdump dump = { .begin = group->sample, .bytes = shown, .data = entry->sample, .marks = marks };

	md_text_put(text, "  ");
	if (put_times(text, entry))
		md_text_put(text, group->count.blocks == 1 ? ", " : "; ");
	if (group->count.blocks == 1) {
		md_textf(text, "at %p", group->sample);
	} else {
		md_textf(text, "the largest: %B at %p, by ", (uint64_t)group->sample_size, group->sample);
		put_thread(text, report, entry);
	}
	md_text_put(text, shown ? ":\n" : "\n");
	for (size_t i = 0; i < shown; i++)
		marks[i] = MD_MARK_USER;
	md_hexdump_text(text, &dump);
}

static void put_who(struct md_text *text, const struct md_leak_entry *entry, const struct md_stack_printer *printer)
{
	if (entry->who->path->end == MD_LEAK_PATH_CHANGED)
		return;
	md_text_put(text, entry->who->path->end == MD_LEAK_PATH_ROOT ? "  it is reached from here:\n" : "  it is reached from here, among others:\n");
	md_path_chain_text(text, entry->who, 4, printer);
}

/* --- suppressions and totals ---------------------------------------------------- */

static void put_used(struct md_text *text, const struct md_leak_report *report)
{
	bool begun = false;

	for (size_t i = 0; i < report->used_count; i++) {
		const struct md_leak_suppressed *used = &report->used[i];

		if (!used->groups)
			continue;
		if (!begun)
			md_text_put(text, "Suppressions used:\n    groups      blocks           bytes  pattern\n");
		begun = true;
		md_phrase_right(text, used->groups, 10);
		md_phrase_right(text, used->count.blocks, BLOCKS_WIDTH);
		md_phrase_right(text, used->count.bytes, BYTES_WIDTH);
		md_textf(text, "  %S\n", used->pattern);
	}
	md_text_put(text, begun ? "\n" : "");
}

static void put_unused(struct md_text *text, const struct md_leak_report *report)
{
	bool begun = false;

	for (size_t i = 0; i < report->used_count; i++) {
		const struct md_leak_suppressed *unused = &report->used[i];

		if (unused->groups)
			continue;
		if (!begun)
			md_text_put(text, "Suppressions that matched nothing:\n");
		begun = true;
		md_textf(text, "  %S", unused->pattern);
		if (unused->file && unused->file[0])
			md_textf(text, "  (%S:%u)", unused->file, unused->line);
		md_text_char(text, '\n');
	}
	md_text_put(text, begun ? "\n" : "");
}

static void put_total(struct md_text *text, const char *label, struct md_leak_count count, const char *note)
{
	size_t from = text->length;

	md_textf(text, "  %s", label);
	md_text_pad(text, from, LABEL_WIDTH);
	md_phrase_right(text, count.blocks, BLOCKS_WIDTH);
	md_phrase_right(text, count.bytes, BYTES_WIDTH);
	if (note[0])
		md_textf(text, "  %s", note);
	md_text_char(text, '\n');
}

/* What is not leaked gets a line only where there is something to count, except for what is most often asked: is it reachable? */
static void put_totals(struct md_text *text, const struct md_leak_report *report)
{
	const struct md_leak_count *totals = report->totals;

	md_text_put(text, "Live blocks:                blocks           bytes\n");
	put_total(text, "directly leaked", totals[MD_LEAK_DIRECT], "nothing points to them");
	put_total(text, "indirectly leaked", totals[MD_LEAK_INDIRECT], "only leaked blocks point to them");
	if (totals[MD_LEAK_POSSIBLE].blocks)
		put_total(text, "possibly leaked", totals[MD_LEAK_POSSIBLE], "pointed to, but not at their start");
	put_total(text, "still reachable", totals[MD_LEAK_REACHABLE], "");
	if (report->suppressed.blocks)
		put_total(text, "suppressed", report->suppressed, "");
	if (totals[MD_LEAK_IGNORED].blocks)
		put_total(text, "ignored", totals[MD_LEAK_IGNORED], "the program asked for it");
}

/* --- ending ------------------------------------------------------------------------ */

static void put_certainty(struct md_text *text, const struct md_leak_report *report)
{
	if (report->threads_silent) {
		md_text_put(text, "Note: ");
		md_phrase_count(text, report->threads_silent, "thread", "threads");
		md_text_put(text,
			" could not be stopped: the whole stack counted as in use and the registers are unknown.\n"
			"      A leak may be missed, and a block that such a thread was moving at that moment may be listed wrongly.\n");
	}
	if (report->certainty)
		md_textf(text, "Note: %S\n", report->certainty);
	if (report->names_missing)
		md_textf(text, "Note: %S\n", report->names_missing);
}

static void put_advice(struct md_text *text, const struct md_leak_report *report)
{
	const struct md_leak_count *possible = &report->totals[MD_LEAK_POSSIBLE];
	bool all_listed = report->entry_count >= report->groups_total;

	if (lists_kind(report, MD_LEAK_POSSIBLE))
		md_text_put(text,
			"Hint: a possible leak is none if the program computes the block's start from a pointer inside it, as some libraries do;\n"
			"      LEAK_POINTER_MASK is for programs that keep marks in the bits of their pointers.\n");
	else if (possible->blocks && all_listed)
		md_text_put(text, "Hint: MALLOC_DEBUG_LEAK_KINDS=direct,possible lists the possible leaks, too.\n");
}

/* In LeakSanitizer's words: tools look for them. */
static void put_summary(struct md_text *text, const struct md_leak_report *report)
{
	uint64_t bytes = report->totals[MD_LEAK_DIRECT].bytes + report->totals[MD_LEAK_INDIRECT].bytes;

	md_text_color(text, MD_BOLD);
	md_textf(text, "SUMMARY: malloc-debug: %lu byte(s) leaked in %lu allocation(s).", bytes, leaked(report));
	md_text_color(text, MD_PLAIN);
	md_text_char(text, '\n');
}

void md_leak_text_begin(struct md_text *text, const struct md_leak_report *report)
{
	put_header(text, report);
	if (report->entry_count < report->groups_total)
		md_textf(text, "The largest %lu of %lu groups are shown; MALLOC_DEBUG_LEAK_MAX_SHOWN=0 shows all.\n",
			(uint64_t)report->entry_count, report->groups_total);
	md_text_char(text, '\n');
}

void md_leak_text_group(struct md_text *text, const struct md_leak_report *report, const struct md_leak_entry *entry,
	const struct md_stack_printer *printer)
{
	put_heading(text, report, entry);
	md_stack_text(text, printer, entry->group->stack);
	if (entry->group->ring)
		put_ring(text, entry->group);
	put_sample(text, report, entry);
	if (entry->who)
		put_who(text, entry, printer);
	md_text_char(text, '\n');
}

void md_leak_text_end(struct md_text *text, const struct md_leak_report *report)
{
	put_used(text, report);
	put_unused(text, report);
	put_totals(text, report);
	put_certainty(text, report);
	put_advice(text, report);
	put_summary(text, report);
}

void md_leak_text(struct md_text *text, const struct md_leak_report *report, const struct md_stack_printer *printer)
{
	size_t capacity = text->capacity, done = 0, length = 0, room;

	md_leak_text_begin(text, report);
	room = text->capacity - text->length;
	room = room / 2 < END_BYTES ? room / 2 : room - END_BYTES;
	text->capacity = text->length + room;
	for (; done < report->entry_count && !text->cut; done++) {
		length = text->length;
		md_leak_text_group(text, report, &report->entries[done], printer);
	}
	text->capacity = capacity;
	if (text->cut && done) { /* half a group is of no use, and the totals must not be what is missing */
		text->length = length;
		text->cut = false;
		md_phrase_count(text, report->entry_count - done + 1, "more group is", "more groups are");
		md_text_put(text, " left out: there is no room here.\n\n");
	}
	md_leak_text_end(text, report);
}
