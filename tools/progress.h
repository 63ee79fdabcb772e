/* SPDX-License-Identifier: MIT
 *
 * A line that says how far long work has come: on standard error, if that is a terminal, from the second second on.
 */
#ifndef MD_PROGRESS_H
#define MD_PROGRESS_H

/* Shows the text, four times a second at most. Cheap enough to be called for every line of input. */
__attribute__((format(printf, 1, 2))) void md_progress(const char *format, ...);

/* Takes the line away; before anything else is written there. */
void md_progress_end(void);

#endif
