/* SPDX-License-Identifier: MIT */
#include "report/leak_json.h"

#include "report/fingerprint.h"
#include "report/parts_json.h"

static const struct {
	const char *word, *slug;
} kinds[MD_LEAK_KINDS] = {
	[MD_LEAK_DIRECT] = { "direct", "direct-leak" },
	[MD_LEAK_INDIRECT] = { "indirect", "indirect-leak" },
	[MD_LEAK_POSSIBLE] = { "possible", "possible-leak" },
	[MD_LEAK_REACHABLE] = { "reachable", "still-reachable" },
	[MD_LEAK_IGNORED] = { "ignored", "ignored-leak" },
};

const char *md_leak_kind_word(enum md_leak_kind kind)
{
	return (unsigned)kind < MD_LEAK_KINDS ? kinds[kind].word : "unknown";
}

const char *md_leak_slug(enum md_leak_kind kind)
{
	return (unsigned)kind < MD_LEAK_KINDS ? kinds[kind].slug : "unknown-leak";
}

/* --- leaks -------------------------------------------------------------------- */

/* The chain from a root to the sample, root first. */
static void put_pointers(struct md_json *json, const struct md_path_view *view, const struct md_stack_printer *printer)
{
	const struct md_leak_path *path = view->path;

	if (path->end == MD_LEAK_PATH_CHANGED)
		return;
	md_json_array(json, "pointers");
	if (path->end == MD_LEAK_PATH_ROOT) {
		md_json_object(json, NULL);
		md_json_string(json, "root",
			path->root.kind == MD_ROOT_REGISTERS             ? "register"
				: path->root.kind == MD_ROOT_THREAD_LIST ? "thread-list"
				: path->root.kind == MD_ROOT_STACK_BLOCK ? "stack-pointer"
				: path->root.kind == MD_ROOT_ARGUMENT    ? "argument"
				: path->root.kind == MD_ROOT_REGISTERED  ? "registered"
				: view->thread_local_storage             ? "thread-local"
				: view->place == MD_PLACE_STACK          ? "stack"
				: view->place == MD_PLACE_GLOBAL         ? "global"
									 : "mapping");
		if (path->root.address)
			md_json_address(json, "address", path->root.address);
		if (view->place == MD_PLACE_GLOBAL && view->module != MD_MODULE_NONE)
			md_json_string(json, "module", md_modules_get(printer->modules, view->module)->path);
		md_json_thread(json, "thread", view->thread);
		md_json_end(json);
	}
	for (size_t i = 0; i < path->link_count; i++) {
		const struct md_leak_link *link = &path->links[i];

		md_json_object(json, NULL);
		md_json_address(json, "address", link->block);
		md_json_uint(json, "bytes", link->size);
		md_json_uint(json, "entered", link->entered);
		if (i + 1 < path->link_count)
			md_json_uint(json, "offset", link->offset);
		md_json_string(json, "function", md_api_name(link->api));
		md_json_thread(json, "thread", link->thread);
		md_json_stack(json, "stack", printer, link->stack);
		md_json_end(json);
	}
	md_json_end(json);
}

static void put_group(struct md_json *json, const struct md_leak_entry *entry, const struct md_stack_printer *printer)
{
	const struct md_leak_group *group = entry->group;
	size_t sample = entry->sample_bytes < MD_LEAK_SAMPLE_BYTES ? entry->sample_bytes : MD_LEAK_SAMPLE_BYTES;

	md_json_object(json, NULL);
	md_json_string(json, "kind", md_leak_kind_word(group->kind));
	md_json_fingerprint(json, md_fingerprint_stack(md_leak_slug(group->kind), printer, group->stack));
	md_json_uint(json, "blocks", group->count.blocks);
	md_json_uint(json, "bytes", group->count.bytes);
	if (group->held.blocks)
		md_json_count(json, "held", group->held);
	md_json_string(json, "function", md_api_name(group->api));
	md_json_thread(json, "thread", group->thread);
	if (entry->thread_name && entry->thread_name[0])
		md_json_string(json, "thread_name", entry->thread_name);
	if (group->ring)
		md_json_bool(json, "ring", true);
	md_json_seconds(json, "oldest", entry->oldest_seconds);
	md_json_seconds(json, "newest", entry->newest_seconds);
	md_json_stack(json, "stack", printer, group->stack);
	md_json_object(json, "sample");
	md_json_address(json, "address", group->sample);
	md_json_uint(json, "bytes", group->sample_size);
	if (sample)
		md_json_hex(json, "data", entry->sample, sample);
	md_json_end(json);
	if (entry->who)
		put_pointers(json, entry->who, printer);
	md_json_end(json);
}

