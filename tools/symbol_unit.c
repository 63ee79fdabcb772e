/* SPDX-License-Identifier: MIT
 *
 * Which unit of debug information, and which function of it, an address lies in. libdw scans a unit's tree from its top for each address,
 * and for the parents of each DIE, and knows units only by .debug_aranges, which clang does not write. Here are sorted tables instead, each
 * made when first needed:
 *
 *   units by .debug_aranges;
 *   if those do not know an address, units by their own ranges, for which all must be visited (the C library has 2000);
 *   functions of a unit, by address;
 *   containers of a C++ unit: namespaces, classes, functions and blocks, by offset; one's parents come before it.
 */
#include "tools/symbol_unit.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "tools/symbol_answer.h"

enum {
	TREE_DEPTH_MAX = 64,   /* namespaces, classes and blocks inside each other */
	START_CODE_BYTES = 64, /* more than a C library's _start has */
};

#define NO_OFFSET ((Dwarf_Off)-1) /* the unit was not looked for by its offset */
#define NO_CONTAINER ((size_t)-1)

struct range {
	Dwarf_Addr low, high;
	Dwarf_Addr reach; /* highest `high` of this row and all before it: where a search backwards may stop */
	size_t item;      /* of the unit or function: index or offset */
};

/* What others are inside of. */
struct container {
	Dwarf_Die die;
	Dwarf_Off offset, end; /* of what is inside */
	size_t parent;
};

struct md_symbol_units {
	Dwarf *libdw;
	Dwarf_Addr entry;               /* where the program starts; 0: not a program */
	struct md_symbol_ranges listed; /* .debug_aranges; items are offsets of units in .debug_info */
	struct md_symbol_unit **units;
	size_t unit_count, unit_room;
	struct md_symbol_ranges unit_ranges; /* items are indexes of units */
	bool all_listed;                     /* unit_ranges has all units, not only those that were asked for */
};

/* --- Range tables --------------------------------------------------------- */

/* Makes room for one more item of an array. False when memory ends: what was found so far must do. */
static bool grow(void **items, size_t count, size_t *room, size_t item_bytes)
{
	if (count < *room)
		return true;
	size_t wanted = *room ? *room * 2 : 64;
	void *moved = reallocarray(*items, wanted, item_bytes);
	if (!moved)
		return false;
	*items = moved;
	*room = wanted;
	return true;
}

/* Adds the ranges of a DIE as item number `item`. */
static void add_ranges(struct md_symbol_ranges *table, Dwarf_Die *die, size_t item)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t offset = 0;

	while ((offset = dwarf_ranges(die, offset, &base, &low, &high)) > 0) {
		if (low >= high)
			continue;
		if (!grow((void **)&table->rows, table->count, &table->room, sizeof table->rows[0]))
			return;
		table->rows[table->count++] = (struct range){ .low = low, .high = high, .item = item };
	}
}

static int compare_ranges(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	return a->high != b->high ? (a->high > b->high ? -1 : 1) : 0; /* the wider first: a search backwards meets the narrower one */
}

static void sort_ranges(struct md_symbol_ranges *table)
{
	Dwarf_Addr reach = 0;

	if (table->count)
		qsort(table->rows, table->count, sizeof table->rows[0], compare_ranges);
	for (size_t i = 0; i < table->count; i++) {
		if (table->rows[i].high > reach)
			reach = table->rows[i].high;
		table->rows[i].reach = reach;
	}
}

/* The range that contains addr and begins last, or NULL. */
static const struct range *find_range(const struct md_symbol_ranges *table, Dwarf_Addr addr)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->rows[middle].low <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	while (low > 0 && table->rows[low - 1].reach > addr) {
		low--;
		if (table->rows[low].high > addr)
			return &table->rows[low];
	}
	return NULL;
}

/* --- Units and functions -------------------------------------------------- */

/* Bounds-checked reading of .debug_aranges. */
struct bytes {
	const unsigned char *at;
	size_t left;
};

/* The next number of `size` bytes; 0, and nothing left, if there are not so many. */
static uint64_t take(struct bytes *bytes, size_t size)
{
	uint64_t value = 0;

	if (size > sizeof value || size > bytes->left) {
		bytes->left = 0;
		return 0;
	}
	memcpy(&value, bytes->at, size); /* only machines whose first byte is the lowest are supported */
	bytes->at += size;
	bytes->left -= size;
	return value;
}

/* One set: the ranges of one unit. */
static void list_set(struct md_symbol_ranges *table, struct bytes set, const unsigned char *begin, size_t offset_bytes)
{
	uint64_t version = take(&set, 2), unit = take(&set, offset_bytes);
	uint64_t address_bytes = take(&set, 1), segment_bytes = take(&set, 1);

	if (version != 2 || segment_bytes != 0 || (address_bytes != 4 && address_bytes != 8))
		return;
	size_t row_bytes = 2 * (size_t)address_bytes, used = (size_t)(set.at - begin);
	size_t padding = (row_bytes - used % row_bytes) % row_bytes;
	if (padding > set.left)
		return;
	set.at += padding;
	set.left -= padding;
	while (set.left >= row_bytes) {
		uint64_t low = take(&set, address_bytes), length = take(&set, address_bytes);

		if (length == 0 || low + length < low)
			continue; /* the end; or a function that the linker left out */
		if (!grow((void **)&table->rows, table->count, &table->room, sizeof table->rows[0]))
			return;
		table->rows[table->count++] = (struct range){ .low = low, .high = low + length, .item = unit };
	}
}

