/* SPDX-License-Identifier: MIT
 *
 * malloc-debug diff: what is new, gone or grown between two files of reports, by fingerprint. Errors are compared by how often they were
 * reported, leaks and growth by bytes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/fingerprint.h"
#include "report/text.h"
#include "tools/commands.h"
#include "tools/memory.h"
#include "tools/merge.h"
#include "tools/output.h"
#include "tools/view_parts.h"

#define TEXT_BYTES (1u << 20)

enum { FLAG_FORMAT, FLAG_OUTPUT };

const struct md_flag md_diff_flags[] = {
	[FLAG_FORMAT] = { "format", 'f', "text|json", "What is written: text, or JSON, one object a line." },
	[FLAG_OUTPUT] = { "output", 'o', "FILE", "Where it is written, in place of standard output." },
	{ NULL },
};

enum change { CHANGE_NEW, CHANGE_GROWN, CHANGE_GONE, CHANGE_SHRUNK, CHANGE_SAME, CHANGE_COUNT };

static const char *const change_names[CHANGE_COUNT] = { "new", "grown", "gone", "shrunk", "same" };

struct row {
	enum change change;
	const struct md_group *before, *after; /* NULL: not there */
};

struct table {
	struct row *rows;
	size_t count, counts[CHANGE_COUNT];
};

/* By what groups of its kind are compared. */
static uint64_t measure(const struct md_group *group)
{
	return !group ? 0 : group->kind == MD_GROUP_ERROR ? group->reports : group->bytes;
}

static uint64_t difference(const struct row *row)
{
	uint64_t before = measure(row->before), after = measure(row->after);

	return after > before ? after - before : before - after;
}

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->change != b->change)
		return a->change < b->change ? -1 : 1;
	return difference(a) > difference(b) ? -1 : difference(a) < difference(b);
}

static void add_row(struct table *table, const struct md_group *before, const struct md_group *after)
{
	uint64_t was = measure(before), is = measure(after);
	enum change change = !before ? CHANGE_NEW : !after ? CHANGE_GONE : is > was ? CHANGE_GROWN : is < was ? CHANGE_SHRUNK : CHANGE_SAME;

	table->rows[table->count++] = (struct row){ change, before, after };
	table->counts[change]++;
}

static struct table make_table(const struct md_merge *before, const struct md_merge *after)
{
	struct table table = { .rows = md_memory_new(before->group_count + after->group_count, sizeof *table.rows) };

	for (size_t i = 0; i < after->group_count; i++)
		add_row(&table, md_merge_find(before, after->groups[i]->kind, after->groups[i]->fingerprint), after->groups[i]);
	for (size_t i = 0; i < before->group_count; i++)
		if (!md_merge_find(after, before->groups[i]->kind, before->groups[i]->fingerprint))
			add_row(&table, before->groups[i], NULL);
	qsort(table.rows, table.count, sizeof *table.rows, compare_rows);
	return table;
}

/* "32 bytes in 2 blocks", "7 reports" */
static void put_measure(struct md_text *text, const struct md_group *group)
{
	if (group->kind == MD_GROUP_ERROR)
		md_textf(text, "%lu %s", group->reports, group->reports == 1 ? "report" : "reports");
	else
		md_textf(text, "%B in %lu %s", group->bytes, group->blocks, group->blocks == 1 ? "block" : "blocks");
}

static void put_row(struct md_text *text, const struct row *row, struct md_json_reader *reader)
{
	static const enum md_color colors[CHANGE_COUNT] = { MD_RED, MD_YELLOW, MD_GREEN, MD_PLAIN, MD_PLAIN };
	const struct md_group *group = row->after ? row->after : row->before;
	const struct md_value *part, *report = md_group_report(group, reader, &part), *stack = md_value_get(part, "stack");

	md_text_color(text, colors[row->change]);
	md_text_put(text, change_names[row->change]);
	md_text_color(text, MD_PLAIN);
	md_textf(text, ": %S: ", group->name);
	put_measure(text, group);
	if (row->before && row->after && row->change != CHANGE_SAME) {
		md_text_put(text, " (was ");
		put_measure(text, row->before);
		md_text_char(text, ')');
	}
	md_text_put(text, ", ");
	if (group->kind == MD_GROUP_ERROR && md_value_string(report, "site"))
		md_text_safe(text, md_value_string(report, "site"));
	else
		md_view_site(text, stack);
	md_text_char(text, '\n');
	if (row->change > CHANGE_GROWN)
		return;
	if (group->kind == MD_GROUP_ERROR) { /* the stack of the place to fix */
		const char *role = md_value_string(report, "role");
		const struct md_value *from = role && strcmp(role, "call") ? md_value_get(md_value_get(report, "block"), role)
									   : md_value_get(report, "call");

		stack = md_value_get(from, "stack");
	}
	md_view_stack(text, stack);
}

