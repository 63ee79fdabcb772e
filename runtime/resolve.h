/* SPDX-License-Identifier: MIT
 *
 * Whose definition of a name the program uses.
 */
#ifndef MD_RESOLVE_H
#define MD_RESOLVE_H

#include <stdbool.h>

/* True if a call of that name from the program comes to `ours`. Constructor only: asks the loader. */
bool md_resolves_to(const char *name, const void *ours);

#endif