/* Reads .debug_aranges directly: libdw's reader visits each unit named there, and thereby all of .debug_info. */
static void list_ranges(struct md_symbol_units *units)
{
	Elf *elf = dwarf_getelf(units->libdw);
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) != 0)
		return;
	while ((section = elf_nextscn(elf, section))) {
		const char *name = gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;

		if (name && strcmp(name, ".debug_aranges") == 0 && header.sh_type != SHT_NOBITS && !(header.sh_flags & SHF_COMPRESSED))
			break;
	}
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	struct bytes bytes = { .at = data ? data->d_buf : NULL, .left = data && data->d_buf ? data->d_size : 0 };
	while (bytes.left > 0) {
		const unsigned char *begin = bytes.at;
		size_t offset_bytes = 4;
		uint64_t length = take(&bytes, 4);

		if (length == 0xffffffff) {
			offset_bytes = 8;
			length = take(&bytes, 8);
		}
		if (length == 0 || length > bytes.left)
			break; /* damaged */
		list_set(&units->listed, (struct bytes){ bytes.at, length }, begin, offset_bytes);
		bytes.at += length;
		bytes.left -= length;
	}
	sort_ranges(&units->listed);
}

struct md_symbol_units *md_symbol_units_open(Dwarf *libdw, Dwarf_Addr entry)
{
	struct md_symbol_units *units = calloc(1, sizeof *units);

	if (!units)
		return NULL;
	units->libdw = libdw;
	units->entry = entry;
	list_ranges(units);
	return units;
}

/* Adds a unit; NULL if it has no code or memory ends. */
static struct md_symbol_unit *add_unit(struct md_symbol_units *units, Dwarf_Off offset, uint8_t type, Dwarf_Die die, Dwarf_Die split)
{
	if (type != DW_UT_compile && type != DW_UT_skeleton)
		return NULL; /* types and shared pieces have no addresses */
	if (!grow((void **)&units->units, units->unit_count, &units->unit_room, sizeof units->units[0]))
		return NULL;
	struct md_symbol_unit *unit = calloc(1, sizeof *unit);
	if (!unit)
		return NULL;
	unit->offset = offset;
	unit->line_die = die;
	unit->tree = type == DW_UT_skeleton && split.addr ? split : die;
	units->units[units->unit_count++] = unit;
	return unit;
}

/* The unit at an offset of .debug_info, or NULL. */
static struct md_symbol_unit *open_unit(struct md_symbol_units *units, Dwarf_Off offset)
{
	Dwarf_Off next;
	size_t header_bytes;
	Dwarf_Die first, die, split;
	uint8_t type;

	for (size_t i = 0; i < units->unit_count; i++) {
		if (units->units[i]->offset == offset)
			return units->units[i];
	}
	if (dwarf_next_unit(units->libdw, offset, &next, &header_bytes, NULL, NULL, NULL, NULL, NULL, NULL) != 0 ||
		!dwarf_offdie(units->libdw, offset + header_bytes, &first) ||
		dwarf_cu_info(first.cu, NULL, &type, &die, &split, NULL, NULL, NULL) != 0)
		return NULL;
	return add_unit(units, offset, type, die, split);
}

/* Visits all units for their ranges. */
static void list_units(struct md_symbol_units *units)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die, split;
	uint8_t type;

	while (dwarf_get_units(units->libdw, cu, &cu, NULL, &type, &die, &split) == 0) {
		if (add_unit(units, NO_OFFSET, type, die, split))
			add_ranges(&units->unit_ranges, &die, units->unit_count - 1);
	}
	sort_ranges(&units->unit_ranges);
}

/* Whether names of the unit have namespaces. */
static bool is_cxx(struct md_symbol_unit *unit)
{
	switch (dwarf_srclang(&unit->tree)) {
	case DW_LANG_C_plus_plus:
	case DW_LANG_C_plus_plus_03:
	case DW_LANG_C_plus_plus_11:
	case DW_LANG_C_plus_plus_14:
		return true; /* what compilers write for later standards too, up to DWARF 5 */
	default:
		return false;
	}
}

/* Remembers a DIE that others are inside. Returns its number; that of its parent when memory ends. */
static size_t add_container(struct md_symbol_unit *unit, size_t parent, Dwarf_Die *die)
{
	if (!grow((void **)&unit->containers, unit->container_count, &unit->container_room, sizeof unit->containers[0]))
		return parent;
	unit->containers[unit->container_count] = (struct container){ .die = *die, .offset = dwarf_dieoffset(die), .parent = parent };
	return unit->container_count++;
}