static void put_suppressions(struct md_json *json, const struct md_leak_report *report)
{
	md_json_count(json, "suppressed", report->suppressed);
	if (!report->used_count)
		return;
	md_json_array(json, "suppressions");
	for (size_t i = 0; i < report->used_count; i++) {
		const struct md_leak_suppressed *used = &report->used[i];

		md_json_object(json, NULL);
		md_json_string(json, "pattern", used->pattern);
		if (used->file && used->file[0]) {
			md_json_string(json, "file", used->file);
			md_json_uint(json, "line", used->line);
		}
		md_json_uint(json, "groups", used->groups);
		md_json_uint(json, "blocks", used->count.blocks);
		md_json_uint(json, "bytes", used->count.bytes);
		md_json_end(json);
	}
	md_json_end(json);
}

void md_leak_json(
	struct md_text *text, const struct md_leak_report *report, const struct md_stack_printer *printer, const struct md_origin *origin)
{
	struct md_json json;

	md_json_open(&json, text, "leaks", origin);
	md_json_string(&json, "when", report->when);
	md_json_object(&json, "totals");
	for (unsigned kind = 0; kind < MD_LEAK_KINDS; kind++)
		md_json_count(&json, md_leak_kind_word(kind), report->totals[kind]);
	md_json_end(&json);
	md_json_uint(&json, "groups_total", report->groups_total);
	if (report->threads_silent)
		md_json_uint(&json, "threads_silent", report->threads_silent);
	md_json_string(&json, "certainty", report->certainty);
	md_json_string(&json, "names_missing", report->names_missing);
	put_suppressions(&json, report);
	md_json_array(&json, "groups");
	for (size_t i = 0; i < report->entry_count && !json.cut; i++)
		put_group(&json, &report->entries[i], printer);
	md_json_end(&json);
	md_json_close(&json);
}

/* --- growth ------------------------------------------------------------------- */

static void put_growth(
	struct md_json *json, const struct md_growth_report *report, const struct md_growth *growth, const struct md_stack_printer *printer)
{
	md_json_object(json, NULL);
	md_json_fingerprint(json, md_fingerprint_stack("memory-growth", printer, growth->stack));
	md_json_uint(json, "rise", growth->rise);
	md_json_array(json, "snapshots");
	for (size_t i = 0; i < report->snapshot_count; i++) {
		struct md_snapshot_row row = md_snapshot_row_of(report->snapshots[i], growth->stack);

		md_json_count(json, NULL, (struct md_leak_count){ row.blocks, row.bytes });
	}
	md_json_end(json);
	md_json_stack(json, "stack", printer, growth->stack);
	md_json_end(json);
}

void md_growth_json(
	struct md_text *text, const struct md_growth_report *report, const struct md_stack_printer *printer, const struct md_origin *origin)
{
	struct md_json json;

	md_json_open(&json, text, "growth", origin);
	md_json_array(&json, "snapshots");
	for (size_t i = 0; i < report->snapshot_count; i++) {
		const struct md_snapshot *snapshot = report->snapshots[i];

		md_json_object(&json, NULL);
		md_json_uint(&json, "id", snapshot->id);
		md_json_seconds(&json, "seconds", report->seconds[i]);
		md_json_uint(&json, "blocks", snapshot->blocks);
		md_json_uint(&json, "bytes", snapshot->bytes);
		if (snapshot->stacks_lost)
			md_json_bool(&json, "stacks_lost", true);
		md_json_end(&json);
	}
	md_json_end(&json);
	md_json_uint(&json, "stacks_total", report->total.stacks);
	md_json_uint(&json, "rise", report->total.rise);
	md_json_string(&json, "names_missing", report->names_missing);
	md_json_array(&json, "stacks");
	for (size_t i = 0; i < report->growth_count && !json.cut; i++)
		put_growth(&json, report, &report->growths[i], printer);
	md_json_end(&json);
	md_json_close(&json);
}

