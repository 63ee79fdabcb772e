/* SPDX-License-Identifier: MIT
 *
 * Functions by symbol table: of the file, or of its debug file where that has the fuller one.
 */
#ifndef MD_SYMBOL_TABLE_H
#define MD_SYMBOL_TABLE_H

#include <elfutils/libdwfl.h>

struct md_symbol_table;

/* Reads the module's functions. NULL if there are none or memory ends; the result stays for the process's life. */
struct md_symbol_table *md_symbol_table_read(Dwfl_Module *module);

/* Name of the function at addr (as libdwfl counts), as the linker knows it; NULL if none is known. table may be NULL. */
const char *md_symbol_table_find(const struct md_symbol_table *table, Dwarf_Addr addr);

#endif