/* Collects the functions below a DIE that have code, and what they are inside of. */
static void list_functions(struct md_symbol_unit *unit, Dwarf_Die *above, size_t parent, unsigned depth)
{
	Dwarf_Die die;
	size_t last = NO_CONTAINER;

	if (depth > TREE_DEPTH_MAX || dwarf_child(above, &die) != 0)
		return;
	do {
		if (last != NO_CONTAINER)
			unit->containers[last].end = dwarf_dieoffset(&die);
		last = NO_CONTAINER;
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			if (dwarf_hasattr(&die, DW_AT_low_pc) || dwarf_hasattr(&die, DW_AT_ranges)) {
				if (!grow((void **)&unit->functions, unit->function_count, &unit->function_room, sizeof unit->functions[0]))
					return;
				unit->functions[unit->function_count] = die;
				add_ranges(&unit->function_ranges, &die, unit->function_count++);
			}
			__attribute__((fallthrough)); /* local classes have methods, and GNU C has functions inside functions */
		case DW_TAG_lexical_block:
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_union_type: {
			size_t known = unit->container_count, self = unit->is_cxx ? add_container(unit, parent, &die) : parent;

			if (unit->container_count > known)
				last = self;
			list_functions(unit, &die, self, depth + 1);
			break;
		}
		default:
			break;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
}

/* The last one inside another ends where that ends. */
static void end_containers(struct md_symbol_unit *unit)
{
	for (size_t i = 0; i < unit->container_count; i++) {
		struct container *container = &unit->containers[i];

		if (container->end == 0)
			container->end = container->parent == NO_CONTAINER ? NO_OFFSET : unit->containers[container->parent].end;
	}
}

/* Lists what is in a unit, once. */
static void index_unit(struct md_symbol_unit *unit)
{
	if (unit->indexed)
		return;
	unit->indexed = true;
	unit->is_cxx |= is_cxx(unit);
	list_functions(unit, &unit->tree, NO_CONTAINER, 0);
	end_containers(unit);
	sort_ranges(&unit->function_ranges);
}

/* The unit that a C++ DIE is of; another than the one that refers to it where a program is optimised as a whole or shares pieces. */
static struct md_symbol_unit *open_owner(struct md_symbol_units *units, Dwarf_Die *die)
{
	Dwarf_Die top;

	for (size_t i = 0; i < units->unit_count; i++) {
		if (units->units[i]->tree.cu == die->cu)
			return units->units[i];
	}
	if (dwarf_cu_info(die->cu, NULL, NULL, &top, NULL, NULL, NULL, NULL) != 0)
		return NULL;
	struct md_symbol_unit *unit = add_unit(units, NO_OFFSET, DW_UT_compile, top, top);
	if (unit)
		unit->is_cxx = true; /* shared pieces do not say so */
	return unit;
}

size_t md_symbol_unit_parents(struct md_symbol_units *units, Dwarf_Die *die, Dwarf_Die *parents, size_t parents_max)
{
	struct md_symbol_unit *unit = open_owner(units, die);
	Dwarf_Off offset = dwarf_dieoffset(die);

	if (!unit)
		return 0;
	index_unit(unit);
	size_t low = 0, high = unit->container_count, count = 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (unit->containers[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t at = low - 1; at != NO_CONTAINER && count < parents_max; at = unit->containers[at].parent) {
		if (unit->containers[at].end > offset)
			parents[count++] = unit->containers[at].die;
	}
	return count;
}

struct md_symbol_unit *md_symbol_unit_find(struct md_symbol_units *units, Dwarf_Addr addr)
{
	const struct range *range = find_range(&units->listed, addr);
	struct md_symbol_unit *unit = range ? open_unit(units, range->item) : NULL;

	/* Each stack ends in the C library's start code, which mostly has no debug information: not worth a visit to all units. */
	if (!unit && units->listed.count > 0 && addr >= units->entry && addr - units->entry < START_CODE_BYTES)
		return NULL;
	if (!unit) {
		if (!units->all_listed)
			list_units(units);
		units->all_listed = true;
		range = find_range(&units->unit_ranges, addr);
		unit = range ? units->units[range->item] : NULL;
	}
	if (unit)
		index_unit(unit);
	return unit;
}

size_t md_symbol_unit_scopes(struct md_symbol_unit *unit, Dwarf_Addr addr, Dwarf_Die *scopes)
{
	const struct range *range = find_range(&unit->function_ranges, addr);
	size_t count = 0;

	if (!range)
		return 0;
	Dwarf_Die die = unit->functions[range->item], child;
	scopes[count++] = die;
	/* Each turn goes one level down, to the one child that contains addr. */
	for (unsigned depth = 0; depth < 4 * MD_SYMBOL_SCOPES_MAX && dwarf_child(&die, &child) == 0; depth++) {
		bool found = false;

		do {
			int tag = dwarf_tag(&child);

			found = (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block || tag == DW_TAG_try_block ||
					tag == DW_TAG_catch_block) &&
				dwarf_haspc(&child, addr) == 1;
		} while (!found && dwarf_siblingof(&child, &child) == 0);
		if (!found)
			break;
		die = child;
		if (dwarf_tag(&die) == DW_TAG_inlined_subroutine) {
			if (count == MD_SYMBOL_SCOPES_MAX)
				break;
			scopes[count++] = die;
		}
	}
	return count;
}
