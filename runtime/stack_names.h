/* SPDX-License-Identifier: MIT
 *
 * The names in the options guard_stacks and fail_stack that are functions: those that the program or its libraries export.
 */
#ifndef MD_STACK_NAMES_H
#define MD_STACK_NAMES_H

/* Tells the heap's filters where they are. Once, when the libraries of the program are there: asks the loader. The rest of these lists is
 * the heap's own business (src/stack_filter.h). */
void md_stack_names_find(void);

#endif