static bool write_text(FILE *to, const struct table *table)
{
	struct md_json_reader reader = { 0 };
	char *buffer = md_memory_new(TEXT_BYTES, 1);
	struct md_text text;
	bool good = true;

	for (size_t i = 0; good && i < table->count && table->rows[i].change <= CHANGE_GONE; i++) {
		md_text_init(&text, buffer, TEXT_BYTES, md_output_has_color(to));
		put_row(&text, &table->rows[i], &reader);
		good = fwrite(buffer, 1, text.length, to) == text.length;
	}
	for (size_t i = 0; i < CHANGE_COUNT; i++)
		good = fprintf(to, "%zu %s%s", table->counts[i], change_names[i], i + 1 < CHANGE_COUNT ? ", " : "\n") > 0 && good;
	md_json_reader_destroy(&reader);
	free(buffer);
	return good;
}

static void put_counts(FILE *to, const char *name, const struct md_group *group)
{
	if (group)
		fprintf(to, ",\"%s\":{\"reports\":%" PRIu64 ",\"processes\":%zu,\"blocks\":%" PRIu64 ",\"bytes\":%" PRIu64 "}", name, group->reports,
			group->processes, group->blocks, group->bytes);
}

static bool write_json(FILE *to, const struct table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct md_group *group = table->rows[i].after ? table->rows[i].after : table->rows[i].before;
		char digits[17];

		md_fingerprint_text(group->fingerprint, digits);
		fprintf(to, "{\"version\":1,\"type\":\"difference\",\"change\":\"%s\",\"fingerprint\":\"%s\"", change_names[table->rows[i].change], digits);
		put_counts(to, "before", table->rows[i].before);
		put_counts(to, "after", table->rows[i].after);
		fputs(",\"report\":", to);
		fwrite(group->line, 1, group->line_bytes, to);
		fputs("}\n", to);
	}
	return !ferror(to);
}

int md_cmd_diff(int argc, char **argv)
{
	struct md_flags flags = { .command = argv[0], .table = md_diff_flags, .argc = argc, .argv = argv };
	const char *files[2] = { NULL, NULL }, *format = "text", *output = NULL, *value;
	struct md_merge before = { 0 }, after = { 0 };
	size_t count = 0;

	for (int found; (found = md_flags_next(&flags, &value)) != MD_FLAGS_END;) {
		if (found == FLAG_FORMAT)
			format = value;
		else if (found == FLAG_OUTPUT)
			output = value;
		else if (found == MD_FLAGS_ARGUMENT && count++ < 2)
			files[count - 1] = value;
		else if (found == MD_FLAGS_WRONG)
			return MD_EXIT_USAGE;
	}
	if (count != 2) {
		fprintf(stderr, "malloc-debug diff: it takes two files, the older one first; see malloc-debug help diff\n");
		return MD_EXIT_USAGE;
	}
	bool good = md_merge_files(&before, argv[0], &files[0], 1);

	good = md_merge_files(&after, argv[0], &files[1], 1) && good;
	if (!good) /* what is not there in a file that could not be read is not gone */
		return MD_EXIT_USAGE;

	struct table table = make_table(&before, &after);
	FILE *to = md_output_open(argv[0], output);
	bool written = to && md_output_close(argv[0], output, to, *format == 'j' ? write_json(to, &table) : write_text(to, &table));
	bool worse = table.counts[CHANGE_NEW] || table.counts[CHANGE_GROWN];

	free(table.rows);
	md_merge_destroy(&before);
	md_merge_destroy(&after);
	return !written ? MD_EXIT_USAGE : worse ? MD_EXIT_DIFFERENT : 0;
}
