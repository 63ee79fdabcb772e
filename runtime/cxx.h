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

/* Whose operators the code of a module calls. */
enum md_cxx_binding {
	MD_CXX_UNKNOWN, /* it asks the loader for none: C, or C++ with hidden operators that nothing gives away */
	MD_CXX_LOADERS, /* those that the loader finds for it */
	MD_CXX_OWN      /* its own (a C++ library linked into it, hidden or bound to itself): its new looks like malloc to us, its delete like free */
};

/* For the module at addr. Reads the module's symbol tables and constants. */
enum md_cxx_binding md_cxx_binding(uintptr_t addr);

#endif
