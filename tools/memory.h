/* SPDX-License-Identifier: MIT
 *
 * Memory for the command, which can do nothing sensible without: what cannot be had ends the process with a message and MD_EXIT_TROUBLE.
 */
#ifndef MD_MEMORY_H
#define MD_MEMORY_H

#include <stddef.h>

/* Zeroed. For free(). */
void *md_memory_new(size_t count, size_t bytes);
/* As reallocarray. */
void *md_memory_resize(void *memory, size_t count, size_t bytes);
/* A copy, with a NUL behind it. */
char *md_memory_copy(const char *text, size_t bytes);
/* As asprintf. */
__attribute__((format(printf, 1, 2))) char *md_memory_print(const char *format, ...);

#endif
