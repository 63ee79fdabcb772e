/* SPDX-License-Identifier: MIT
 *
 * Whose operators new and delete the program uses, and when a mismatch of families is nobody's mistake.
 */
#ifndef MD_CXX_H
#define MD_CXX_H

#include <stdbool.h>
#include <stdint.h>

/* True if the program, or a library before us, defines one of the operators. Constructor only: asks the loader. */
bool md_cxx_is_replaced(void);

/* True if the module at addr has operators of its own that the loader does not see (a C++ library linked into it, hidden or bound to itself). Its new then
 * looks like malloc to us, or its delete like free, and a mismatch says nothing. Reads the module's symbol tables and constants. */
bool md_cxx_has_own_operators(uintptr_t addr);

#endif
