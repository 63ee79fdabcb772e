/* SPDX-License-Identifier: MIT
 *
 * Functions, files and lines at addresses, from one file's debug information.
 */
#ifndef MD_SYMBOL_DWARF_H
#define MD_SYMBOL_DWARF_H

#include <elfutils/libdw.h>
#include <stdbool.h>

#include "tools/symbol_answer.h"
#include "tools/symbol_unit.h"

/* What the symbol table may know better, of the last entry: the function that is really there. */
struct md_symbol_doubt {
	bool has_no_function; /* no name was found */
	bool may_be_lambda;   /* a C++ symbol with arguments is better than the name */
};

/* Adds entries for the code at addr (as the file counts) to the empty answer; none if nothing is known. */
void md_symbol_dwarf_name(struct md_symbol_units *units, Dwarf_Addr addr, struct md_symbol_answer *answer, struct md_symbol_doubt *doubt);

#endif
