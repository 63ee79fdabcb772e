/* SPDX-License-Identifier: MIT */
#include "report/stats_text.h"

#include "report/phrases.h"

#define LABEL_WIDTH 22
#define NUMBER_WIDTH 14
#define BYTES_WIDTH 12

static void put_label(struct md_text *text, const char *label)
{
	size_t from = text->length;

	md_textf(text, "  %s", label);
	md_text_pad(text, from, LABEL_WIDTH);
}

static void put_count(struct md_text *text, const char *label, uint64_t count, const char *note)
{
	put_label(text, label);
	md_phrase_right(text, count, NUMBER_WIDTH);
	if (note[0])
		md_textf(text, "  %s", note);
	md_text_char(text, '\n');
}

static void put_size(struct md_text *text, const char *label, uint64_t bytes, const char *note)
{
	put_label(text, label);
	md_text_repeat(text, ' ', NUMBER_WIDTH);
	md_phrase_right_size(text, bytes, BYTES_WIDTH);
	if (note[0])
		md_textf(text, "  %s", note);
	md_text_char(text, '\n');
}

static void put_both(struct md_text *text, const char *label, uint64_t count, uint64_t bytes, const char *note)
{
	put_label(text, label);
	md_phrase_right(text, count, NUMBER_WIDTH);
	md_phrase_right_size(text, bytes, BYTES_WIDTH);
	if (note[0])
		md_textf(text, "  %s", note);
	md_text_char(text, '\n');
}

/* The two fragmentation figures are about different space: free memory in crumbs, and memory that blocks take beyond their size. */
static void put_fragmentation(struct md_text *text, const struct md_heap_totals *totals)
{
	uint64_t used = totals->live_bytes + totals->slot_overhead_bytes;

	put_label(text, "fragmentation");
	md_phrase_right(text, md_phrase_fragmentation(totals->free_run_largest, totals->free_run_bytes), NUMBER_WIDTH - 2);
	md_text_put(text, " %  external: free run bytes that are not in the largest free run\n");
	put_label(text, "");
	md_phrase_right(text, md_phrase_percent(totals->slot_overhead_bytes, used), NUMBER_WIDTH - 2);
	md_text_put(text, " %  internal: bytes that live blocks take beyond their requested size\n");
}

void md_totals_text(struct md_text *text, const struct md_heap_totals *totals)
{
	md_text_put(text, "Heap now:\n");
	put_both(text, "live", totals->live_blocks, totals->live_bytes, "blocks, as requested");
	put_size(text, "overhead", totals->slot_overhead_bytes, "red zones, slack and alignment of live blocks");
	put_both(text, "quarantined", totals->quarantined_blocks, totals->quarantined_bytes, "freed blocks held back from reuse");
	put_count(text, "cached", totals->cached_slots, "slots in threads' caches");
	put_both(text, "free runs", totals->free_runs, totals->free_run_bytes, "pages in no zone");
	put_size(text, "largest free run", totals->free_run_largest, "");
	put_label(text, "zones");
	md_phrase_right(text,
		totals->zones[MD_ZONE_TINY] + totals->zones[MD_ZONE_SMALL] + totals->zones[MD_ZONE_LARGE] + totals->zones[MD_ZONE_GUARDED],
		NUMBER_WIDTH);
	md_textf(text, "  %lu tiny, %lu small, %lu large", totals->zones[MD_ZONE_TINY], totals->zones[MD_ZONE_SMALL], totals->zones[MD_ZONE_LARGE]);
	if (totals->zones[MD_ZONE_GUARDED])
		md_textf(text, ", %lu guarded", totals->zones[MD_ZONE_GUARDED]);
	md_text_char(text, '\n');
	put_size(text, "mapped", totals->mapped_bytes, "address space of zones and free runs");
	put_size(text, "metadata", totals->metadata_bytes, "our own records");
	put_fragmentation(text, totals);
}

/* Nothing where no block was, or was to be, guarded. */
static void put_guards(struct md_text *text, const struct md_counters *counters)
{
	static const char *const why[MD_GUARD_REASONS] = { [MD_GUARD_FIRST] = "first of their stack", [MD_GUARD_SAMPLE] = "samples",
		[MD_GUARD_DAMAGED] = "of stacks seen damaged", [MD_GUARD_EVERY] = "GUARD=all", [MD_GUARD_LARGE] = "large" };
	uint64_t all = 0;

	for (unsigned i = 0; i < MD_GUARD_REASONS; i++)
		all += counters->guarded[i];
	if (!all && !counters->guards_refused)
		return;
	put_count(text, "guarded blocks", all, "an access past them, or after their free, faults");
	for (unsigned i = 0; i < MD_GUARD_REASONS; i++)
		if (counters->guarded[i] && why[i])
			put_count(text, "", counters->guarded[i], why[i]);
	put_both(text, "guarded now", counters->guarded_now, counters->guarded_now_bytes, "of pages");
	if (counters->guards_refused)
		put_count(text, "guards refused", counters->guards_refused, "by the system, or while the heap was looked at");
	if (counters->guard_bytes_short)
		md_text_put(text, "  The budget for guarded blocks was reached: see GUARD_BUDGET.\n");
	if (counters->guard_ranges_short)
		md_text_put(text, "  This system bears no more guarded blocks (Linux before 6.13: see vm.max_map_count).\n");
}

static void put_watches(struct md_text *text, const struct md_counters *counters)
{
	if (counters->watchpoints || counters->watch_why)
		put_count(text, "watchpoints", counters->watchpoints, counters->watchpoints ? "beside the newest guarded blocks" : counters->watch_why);
	if (!counters->watch_moves && !counters->watch_traps)
		return;
	put_count(text, "moved", counters->watch_moves, "");
	put_count(text, "traps", counters->watch_traps, "accesses to what they stood on, our own checks included");
	put_count(text, "", counters->watch_innocent, "by code that may: whole vectors that reach into the block");
	put_count(text, "", counters->watch_reports, "reported");
}

void md_stats_text(struct md_text *text, const struct md_counters *counters, const struct md_heap_totals *totals)
{
	md_text_put(text, "Since start:\n");
	put_both(text, "allocations", counters->allocations, counters->allocated_bytes, "");
	put_count(text, "frees", counters->frees, "");
	put_count(text, "reallocations", counters->reallocations, "");
	put_count(text, "failed requests", counters->failed, "gave NULL or threw");
	if (counters->failed_on_purpose)
		put_count(text, "on purpose", counters->failed_on_purpose, "see FAIL_AFTER and the options behind it");
	put_both(text, "live", counters->live_blocks, counters->live_bytes, "");
	put_size(text, "peak", counters->peak_bytes, "of zones in use at a time; live bytes never were more");
	put_count(text, "threads", counters->threads, "");
	put_count(text, "modules", counters->modules, "");
	put_count(text, "stacks", counters->stacks, "distinct");
	put_count(text, "frames", counters->frames, "distinct");
	put_count(text, "stacks walked", counters->unwind_walks, "");
	put_count(text, "by libunwind", counters->unwind_slow, "steps that no learned rule covered");
	put_count(text, "unwind mismatches", counters->unwind_mismatches, "found by UNWIND=check");
	put_count(text, "heap checks", counters->checks, "");
	put_guards(text, counters);
	put_watches(text, counters);
	put_count(text, "errors found", counters->findings, "");
	put_count(text, "reports printed", counters->reports, "");
	put_count(text, "repeats", counters->repeats, "of an error already reported: not printed");
	md_totals_text(text, totals);
}
