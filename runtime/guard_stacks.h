/* SPDX-License-Identifier: MIT
 *
 * The names in the option guard_stacks that are functions: those that the program or its libraries export.
 */
#ifndef MD_GUARD_STACKS_H
#define MD_GUARD_STACKS_H

/* Tells the heap where they are. Once, when the libraries of the program are there: asks the loader. Patterns for modules are the heap's own business. */
void md_guard_stacks_init(void);

#endif
