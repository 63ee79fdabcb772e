/* SPDX-License-Identifier: MIT
 *
 * malloc-debug map: the map of a heap that a process wrote as JSON (option map_file, show=map, malloc_debug_write_map), as text, as a drawing or as
 * a page.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/phrases.h"
#include "report/text.h"
#include "tools/commands.h"
#include "tools/html.h"
#include "tools/lines.h"
#include "tools/memory.h"
#include "tools/merge_write.h"
#include "tools/output.h"
#include "tools/svg.h"
#include "tools/view_parts.h"

#define LINE_BYTES_MAX (1u << 30)
#define TEXT_BYTES (16u << 20)
#define BAR_CELLS 32
#define STACKS_SHOWN 10

enum { FLAG_FORMAT, FLAG_OUTPUT, FLAG_SVG, FLAG_HTML };

const struct md_flag md_map_flags[] = {
	[FLAG_FORMAT] = { "format", 'f', "text|svg|html", "What is written; text if it is not said." },
	[FLAG_OUTPUT] = { "output", 'o', "FILE", "Where it is written, in place of standard output." },
	[FLAG_SVG] = { "svg", 0, "FILE", "Write the drawing to FILE: --format=svg --output=FILE." },
	[FLAG_HTML] = { "html", 0, "FILE", "Write the page to FILE: --format=html --output=FILE." },
	{ NULL },
};

/* What the blocks of one stack have. */
struct stack {
	uint64_t blocks, bytes;
	const struct md_value *row; /* of the map's member stacks */
};

static int compare_bytes(const void *left, const void *right)
{
	const struct stack *a = left, *b = right;

	return a->bytes > b->bytes ? -1 : a->bytes < b->bytes;
}

/* --- text --------------------------------------------------------------------------- */

/* One sign for each part of the slots: # live, q held back, - cached or free, . never used. */
static void put_bar(struct md_text *text, const struct md_value *zone)
{
	static const char *const names[] = { "live", "quarantined", "cached", "free" };
	static const char signs[] = "#q--";
	uint64_t slots = md_value_uint_or(zone, "slots", 0), sum = 0;
	size_t put = 0;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		uint64_t count = md_value_uint_or(zone, names[i], 0);
		size_t end;

		sum = sum + count < sum || sum + count > slots ? slots : sum + count;
		end = slots ? (size_t)((double)sum / (double)slots * BAR_CELLS + 0.5) : 0;
		if (count && end == put && put < BAR_CELLS) /* a few are not nothing */
			end++;
		for (; put < end; put++)
			md_text_char(text, signs[i]);
	}
	md_text_repeat(text, '.', BAR_CELLS - put);
}

static void put_zone(struct md_text *text, const struct md_value *zone)
{
	const char *kind = md_value_string(zone, "kind");
	uint64_t begin = 0, end = 0;
	size_t from;

	md_value_address(zone, "begin", &begin);
	md_value_address(zone, "end", &end);
	md_textf(text, "%p-%p ", (uintptr_t)begin, (uintptr_t)end);
	from = text->length;
	md_text_safe(text, kind ? kind : "?");
	md_text_pad(text, from, 8);
	md_phrase_right_size(text, md_value_uint_or(zone, "slot_bytes", 0), 10);
	md_phrase_right(text, md_value_uint_or(zone, "slots", 0), 8);
	md_phrase_right(text, md_value_uint_or(zone, "live", 0), 8);
	md_phrase_right(text, md_value_uint_or(zone, "quarantined", 0), 8);
	md_phrase_right_size(text, md_value_uint_or(zone, "live_bytes", 0), 11);
	md_text_put(text, "  ");
	put_bar(text, zone);
	md_text_char(text, '\n');
}

