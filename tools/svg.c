/* SPDX-License-Identifier: MIT */
#include "tools/svg.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tools/json_read.h"

#define WIDTH 1200   /* of the drawing, in its own units */
#define LEFT 10
#define ROW_WIDTH (WIDTH - 2 * LEFT)
#define ROW_HEIGHT 9
#define LINE_HEIGHT 14
#define ZONE_GAP 7
#define HEAD_HEIGHT 58
#define ROW_BYTES_MIN 65536 /* a zone of that size takes one row */
#define ROWS_MAX 8          /* rows of one zone: large ones get more bytes a row, not more rows */

static void put_text(FILE *to, const char *text)
{
	for (const unsigned char *at = (const unsigned char *)(text ? text : ""); *at; at++) {
		const char *instead = *at == '<' ? "&lt;" : *at == '>' ? "&gt;" : *at == '&' ? "&amp;" : *at == '"' ? "&quot;" : NULL;

		if (instead)
			fputs(instead, to);
		else
			fputc(*at < 0x20 || *at == 0x7f ? '?' : *at, to);
	}
}

static void put_size(FILE *to, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes;
	unsigned unit = 0;

	while (value >= 1024 && unit < 4) {
		value /= 1024;
		unit++;
	}
	fprintf(to, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

/* A range of the heap, and how it is broken into rows. */
struct place {
	uint64_t begin, end, row_bytes;
	unsigned rows;
};

/* Where a zone or a free run lies; false if it says nothing that could be drawn. */
static bool place_of(const struct md_value *range, struct place *place)
{
	if (!md_value_address(range, "begin", &place->begin) || !md_value_address(range, "end", &place->end) || place->end <= place->begin)
		return false;
	uint64_t bytes = place->end - place->begin;

	place->row_bytes = (bytes - 1) / ROWS_MAX + 1 > ROW_BYTES_MIN ? (bytes - 1) / ROWS_MAX + 1 : ROW_BYTES_MIN;
	place->rows = (unsigned)((bytes - 1) / place->row_bytes + 1);
	return true;
}

static double x_of(const struct place *place, uint64_t offset)
{
	return LEFT + (double)ROW_WIDTH * ((double)offset / (double)place->row_bytes);
}

/* The name of a state as a class; what is not one of ours gets no colour of its own. */
static const char *class_of(const char *state)
{
	static const char *const known[] = { "live", "quarantined", "freeing", "mixed" };

	for (size_t i = 0; state && i < sizeof known / sizeof *known; i++)
		if (strcmp(state, known[i]) == 0)
			return known[i];
	return "mixed";
}

/* Rectangles of one range, one for each row that it touches, as one path. */
static void put_path(FILE *to, const struct place *place, unsigned y, uint64_t begin, uint64_t end)
{
	for (uint64_t at = begin - place->begin, last = end - place->begin; at < last;) {
		uint64_t row = at / place->row_bytes, row_end = (row + 1) * place->row_bytes;
		uint64_t to_here = row_end < last ? row_end : last;
		double from = x_of(place, at - row * place->row_bytes), width = x_of(place, to_here - row * place->row_bytes) - from;

		fprintf(to, "M%.2f %" PRIu64 "h%.2fv%dh-%.2fz", from, y + row * ROW_HEIGHT, width < 0.3 ? 0.3 : width, ROW_HEIGHT - 1, width < 0.3 ? 0.3 : width);
		at = to_here;
	}
}

/* Blocks that are drawn as one, because none of them could be seen alone. */
struct group {
	uint64_t begin, end, bytes, blocks, first;
	const char *state;
	bool damaged;
};

static void put_group(FILE *to, const struct place *place, unsigned y, const struct group *group)
{
	fprintf(to, "<path class=\"%s\" d=\"", group->damaged ? "damaged" : class_of(group->state));
	put_path(to, place, y, group->begin, group->end);
	fprintf(to, "\"><title>");
	if (group->blocks > 1)
		fprintf(to, "%" PRIu64 " blocks from 0x%" PRIx64, group->blocks, group->first);
	else
		fprintf(to, "0x%" PRIx64, group->first);
	fputs(", ", to);
	put_size(to, group->bytes);
	fprintf(to, ", %s%s</title></path>\n", class_of(group->state), group->damaged ? ", damaged" : "");
}

static bool read_block(const struct md_value *value, const struct place *place, struct group *block)
{
	const char *state = md_value_string(value, "state");

	*block = (struct group){ .state = state ? state : "mixed", .damaged = md_value_true(value, "damaged") };
	if (!md_value_address(value, "address", &block->begin) || block->begin < place->begin || block->begin >= place->end)
		return false;
	block->first = block->begin;
	block->bytes = md_value_uint_or(value, "bytes", 0);
	block->blocks = md_value_uint_or(value, "blocks", 1);
	if (!md_value_address(value, "end", &block->end))
		block->end = block->bytes < place->end - block->begin ? block->begin + block->bytes : place->end;
	if (block->end <= block->begin)
		block->end = block->begin + 1;
	if (block->end > place->end)
		block->end = place->end;
	return true;
}

static void put_blocks(FILE *to, const struct md_value *zone, const struct place *place, unsigned y)
{
	uint64_t unseen = place->row_bytes / ROW_WIDTH / 2; /* half a unit of the drawing */
	struct group group = { 0 }, block;

	for (const struct md_value *value = md_value_elements(zone, "blocks"); value; value = value->next) {
		if (!read_block(value, place, &block))
			continue;
		if (group.blocks && block.end - group.begin <= unseen && block.begin >= group.end && !block.damaged && !group.damaged) {
			if (strcmp(group.state, block.state) != 0)
				group.state = "mixed";
			group.end = block.end;
			group.bytes += block.bytes;
			group.blocks += block.blocks;
			continue;
		}
		if (group.blocks)
			put_group(to, place, y, &group);
		group = block;
	}
	if (group.blocks)
		put_group(to, place, y, &group);
}

static unsigned put_zone(FILE *to, const struct md_value *zone, unsigned y)
{
	struct place place;

	if (!place_of(zone, &place))
		return y;
	fprintf(to, "<text x=\"%d\" y=\"%u\">", LEFT, y + LINE_HEIGHT - 3);
	put_text(to, md_value_string(zone, "kind"));
	fprintf(to, " zone 0x%" PRIx64 ", ", place.begin);
	put_size(to, place.end - place.begin);
	fprintf(to, ", %" PRIu64 " slots of ", md_value_uint_or(zone, "slots", 0));
	put_size(to, md_value_uint_or(zone, "slot_bytes", 0));
	fprintf(to, ": %" PRIu64 " live, %" PRIu64 " held back, %" PRIu64 " free</text>\n", md_value_uint_or(zone, "live", 0),
		md_value_uint_or(zone, "quarantined", 0), md_value_uint_or(zone, "free", 0));
	y += LINE_HEIGHT;
	fputs("<path class=\"free\" d=\"", to);
	put_path(to, &place, y, place.begin, place.end);
	fputs("\"/>\n", to);
	put_blocks(to, zone, &place, y);
	return y + place.rows * ROW_HEIGHT + ZONE_GAP;
}

static unsigned put_run(FILE *to, const struct md_value *run, unsigned y)
{
	struct place place;

	if (!place_of(run, &place))
		return y;
	fprintf(to, "<text x=\"%d\" y=\"%u\">free run 0x%" PRIx64 ", ", LEFT, y + LINE_HEIGHT - 3, place.begin);
	put_size(to, place.end - place.begin);
	fprintf(to, "%s</text>\n", md_value_true(run, "kept") ? ", pages kept" : "");
	return y + LINE_HEIGHT + ZONE_GAP;
}

static unsigned height_of(const struct md_value *map)
{
	unsigned height = HEAD_HEIGHT;
	struct place place;

	for (const struct md_value *zone = md_value_elements(map, "zones"); zone; zone = zone->next)
		if (place_of(zone, &place))
			height += LINE_HEIGHT + place.rows * ROW_HEIGHT + ZONE_GAP;
	for (const struct md_value *run = md_value_elements(map, "free_runs"); run; run = run->next)
		if (place_of(run, &place))
			height += LINE_HEIGHT + ZONE_GAP;
	return height;
}

static void put_head(FILE *to, const struct md_value *map, unsigned height)
{
	static const char *const states[] = { "live", "quarantined", "freeing", "mixed", "damaged", "free" };
	const struct md_value *process = md_value_get(map, "process"), *heap = md_value_get(map, "heap");

	fprintf(to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" width=\"%d\" height=\"%u\" role=\"img\">\n<style>\n"
		"svg{background:#fff}text{font:11px system-ui,'DejaVu Sans',sans-serif;fill:#1b1f26}.free{fill:#e4e7ec}.live{fill:#2a8f58}"
		".quarantined{fill:#3677bd}.freeing{fill:#b98a00}.mixed{fill:#7a6a9a}.damaged{fill:#c81e2f}\n"
		"@media (prefers-color-scheme:dark){svg{background:#14171c}text{fill:#e6e9ee}.free{fill:#262b34}.live{fill:#4cc38a}"
		".quarantined{fill:#5aa2ea}.freeing{fill:#e0b02e}.mixed{fill:#a594cf}.damaged{fill:#ff5c6c}}\n</style>\n<title>Heap of ",
		WIDTH, height, WIDTH, height);
	put_text(to, md_value_string(process, "program"));
	fprintf(to, "</title>\n<text x=\"%d\" y=\"18\" style=\"font-size:15px\">Heap of ", LEFT);
	put_text(to, md_value_string(process, "program"));
	fprintf(to, " [%" PRIu64 "]: %" PRIu64 " live blocks, ", md_value_uint_or(process, "pid", 0), md_value_uint_or(heap, "live_blocks", 0));
	put_size(to, md_value_uint_or(heap, "live_bytes", 0));
	fputs("; ", to);
	put_size(to, md_value_uint_or(heap, "mapped_bytes", 0));
	fputs(" of address space</text>\n", to);
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		fprintf(to, "<rect class=\"%s\" x=\"%zu\" y=\"29\" width=\"11\" height=\"11\"/><text x=\"%zu\" y=\"39\">%s</text>\n", states[i],
			LEFT + i * 110, LEFT + 16 + i * 110, states[i]);
}

int md_svg_map_write(FILE *to, const char *map, size_t bytes)
{
	struct md_json_reader reader = { 0 };
	const struct md_value *value = md_json_read(&reader, map, bytes);
	const char *type = md_value_string(value, "type");
	int result = -2;

	if (type && strcmp(type, "map") == 0) {
		const struct md_value *run = md_value_elements(value, "free_runs");
		unsigned y = HEAD_HEIGHT;

		put_head(to, value, height_of(value));
		for (const struct md_value *zone = md_value_elements(value, "zones"); zone; zone = zone->next) {
			uint64_t zone_begin, run_begin; /* in order of address */

			for (; run && md_value_address(zone, "begin", &zone_begin) && md_value_address(run, "begin", &run_begin) && run_begin < zone_begin;
				run = run->next)
				y = put_run(to, run, y);
			y = put_zone(to, zone, y);
		}
		for (; run; run = run->next)
			y = put_run(to, run, y);
		fputs("</svg>\n", to);
		result = ferror(to) ? -1 : 0;
	}
	md_json_reader_destroy(&reader);
	return result;
}
