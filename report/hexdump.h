/* SPDX-License-Identifier: MIT
 *
 * Hexdump: real bytes, 16 a row, each marked by what it is to the allocator.
 *
 *     0x7f2a4c001000: 9c 1d 2e 7b 3f 11 80 c6 9c 1d 2e 7b 3f 11 80 c6  ...{?......{?...  red zone
 *   =>0x7f2a4c001010: 68 65 6c 6c 6f 20 77 6f 72 6c|2e 7b 3f[41]80 c6  hello worl.{?A..  10 user, 6 slack
 *           expected:                                       11
 *
 * Everything is told without colour too: `|` stands where the kind of memory changes, [ ] around changed bytes, -- for bytes that cannot be
 * read, and the row's kinds, with their counts, at its end. Colour only repeats it.
 *
 * Classifying and painting are apart: md_hexdump_row says what each cell of a row is, for text here and for other formats elsewhere.
 *
 * Allocation and signal safety   none, and async-signal-safe. Only the arrays passed are read, never the addresses named.
 */
#ifndef MD_HEXDUMP_H
#define MD_HEXDUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/text.h"
#include "src/finding.h"

#define MD_HEXDUMP_ROW 16

/* Memory to show: a copy of `bytes` bytes from begin, any address. */
struct md_hexdump {
	uintptr_t begin;
	size_t bytes;
	const unsigned char *data;
	const unsigned char *marks;    /* enum md_mark of each byte, MD_MARK_DAMAGED or-ed in; NULL: all MD_MARK_OTHER */
	const unsigned char *expected; /* what should stand where MD_MARK_DAMAGED is set; NULL: not known */
	uintptr_t focus;               /* its row is marked with =>; 0: none */
};

struct md_hexdump_cell {
	bool present;  /* false: before the first or after the last byte of the dump */
	bool readable; /* false: there is no value */
	bool damaged;
	unsigned char value;
	unsigned char expected; /* if damaged, and expected bytes were given */
	enum md_mark mark;      /* without MD_MARK_DAMAGED */
	char before;            /* what stands between the cell and the one to its left: ' ', '|', '[' or ']' */
};

struct md_hexdump_row {
	uintptr_t addr; /* of the first cell; a multiple of 16 */
	bool focus;
	bool damaged; /* some cell is */
	char after;   /* what stands after the last cell: ' ' or ']' */
	struct md_hexdump_cell cells[MD_HEXDUMP_ROW];
};

/* "red zone", "user", ...; MD_MARK_DAMAGED is ignored. */
const char *md_mark_name(unsigned mark);

/* The colour that stands for a mark in hexdumps and pictures. */
enum md_color md_mark_color(unsigned mark);

/* How many rows a dump has. */
size_t md_hexdump_rows(const struct md_hexdump *dump);

/* What row `index` (from 0) consists of. */
void md_hexdump_row(const struct md_hexdump *dump, size_t index, struct md_hexdump_row *row);

/* Prints all rows. Returns which marks occurred, as bits 1 << mark, and bit MD_HEXDUMP_SEEN_DAMAGE: what the legend has to explain. */
#define MD_HEXDUMP_SEEN_DAMAGE (1u << 16)
#define MD_HEXDUMP_SEEN_ALL (MD_HEXDUMP_SEEN_DAMAGE | 0xffu)
unsigned md_hexdump_text(struct md_text *text, const struct md_hexdump *dump);

/* Prints what the signs mean, as far as they were seen. */
void md_hexdump_legend(struct md_text *text, unsigned seen);

#endif
