/* SPDX-License-Identifier: MIT
 *
 * Units and functions of one file's debug information, found by address.
 *
 * Files may be crafted: loops are bounded, and what cannot be read is not found. Everything stays for the process's life.
 */
#ifndef MD_SYMBOL_UNIT_H
#define MD_SYMBOL_UNIT_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>

struct md_symbol_units;

/* Address ranges, sorted by low once complete. Ranges may overlap: functions folded by the linker, functions inside functions. */
struct md_symbol_ranges {
	struct range *rows;
	size_t count, room;
};

struct md_symbol_unit {
	Dwarf_Die line_die; /* owns the line table */
	Dwarf_Die tree;     /* owns the functions; another one only in split DWARF */
	bool is_cxx;        /* its names have namespaces */

	/* for symbol_unit.c */
	Dwarf_Off offset; /* in .debug_info */
	bool indexed;
	Dwarf_Die *functions;
	size_t function_count, function_room;
	struct md_symbol_ranges function_ranges;
	struct container *containers;
	size_t container_count, container_room;
};

/* libdw stays the caller's and must live on. entry: address where the program starts, 0 for none. NULL when memory ends. */
struct md_symbol_units *md_symbol_units_open(Dwarf *libdw, Dwarf_Addr entry);

/* The unit that the code at addr (as the file counts) is of, or NULL. */
struct md_symbol_unit *md_symbol_unit_find(struct md_symbol_units *units, Dwarf_Addr addr);

/* Fills scopes (room for MD_SYMBOL_SCOPES_MAX) with the function at addr and those inlined there, outermost first. Returns how many. */
size_t md_symbol_unit_scopes(struct md_symbol_unit *unit, Dwarf_Addr addr, Dwarf_Die *scopes);

/* Fills parents with the DIEs that contain a C++ unit's die, innermost first, as many as parents_max. Returns how many. */
size_t md_symbol_unit_parents(struct md_symbol_units *units, Dwarf_Die *die, Dwarf_Die *parents, size_t parents_max);

#endif