/* --- statistics --------------------------------------------------------------- */

static void put_counters(struct md_json *json, const struct md_counters *counters)
{
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{ "allocations", counters->allocations },
		{ "allocated_bytes", counters->allocated_bytes },
		{ "frees", counters->frees },
		{ "reallocations", counters->reallocations },
		{ "failed", counters->failed },
		{ "failed_on_purpose", counters->failed_on_purpose },
		{ "live_blocks", counters->live_blocks },
		{ "live_bytes", counters->live_bytes },
		{ "peak_bytes", counters->peak_bytes },
		{ "threads", counters->threads },
		{ "modules", counters->modules },
		{ "stacks", counters->stacks },
		{ "frames", counters->frames },
		{ "stacks_walked", counters->unwind_walks },
		{ "unwind_slow", counters->unwind_slow },
		{ "unwind_mismatches", counters->unwind_mismatches },
		{ "heap_checks", counters->checks },
		{ "guarded_first", counters->guarded[MD_GUARD_FIRST] },
		{ "guarded_samples", counters->guarded[MD_GUARD_SAMPLE] },
		{ "guarded_damaged", counters->guarded[MD_GUARD_DAMAGED] },
		{ "guarded_every", counters->guarded[MD_GUARD_EVERY] },
		{ "guarded_large", counters->guarded[MD_GUARD_LARGE] },
		{ "guarded_now", counters->guarded_now },
		{ "guarded_now_bytes", counters->guarded_now_bytes },
		{ "guards_refused", counters->guards_refused },
		{ "watchpoints", counters->watchpoints },
		{ "watchpoint_moves", counters->watch_moves },
		{ "watchpoint_traps", counters->watch_traps },
		{ "watchpoint_innocent", counters->watch_innocent },
		{ "watchpoint_reports", counters->watch_reports },
		{ "errors", counters->findings },
		{ "reports", counters->reports },
		{ "repeats", counters->repeats },
	};

	md_json_object(json, "counters");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		md_json_uint(json, rows[i].key, rows[i].value);
	md_json_end(json);
}

void md_heap_json(struct md_json *json, const struct md_heap_totals *totals)
{
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{ "live_blocks", totals->live_blocks },
		{ "live_bytes", totals->live_bytes },
		{ "overhead_bytes", totals->slot_overhead_bytes },
		{ "quarantined_blocks", totals->quarantined_blocks },
		{ "quarantined_bytes", totals->quarantined_bytes },
		{ "cached_slots", totals->cached_slots },
		{ "free_runs", totals->free_runs },
		{ "free_run_bytes", totals->free_run_bytes },
		{ "free_run_largest", totals->free_run_largest },
		{ "zones_tiny", totals->zones[MD_ZONE_TINY] },
		{ "zones_small", totals->zones[MD_ZONE_SMALL] },
		{ "zones_large", totals->zones[MD_ZONE_LARGE] },
		{ "zones_guarded", totals->zones[MD_ZONE_GUARDED] },
		{ "mapped_bytes", totals->mapped_bytes },
		{ "metadata_bytes", totals->metadata_bytes },
	};

	md_json_object(json, "heap");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		md_json_uint(json, rows[i].key, rows[i].value);
	md_json_end(json);
}

void md_stats_json(
	struct md_text *text, const struct md_counters *counters, const struct md_heap_totals *totals, const struct md_origin *origin)
{
	struct md_json json;

	md_json_open(&json, text, "statistics", origin);
	put_counters(&json, counters);
	md_heap_json(&json, totals);
	md_json_close(&json);
}
