/* SPDX-License-Identifier: MIT
 *
 * Pointers that are not the heap's, and calls that the heap cannot serve: boot memory, the C library's own blocks, threads that have
 * ended, and the mode in which everything is handed on.
 */
#ifndef MD_FOREIGN_H
#define MD_FOREIGN_H

#include "runtime/process.h"
#include "src/call.h"

/* Serves an allocation when md_entry_begin gave NULL. alignment is a power of two. NULL when there is no memory (errno is set by the
 * caller). */
void *md_foreign_allocate(enum md_api api, size_t size, size_t alignment, bool zero);

/* Frees when md_entry_begin gave NULL. */
void md_foreign_free_unattended(void *user, enum md_api api, size_t size, size_t alignment);

/* Bytes of a block when md_entry_begin gave NULL. */
size_t md_foreign_size_unattended(void *user);

/* realloc with a size above 0 when md_entry_begin gave NULL. */
void *md_foreign_resize_unattended(void *user, size_t size, enum md_api api);

/* A pointer for which md_heap_free answered MD_FREED_FOREIGN: boot memory is left alone, the C library's blocks are handed to it, the rest
 * becomes a finding. */
void md_foreign_free(struct md_thread *self, void *user, const struct md_call *call);

/* For fork: see lock.h. */
struct md_lock *md_foreign_orphan_lock(void);

/* The same for realloc. *result as of md_heap_resize; when the return value is true the block was the C library's or boot memory. */
bool md_foreign_resize(struct md_thread *self, void *user, size_t size, const struct md_call *call, void **result);

/* Bytes of such a block; 0, with a finding, if it is none. */
size_t md_foreign_usable_size(struct md_thread *self, void *user, const struct md_call *call);

#endif