/* Live bytes by stack. Returns how many stacks there are. */
static size_t add_up(const struct md_value *map, struct stack **stacks)
{
	const struct md_value *list = md_value_get(map, "stacks");
	size_t count = 0;

	*stacks = md_memory_new(list ? list->count : 0, sizeof **stacks);
	for (const struct md_value *row = md_value_elements(map, "stacks"); row; row = row->next) {
		struct stack *stack = &(*stacks)[count++];

		stack->row = row;
		stack->blocks = md_value_uint_or(row, "live_blocks", 0);
		stack->bytes = md_value_uint_or(row, "live_bytes", 0);
	}
	qsort(*stacks, count, sizeof **stacks, compare_bytes);
	return count;
}

/* The site of a stack whose frames are places in the map's list of frames. */
static void put_place(struct md_text *text, const struct md_value *const *frames, size_t frame_count, const struct md_value *stack)
{
	struct md_value copies[128], list = { .kind = MD_VALUE_ARRAY };
	size_t count = 0;

	for (const struct md_value *place = md_value_elements(stack, "frames"); place && count < 128; place = place->next) {
		char *end;
		unsigned long index = place->kind == MD_VALUE_NUMBER ? strtoul(place->text, &end, 10) : frame_count;

		if (index >= frame_count)
			continue;
		copies[count] = *frames[index];
		copies[count].next = NULL;
		if (count)
			copies[count - 1].next = &copies[count];
		count++;
	}
	list.first = count ? copies : NULL;
	md_view_site(text, &list);
}

static void put_stacks(struct md_text *text, const struct md_value *map)
{
	const struct md_value *list = md_value_get(map, "frames");
	const struct md_value **frames = md_memory_new(list ? list->count : 0, sizeof *frames);
	struct stack *stacks;
	size_t count = add_up(map, &stacks), frame_count = 0;

	for (const struct md_value *frame = md_value_elements(map, "frames"); frame; frame = frame->next)
		frames[frame_count++] = frame;
	if (count && stacks[0].bytes)
		md_text_put(text, "\nLargest by stack:\n      blocks           bytes  allocated at\n");
	for (size_t i = 0; i < count && i < STACKS_SHOWN && stacks[i].bytes; i++) {
		md_phrase_right(text, stacks[i].blocks, 12);
		md_phrase_right(text, stacks[i].bytes, 16);
		md_text_put(text, "  ");
		put_place(text, frames, frame_count, stacks[i].row);
		md_text_char(text, '\n');
	}
	free(frames);
	free(stacks);
}

static bool write_text(FILE *to, const struct md_value *map)
{
	const struct md_value *process = md_value_get(map, "process"), *heap = md_value_get(map, "heap");
	const char *program = md_value_string(process, "program"), *host = md_value_string(process, "host");
	char *buffer = md_memory_new(TEXT_BYTES, 1), when[32];
	double started = 0, seconds = 0;
	struct md_text text;
	bool good;

	md_text_init(&text, buffer, TEXT_BYTES, false);
	md_value_double(process, "started", &started);
	md_value_double(process, "seconds", &seconds);
	md_textf(&text, "Heap of process %lu", md_value_uint_or(process, "pid", 0));
	if (program)
		md_textf(&text, " (%S)", program);
	if (host)
		md_textf(&text, " on %S", host);
	md_textf(&text, ", %s:\n", md_merge_time(started + seconds, when));
	md_textf(&text, "%B in %lu live blocks, %B held back in quarantine, %B mapped.\n", md_value_uint_or(heap, "live_bytes", 0),
		md_value_uint_or(heap, "live_blocks", 0), md_value_uint_or(heap, "quarantined_bytes", 0),
		md_value_uint_or(heap, "mapped_bytes", 0));
	if (md_value_true(map, "truncated"))
		md_text_put(&text, "The map was too long, and parts of it are missing.\n");
	md_text_put(&text,
		"\nzone                          kind    slot size   slots    live    held live bytes  # live q held - free . never used\n");
	for (const struct md_value *zone = md_value_elements(map, "zones"); zone; zone = zone->next)
		put_zone(&text, zone);
	for (const struct md_value *run = md_value_elements(map, "free_runs"); run; run = run->next) {
		uint64_t begin = 0, end = 0;

		md_value_address(run, "begin", &begin);
		md_value_address(run, "end", &end);
		md_textf(&text, "%p-%p free run%s\n", (uintptr_t)begin, (uintptr_t)end,
			md_value_true(run, "kept") ? "" : ", given back to the system");
	}
	put_stacks(&text, map);
	good = fwrite(buffer, 1, text.length, to) == text.length;
	free(buffer);
	return good;
}

