/* SPDX-License-Identifier: MIT */
#include "report/hexdump.h"

#define MARK_COUNT (MD_MARK_GUARD + 1)

static const struct {
	const char *name;
	const char *meaning;
	enum md_color color;
} mark_table[MARK_COUNT] = {
	[MD_MARK_OTHER] = { "other", "not judged: between blocks, or not the allocator's", MD_PLAIN },
	[MD_MARK_USER] = { "user", "bytes that the program asked for", MD_GREEN },
	[MD_MARK_SLACK] = { "slack", "between the end of the block and its red zone; the program may not write there", MD_YELLOW },
	[MD_MARK_REDZONE] = { "red zone", "around each block; the program may not write there", MD_MAGENTA },
	[MD_MARK_FREED] = { "freed", "was the program's until it was freed; filled since", MD_CYAN },
	[MD_MARK_FREE] = { "free", "not handed out", MD_GREY },
	[MD_MARK_GUARD] = { "guard", "-- cannot be read: guard page, or not mapped", MD_GREY },
};

static unsigned kind_of(unsigned mark)
{
	unsigned kind = mark & ~(unsigned)MD_MARK_DAMAGED;

	return kind < MARK_COUNT ? kind : MD_MARK_OTHER;
}

const char *md_mark_name(unsigned mark)
{
	return mark_table[kind_of(mark)].name;
}

enum md_color md_mark_color(unsigned mark)
{
	return mark_table[kind_of(mark)].color;
}

static uintptr_t first_row(const struct md_hexdump *dump)
{
	return dump->begin & ~(uintptr_t)(MD_HEXDUMP_ROW - 1);
}

size_t md_hexdump_rows(const struct md_hexdump *dump)
{
	return dump->bytes ? (dump->begin - first_row(dump) + dump->bytes + MD_HEXDUMP_ROW - 1) / MD_HEXDUMP_ROW : 0;
}

static struct md_hexdump_cell classify(const struct md_hexdump *dump, uintptr_t addr)
{
	struct md_hexdump_cell cell = { .before = ' ' };
	size_t offset = addr - dump->begin;

	if (addr < dump->begin || offset >= dump->bytes)
		return cell;
	unsigned mark = dump->marks ? dump->marks[offset] : MD_MARK_OTHER;

	cell.present = true;
	cell.mark = (enum md_mark)kind_of(mark);
	cell.readable = cell.mark != MD_MARK_GUARD;
	cell.damaged = cell.readable && (mark & MD_MARK_DAMAGED);
	if (cell.readable)
		cell.value = dump->data[offset];
	if (cell.damaged && dump->expected)
		cell.expected = dump->expected[offset];
	return cell;
}

/* The sign between two cells. A bracket wins over the bar: the row's end tells the kinds again. */
static char separator(const struct md_hexdump_cell *left, const struct md_hexdump_cell *right)
{
	if (left->damaged != right->damaged)
		return right->damaged ? '[' : ']';
	return left->present && right->present && left->mark != right->mark ? '|' : ' ';
}

void md_hexdump_row(const struct md_hexdump *dump, size_t index, struct md_hexdump_row *row)
{
	static const struct md_hexdump_cell none;

	row->addr = first_row(dump) + index * MD_HEXDUMP_ROW;
	row->focus = dump->focus && dump->focus - row->addr < MD_HEXDUMP_ROW;
	row->damaged = false;
	for (size_t i = 0; i < MD_HEXDUMP_ROW; i++) {
		row->cells[i] = classify(dump, row->addr + i);
		row->cells[i].before = separator(i ? &row->cells[i - 1] : &none, &row->cells[i]);
		row->damaged |= row->cells[i].damaged;
	}
	row->after = separator(&row->cells[MD_HEXDUMP_ROW - 1], &none);
}

/* Changes colour only where it must: sequences for each byte would multiply the size of a report. */
static void set_color(struct md_text *text, enum md_color *now, enum md_color wanted)
{
	if (*now == wanted)
		return;
	if (*now != MD_PLAIN)
		md_text_color(text, MD_PLAIN);
	if (wanted != MD_PLAIN)
		md_text_color(text, wanted);
	*now = wanted;
}

static enum md_color cell_color(const struct md_hexdump_cell *cell)
{
	return cell->damaged ? MD_RED : cell->present ? md_mark_color(cell->mark) : MD_PLAIN;
}

