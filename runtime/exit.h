/* SPDX-License-Identifier: MIT
 *
 * Exit: the last look at the heap, after all destructors of the program and its libraries.
 */
#ifndef MD_EXIT_H
#define MD_EXIT_H

/* Constructor only: registers first, so that it runs last. */
void md_exit_init(void);

#endif
