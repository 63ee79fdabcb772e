/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/text.h"
#include "tools/memory.h"
#include "tools/merge_write.h"
#include "tools/progress.h"
#include "tools/view_parts.h"
#include "tools/view_text.h"

#define TEXT_BYTES (4u << 20) /* of one report; the library's own are smaller */

const char *md_merge_time(double seconds, char buffer[32])
{
	time_t time = (time_t)seconds;
	struct tm parts;

	if (!(seconds > 0 && seconds < 1e11) || !gmtime_r(&time, &parts) || !strftime(buffer, 32, "%F %T UTC", &parts))
		return "at an unknown time";
	return buffer;
}

bool md_merge_is_chosen(struct md_merge_choice choice, const struct md_group *group)
{
	return group->kind == MD_GROUP_ERROR ? choice.errors : group->kind == MD_GROUP_LEAK ? choice.leaks : choice.growth;
}

static void put_count(struct md_text *text, uint64_t count, const char *one, const char *many)
{
	md_textf(text, "%lu %s", count, count == 1 ? one : many);
}

/* "[3] 100 reports, 20 processes on 2 machines, 2026-11-20 08:00:00 UTC to 2026-11-23 23:19:05 UTC (fingerprint 54f19908abcccf2f)" */
static void put_seen(struct md_text *text, const struct md_group *group, size_t number)
{
	char first[32], last[32];

	md_text_color(text, MD_BOLD);
	md_textf(text, "[%lu] ", (uint64_t)number);
	if (group->kind == MD_GROUP_ERROR) {
		put_count(text, group->reports, "report", "reports");
		md_text_put(text, ", ");
	}
	put_count(text, group->processes, "process", "processes");
	if (group->hosts > 1)
		md_textf(text, " on %lu machines", (uint64_t)group->hosts);
	if (group->first < group->last)
		md_textf(text, ", %s to", md_merge_time(group->first, first));
	else
		md_text_char(text, ',');
	md_textf(text, " %s (fingerprint ", md_merge_time(group->last, last));
	md_text_hex(text, group->fingerprint, 16);
	md_text_put(text, ")\n");
	md_text_color(text, MD_PLAIN);
}

static void put_row(struct md_text *text, const struct md_group *group, const struct md_value *report, const struct md_value *part, size_t number)
{
	char last[32];
	size_t from = text->length;

	md_textf(text, "[%lu]", (uint64_t)number);
	md_text_pad(text, from, 6);
	from = text->length;
	md_text_uint(text, group->reports);
	md_text_pad(text, from, 9);
	from = text->length;
	md_text_uint(text, group->processes);
	md_text_pad(text, from, 11);
	md_textf(text, "%s  ", md_merge_time(group->last, last));
	from = text->length;
	md_text_safe(text, group->name);
	md_text_pad(text, from, 24);
	md_text_char(text, ' ');
	if (group->kind != MD_GROUP_ERROR) {
		md_textf(text, "%B in ", group->bytes);
		put_count(text, group->blocks, "block", "blocks");
		md_text_put(text, ", ");
		md_view_site(text, md_value_get(part, "stack"));
	} else if (md_value_string(report, "site")) {
		md_text_safe(text, md_value_string(report, "site"));
	}
	md_text_char(text, '\n');
}

static bool flush(FILE *to, struct md_text *text)
{
	bool good = fwrite(text->buffer, 1, text->length, to) == text->length;

	text->length = 0;
	return good;
}

/* groups: how many were chosen. */
static void put_totals(struct md_text *text, const struct md_merge *merge, size_t groups)
{
	const struct md_merge_leaks *leaks = &merge->leaks;

	put_count(text, merge->reports, "report", "reports");
	md_text_put(text, " from ");
	put_count(text, merge->processes, "process", "processes");
	md_text_put(text, " on ");
	put_count(text, merge->hosts, "machine", "machines");
	md_text_put(text, " in ");
	put_count(text, merge->files, "file", "files");
	md_text_put(text, ": ");
	put_count(text, groups, "bug", "bugs");
	md_text_put(text, ".\n");
	if (merge->repeated)
		md_textf(text, "%lu met again and counted once.\n", merge->repeated);
	if (merge->passed_over)
		md_textf(text, "%lu of other types passed over.\n", merge->passed_over);
	if (!leaks->processes)
		return;
	md_text_put(text, "Leaks at the last search of ");
	put_count(text, leaks->processes, "process", "processes");
	md_textf(text, ": %B in ", leaks->direct.bytes + leaks->indirect.bytes);
	put_count(text, leaks->direct.blocks + leaks->indirect.blocks, "block", "blocks");
	md_textf(text, " leaked, %B possibly, %B still reachable.\n", leaks->possible.bytes, leaks->reachable.bytes);
}

bool md_merge_write_text(FILE *to, const struct md_merge *merge, struct md_merge_choice choice, bool color)
{
	struct md_json_reader reader = { 0 };
	char *buffer = md_memory_new(TEXT_BYTES, 1);
	struct md_text text;
	bool good = true;
	size_t number = 0;

	md_text_init(&text, buffer, TEXT_BYTES, color);
	for (size_t i = 0; good && i < merge->group_count; i++) {
		const struct md_group *group = merge->groups[i];
		const struct md_value *part, *report;

		if (!md_merge_is_chosen(choice, group))
			continue;
		report = md_group_report(group, &reader, &part);
		put_seen(&text, group, ++number);
		if (group->kind == MD_GROUP_ERROR)
			md_view_error(&text, report);
		else if (group->kind == MD_GROUP_LEAK)
			md_view_leak(&text, part, group->blocks, group->bytes);
		else
			md_view_growth(&text, report, part);
		md_text_char(&text, '\n');
		good = flush(to, &text);
		md_progress("%zu of %zu bugs written", i, merge->group_count);
	}
	if (number)
		md_text_put(&text, "bug   reports  processes  last seen                what and where\n");
	number = 0;
	for (size_t i = 0; good && i < merge->group_count; i++) {
		const struct md_value *part, *report;

		if (!md_merge_is_chosen(choice, merge->groups[i]))
			continue;
		report = md_group_report(merge->groups[i], &reader, &part);
		put_row(&text, merge->groups[i], report, part, ++number);
		good = flush(to, &text);
	}
	md_text_put(&text, number ? "\n" : "");
	put_totals(&text, merge, number);
	good = good && flush(to, &text);
	md_json_reader_destroy(&reader);
	free(buffer);
	return good;
}
