/* SPDX-License-Identifier: MIT
 *
 * Calls, as the start of the process sees them.
 */
#ifndef MD_CALLS_START_H
#define MD_CALLS_START_H

#include <stdbool.h>

/* See calls_real.h. First of all in our constructor: the library's own copying goes the same way. */
bool md_calls_resolve(void);

/* From now on every wrapper jumps to the real function at once. Constructor only, after md_calls_resolve: we stand back. */
void md_calls_stand_back(void);

/* The same, but for those of calls_process.def, which go on to open guard pages. Likewise: the option calls is off. */
void md_calls_switch_off(void);

#endif