static void put_values(struct md_text *text, const struct md_hexdump_row *row, enum md_color *color)
{
	for (size_t i = 0; i < MD_HEXDUMP_ROW; i++) {
		const struct md_hexdump_cell *cell = &row->cells[i];
		bool closing = cell->before == ']';

		set_color(text, color, closing || cell->before == '[' ? MD_RED : cell->before == '|' ? MD_PLAIN : *color);
		md_text_char(text, cell->before);
		set_color(text, color, cell_color(cell));
		if (!cell->present)
			md_text_put(text, "  ");
		else if (!cell->readable)
			md_text_put(text, "--");
		else
			md_text_hex(text, cell->value, 2);
	}
	md_text_char(text, row->after);
}

static void put_ascii(struct md_text *text, const struct md_hexdump_row *row, enum md_color *color)
{
	for (size_t i = 0; i < MD_HEXDUMP_ROW; i++) {
		const struct md_hexdump_cell *cell = &row->cells[i];
		bool printable = cell->value >= 0x20 && cell->value < 0x7f;

		set_color(text, color, cell_color(cell));
		md_text_char(text, !cell->readable ? ' ' : printable ? (char)cell->value : '.');
	}
}

/* "red zone" for a row of one kind, "10 user, 6 slack" for a mixed one. */
static void put_kinds(struct md_text *text, const struct md_hexdump_row *row, enum md_color *color)
{
	size_t from = 0;

	while (from < MD_HEXDUMP_ROW && !row->cells[from].present)
		from++;
	for (size_t to = from; from < MD_HEXDUMP_ROW && row->cells[from].present; from = to) {
		bool first = from == 0 || !row->cells[from - 1].present;

		while (to < MD_HEXDUMP_ROW && row->cells[to].present && row->cells[to].mark == row->cells[from].mark)
			to++;
		bool last = to == MD_HEXDUMP_ROW || !row->cells[to].present;

		set_color(text, color, MD_PLAIN);
		md_text_put(text, first ? "" : ", ");
		set_color(text, color, md_mark_color(row->cells[from].mark));
		if (!(first && last))
			md_textf(text, "%lu ", (uint64_t)(to - from));
		md_text_put(text, md_mark_name(row->cells[from].mark));
	}
}

/* Under a row with changed bytes: what should stand there. */
static void put_expected(struct md_text *text, const struct md_hexdump_row *row)
{
	size_t last = MD_HEXDUMP_ROW;

	md_text_put(text, "        expected:");
	while (!row->cells[last - 1].damaged)
		last--;
	for (size_t i = 0; i < last; i++) {
		md_text_char(text, ' ');
		if (row->cells[i].damaged)
			md_text_hex(text, row->cells[i].expected, 2);
		else
			md_text_put(text, "  ");
	}
	md_text_char(text, '\n');
}

unsigned md_hexdump_text(struct md_text *text, const struct md_hexdump *dump)
{
	size_t rows = md_hexdump_rows(dump);
	unsigned seen = 0;

	for (size_t i = 0; i < rows && !text->cut; i++) {
		enum md_color color = MD_PLAIN;
		struct md_hexdump_row row;

		md_hexdump_row(dump, i, &row);
		md_textf(text, "%s%p:", row.focus ? "=>" : "  ", row.addr);
		put_values(text, &row, &color);
		set_color(text, &color, MD_PLAIN);
		md_text_char(text, ' ');
		put_ascii(text, &row, &color);
		set_color(text, &color, MD_PLAIN);
		md_text_put(text, "  ");
		put_kinds(text, &row, &color);
		set_color(text, &color, MD_PLAIN);
		md_text_char(text, '\n');
		if (row.damaged && dump->expected)
			put_expected(text, &row);
		for (size_t k = 0; k < MD_HEXDUMP_ROW; k++)
			seen |= row.cells[k].present ? 1u << row.cells[k].mark : 0;
		seen |= row.damaged ? MD_HEXDUMP_SEEN_DAMAGE : 0;
	}
	return seen;
}

void md_hexdump_legend(struct md_text *text, unsigned seen)
{
	md_text_put(text, "Legend: | the kind of memory changes");
	if (seen & MD_HEXDUMP_SEEN_DAMAGE)
		md_text_put(text, ", [ ] bytes changed by somebody");
	md_text_char(text, '\n');
	for (unsigned mark = 0; mark < MARK_COUNT; mark++) {
		if (!(seen & 1u << mark))
			continue;
		size_t from = text->length;

		md_text_put(text, "  ");
		md_text_color(text, md_mark_color(mark));
		md_text_put(text, md_mark_name(mark));
		md_text_color(text, MD_PLAIN);
		md_text_pad(text, from, 12);
		md_textf(text, "%s\n", mark_table[mark].meaning);
	}
}