/* --- command ---------------------------------------------------------------------------- */

/* The last map in a file, as its line, or all of them; NULL after a complaint. For free(). */
static char *find_maps(const char *path, bool all, size_t *bytes)
{
	struct md_json_reader reader = { 0 };
	struct md_lines lines;
	const char *line;
	char *found = NULL;
	size_t length, before;
	int error = md_lines_open(&lines, path, LINE_BYTES_MAX);

	if (error) {
		fprintf(stderr, "malloc-debug map: %s: %s\n", path, strerror(error));
		return NULL;
	}
	while ((line = md_lines_next(&lines, &length))) {
		const struct md_value *report = length && line[0] == '{' ? md_json_read(&reader, line, length) : NULL;
		const char *type = md_value_string(report, "type");

		if (!type || strcmp(type, "map"))
			continue;
		before = all ? *bytes : 0;
		found = md_memory_resize(found, before + length + 2, 1);
		memcpy(found + before, line, length);
		found[before + length] = '\n';
		found[before + length + 1] = '\0';
		*bytes = before + length + 1;
	}
	if (lines.error)
		fprintf(stderr, "malloc-debug map: %s: %s\n", path, strerror(lines.error));
	else if (!found)
		fprintf(stderr,
			"malloc-debug map: %s: there is no map in it; malloc-debug run --show=map --map_file=FILE.json writes one\n", path);
	md_lines_close(&lines);
	md_json_reader_destroy(&reader);
	return found;
}

static bool write_map(FILE *to, const char *format, const char *map, size_t bytes)
{
	struct md_json_reader reader = { 0 };
	bool good;

	if (*format == 's')
		return md_svg_map_write(to, map, bytes) == 0;
	if (*format == 'h')
		return md_html_write(to, NULL, &(struct md_html_data){ .text = map, .bytes = bytes }, 1) == 0;
	good = write_text(to, md_json_read(&reader, map, bytes));
	md_json_reader_destroy(&reader);
	return good;
}

int md_cmd_map(int argc, char **argv)
{
	struct md_flags flags = { .command = argv[0], .table = md_map_flags, .argc = argc, .argv = argv };
	const char *path = NULL, *format = "text", *output = NULL, *value;
	size_t bytes = 0, count = 0;
	char *map;
	bool good;
	FILE *to;

	for (int found; (found = md_flags_next(&flags, &value)) != MD_FLAGS_END;) {
		if (found == MD_FLAGS_WRONG)
			return MD_EXIT_USAGE;
		if (found == MD_FLAGS_ARGUMENT) {
			path = value;
			count++;
		} else if (found == FLAG_FORMAT) {
			format = value;
		} else {
			format = found == FLAG_SVG ? "svg" : found == FLAG_HTML ? "html" : format;
			output = value;
		}
	}
	if (count != 1) {
		fprintf(stderr, "malloc-debug map: it takes one file; \"-\" is standard input; see malloc-debug help map\n");
		return MD_EXIT_USAGE;
	}
	map = find_maps(path, *format == 'h', &bytes);
	if (!map)
		return MD_EXIT_TROUBLE;
	to = md_output_open(argv[0], output);
	good = to && md_output_close(argv[0], output, to, write_map(to, format, map, bytes));
	free(map);
	return good ? 0 : MD_EXIT_TROUBLE;
}
