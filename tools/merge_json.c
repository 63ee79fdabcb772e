/* SPDX-License-Identifier: MIT
 *
 * What is written is put together from pieces of the lines that were read, which are JSON already; only counts are new.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/html.h"
#include "tools/memory.h"
#include "tools/merge_write.h"

/* "merged":{...} */
static void put_merged(FILE *to, const struct md_group *group)
{
	fprintf(to, "\"merged\":{\"reports\":%" PRIu64 ",\"processes\":%zu,\"hosts\":%zu,\"first\":%.6f,\"last\":%.6f}", group->reports,
		group->processes, group->hosts, group->first, group->last);
}

/* Members of an object as they were read, without those named. */
static void put_members(FILE *to, const char *line, const struct md_value *object, const char *const *without)
{
	for (const struct md_value *member = object->first; member; member = member->next) {
		bool skipped = false;

		for (size_t i = 0; without[i]; i++)
			skipped |= !strcmp(member->name, without[i]);
		/* Names that would need escapes are none of ours. */
		if (skipped || strpbrk(member->name, "\"\\") || strcspn(member->name, "\b\f\n\r\t") != strlen(member->name))
			continue;
		fprintf(to, ",\"%s\":", member->name);
		fwrite(line + member->begin, 1, member->end - member->begin, to);
	}
}

static void put_error(FILE *to, const struct md_group *group, struct md_json_reader *reader)
{
	static const char *const without[] = { "merged", NULL };
	const struct md_value *part, *report = md_group_report(group, reader, &part);

	putc('{', to);
	put_merged(to, group);
	put_members(to, group->line, report, without);
	fputs("}\n", to);
}

static void put_leak(FILE *to, const struct md_group *group, struct md_json_reader *reader, bool comma)
{
	static const char *const without[] = { "merged", "blocks", "bytes", "held", NULL };
	static const char *const without_counts[] = { "merged", "blocks", "bytes", NULL };
	const struct md_value *part;

	md_group_report(group, reader, &part);
	fputs(comma ? ",{" : "{", to);
	put_merged(to, group);
	fprintf(to, ",\"blocks\":%" PRIu64 ",\"bytes\":%" PRIu64, group->blocks, group->bytes);
	put_members(to, group->line, part, group->processes > 1 ? without : without_counts); /* what the others hold is not known */
	putc('}', to);
}

static void put_total(FILE *to, const char *name, uint64_t blocks, uint64_t bytes)
{
	fprintf(to, "\"%s\":{\"blocks\":%" PRIu64 ",\"bytes\":%" PRIu64 "}", name, blocks, bytes);
}

/* All leaks as one report: what is not a sum is that of the newest. */
static void put_leaks(FILE *to, const struct md_merge *merge, struct md_json_reader *reader)
{
	static const char *const without[] = { "merged", "groups", "totals", "groups_total", "suppressed", "suppressions", "when", NULL };
	const struct md_merge_leaks *leaks = &merge->leaks;
	const struct md_group *newest = NULL;
	const struct md_value *part;
	size_t count = 0;

	for (size_t i = merge->group_count; i-- > 0;) {
		if (merge->groups[i]->kind != MD_GROUP_LEAK)
			continue;
		newest = merge->groups[i];
		count++;
	}
	if (!newest)
		return;
	fprintf(to, "{\"merged\":{\"reports\":%zu,\"processes\":%zu}", leaks->processes, leaks->processes);
	put_members(to, newest->line, md_group_report(newest, reader, &part), without);
	fputs(",\"when\":\"at the last search of each process\",\"totals\":{", to);
	put_total(to, "direct", leaks->direct.blocks, leaks->direct.bytes);
	putc(',', to);
	put_total(to, "indirect", leaks->indirect.blocks, leaks->indirect.bytes);
	putc(',', to);
	put_total(to, "possible", leaks->possible.blocks, leaks->possible.bytes);
	putc(',', to);
	put_total(to, "reachable", leaks->reachable.blocks, leaks->reachable.bytes);
	fprintf(to, ",\"ignored\":{\"blocks\":0,\"bytes\":0}},\"groups_total\":%zu,\"suppressed\":{\"blocks\":0,\"bytes\":0},\"groups\":[", count);
	for (size_t i = 0, put = 0; i < merge->group_count; i++)
		if (merge->groups[i]->kind == MD_GROUP_LEAK)
			put_leak(to, merge->groups[i], reader, put++ > 0);
	fputs("]}\n", to);
}

/* The report is that of all its stacks: it is written with the first of its groups. */
static bool is_first_of_report(const struct md_merge *merge, size_t index)
{
	const struct md_group *group = merge->groups[index];

	for (size_t i = 0; i < index; i++)
		if (merge->groups[i]->kind == group->kind && merge->groups[i]->line_bytes == group->line_bytes &&
			!memcmp(merge->groups[i]->line, group->line, group->line_bytes))
			return false;
	return true;
}

typedef bool take_line(void *context, const char *line, size_t bytes);

/* Hands all lines on, one or a few at a time. */
static bool write_lines(const struct md_merge *merge, struct md_merge_choice choice, take_line *take, void *context)
{
	struct md_json_reader reader = { 0 };
	bool good = true, leaks_done = !choice.leaks;

	for (size_t i = 0; good && i < merge->group_count; i++) {
		const struct md_group *group = merge->groups[i];
		char *text = NULL;
		size_t bytes = 0;
		FILE *line;

		if (!md_merge_is_chosen(choice, group) || (group->kind == MD_GROUP_LEAK && leaks_done))
			continue;
		line = open_memstream(&text, &bytes);
		if (!line)
			return false;
		if (group->kind == MD_GROUP_ERROR) {
			put_error(line, group, &reader);
		} else if (group->kind == MD_GROUP_LEAK) {
			leaks_done = true;
			put_leaks(line, merge, &reader);
		} else if (is_first_of_report(merge, i)) {
			fwrite(group->line, 1, group->line_bytes, line);
			putc('\n', line);
		}
		good = !fclose(line) && take(context, text, bytes);
		free(text);
	}
	md_json_reader_destroy(&reader);
	return good;
}

static bool take_for_file(void *context, const char *line, size_t bytes)
{
	return fwrite(line, 1, bytes, context) == bytes;
}

bool md_merge_write_json(FILE *to, const struct md_merge *merge, struct md_merge_choice choice)
{
	return write_lines(merge, choice, take_for_file, to);
}

static bool take_for_page(void *context, const char *line, size_t bytes)
{
	return md_html_add(context, &(struct md_html_data){ .text = line, .bytes = bytes }) == 0;
}

bool md_merge_write_html(FILE *to, const struct md_merge *merge, struct md_merge_choice choice)
{
	return md_html_begin(to, NULL) == 0 && write_lines(merge, choice, take_for_page, to) && md_html_end(to) == 0;
}
