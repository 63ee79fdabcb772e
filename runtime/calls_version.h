/* SPDX-License-Identifier: MIT
 *
 * Which version of a function a module asks for. Only asked when there is something to report.
 */
#ifndef MD_CALLS_VERSION_H
#define MD_CALLS_VERSION_H

#include <stdbool.h>
#include <stdint.h>

/* True if the code at pc may call that function with ranges that overlap: its module imports memcpy of a version before 2.14, which was
 * memmove. */
bool md_calls_may_overlap(const char *function, uintptr_t pc);

#endif
