/* SPDX-License-Identifier: MIT
 *
 * Functions by symbol table. libdwfl's own search goes through the whole table for each address, and sorting it would take longer than a
 * report's few look-ups: symbols are put into buckets of equal address ranges, in two passes.
 *
 *   symbols:   | of bucket 0 | of bucket 1 | ...    in the table's order within a bucket
 *   buckets:   which symbols, and the highest end of these and all before: where a search backwards may stop
 *
 * Of several functions at an address the one wins that other files can see, then the one that begins last. Assembly code may have labels
 * without a size: one counts for what follows it in its section, up to the next function.
 */
#include "tools/symbol_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum {
	SYMBOLS_IN_BUCKET = 4, /* on average */
};

struct symbol {
	Dwarf_Addr begin, end; /* of a label: end of its section */
	const char *name;
	unsigned char rank; /* GLOBAL over WEAK over LOCAL */
	bool is_label;
};

struct bucket {
	Dwarf_Addr reach; /* highest end in this and all buckets before */
	size_t first, end;
};

struct md_symbol_table {
	Dwarf_Addr low; /* lowest begin */
	unsigned shift; /* a bucket's addresses: 1 << shift */
	size_t bucket_count;
	struct bucket *buckets;
	struct symbol *symbols;
	struct symbol *labels;
	size_t label_count;
};

static size_t bucket_of(const struct md_symbol_table *table, Dwarf_Addr addr)
{
	size_t bucket = (size_t)((addr - table->low) >> table->shift);

	return bucket < table->bucket_count ? bucket : table->bucket_count - 1;
}

/* End of the section a symbol is in; its begin if that is not known. */
static Dwarf_Addr find_section_end(Elf *elf, GElf_Word index, Dwarf_Addr begin, Dwarf_Addr bias)
{
	GElf_Shdr header;
	Elf_Scn *section = index < SHN_LORESERVE ? elf_getscn(elf, index) : NULL;

	if (!section || !gelf_getshdr(section, &header) || begin < header.sh_addr + bias || begin - header.sh_addr - bias >= header.sh_size)
		return begin;
	return header.sh_addr + bias + header.sh_size;
}

/* Reads symbol number `index`. False if it is none of a function. */
static bool read_symbol(Dwfl_Module *module, int index, struct symbol *symbol)
{
	GElf_Sym sym;
	GElf_Addr begin;
	GElf_Word section;
	Elf *elf;
	Dwarf_Addr bias;
	const char *name = dwfl_module_getsym_info(module, index, &sym, &begin, &section, &elf, &bias);

	if (!name || !*name || sym.st_shndx == SHN_UNDEF)
		return false;
	int type = GELF_ST_TYPE(sym.st_info), binding = GELF_ST_BIND(sym.st_info);
	if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
		return false;
	*symbol = (struct symbol){
		.begin = begin,
		.end = sym.st_size ? begin + sym.st_size : find_section_end(elf, section, begin, bias),
		.name = name,
		.rank = binding == STB_GLOBAL  ? 3
			: binding == STB_WEAK  ? 2
			: binding == STB_LOCAL ? 0
					       : 1,
		.is_label = sym.st_size == 0,
	};
	return symbol->end > begin;
}

/* Sorts `count` symbols into buckets. False when memory ends. */
static bool fill_buckets(struct md_symbol_table *table, const struct symbol *symbols, size_t count, Dwarf_Addr high)
{
	while ((high - table->low) >> table->shift > count / SYMBOLS_IN_BUCKET)
		table->shift++;
	table->bucket_count = (size_t)((high - table->low) >> table->shift) + 1;
	table->buckets = calloc(table->bucket_count, sizeof table->buckets[0]);
	table->symbols = malloc(count * sizeof table->symbols[0]);
	if (!table->buckets || !table->symbols)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct bucket *bucket = &table->buckets[bucket_of(table, symbols[i].begin)];

		bucket->end++; /* only counted for now */
		if (symbols[i].end > bucket->reach)
			bucket->reach = symbols[i].end;
	}
	Dwarf_Addr reach = 0;
	size_t first = 0;
	for (size_t i = 0; i < table->bucket_count; i++) {
		struct bucket *bucket = &table->buckets[i];

		bucket->first = first;
		first += bucket->end;
		bucket->end = bucket->first;
		reach = bucket->reach = bucket->reach > reach ? bucket->reach : reach;
	}
	for (size_t i = 0; i < count; i++)
		table->symbols[table->buckets[bucket_of(table, symbols[i].begin)].end++] = symbols[i];
	return true;
}

struct md_symbol_table *md_symbol_table_read(Dwfl_Module *module)
{
	int all = dwfl_module_getsymtab(module);
	struct md_symbol_table *table = calloc(1, sizeof *table);
	struct symbol *symbols = all > 0 ? malloc((size_t)all * sizeof symbols[0]) : NULL;
	size_t count = 0, label_count = 0;
	Dwarf_Addr high = 0;

	if (!table || !symbols) {
		free(symbols);
		free(table);
		return NULL;
	}
	table->low = (Dwarf_Addr)-1;
	/* Functions from the front, labels from the back. */
	for (int i = 1; i < all; i++) {
		struct symbol symbol;

		if (!read_symbol(module, i, &symbol))
			continue;
		if (symbol.is_label) {
			symbols[(size_t)all - ++label_count] = symbol;
			continue;
		}
		symbols[count++] = symbol;
		if (symbol.begin < table->low)
			table->low = symbol.begin;
		if (symbol.begin > high)
			high = symbol.begin;
	}
	table->labels = symbols + all - label_count;
	table->label_count = label_count;
	if (count > 0 && !fill_buckets(table, symbols, count, high))
		table->bucket_count = 0;
	return table;
}

/* Whether a is the better name of two functions at one address. */
static bool is_better(const struct symbol *a, const struct symbol *b)
{
	if ((a->rank == 0) != (b->rank == 0))
		return a->rank > 0;
	if (a->begin != b->begin)
		return a->begin > b->begin;
	return a->rank != b->rank ? a->rank > b->rank : a->end < b->end;
}

const char *md_symbol_table_find(const struct md_symbol_table *table, Dwarf_Addr addr)
{
	const struct symbol *best = NULL;
	Dwarf_Addr reach = 0; /* highest end of the functions that begin at addr or before */

	if (!table)
		return NULL;
	size_t i = table->bucket_count > 0 && addr >= table->low ? bucket_of(table, addr) + 1 : 0;
	for (bool first = true; i > 0; first = false) {
		const struct bucket *bucket = &table->buckets[--i];

		/* The bucket of addr itself has functions that begin after it. */
		if (!first && bucket->reach > reach)
			reach = bucket->reach;
		if (!first && bucket->reach <= addr)
			break;
		for (size_t at = bucket->first; at < bucket->end; at++) {
			const struct symbol *symbol = &table->symbols[at];

			if (symbol->begin > addr)
				continue;
			if (symbol->end > reach)
				reach = symbol->end;
			if (symbol->end > addr && (!best || is_better(symbol, best)))
				best = symbol;
		}
	}
	if (best)
		return best->name;
	for (i = 0; i < table->label_count; i++) {
		const struct symbol *label = &table->labels[i];

		if (label->begin <= addr && label->end > addr && label->begin >= reach && (!best || label->begin > best->begin))
			best = label;
	}
	return best ? best->name : NULL;
}
