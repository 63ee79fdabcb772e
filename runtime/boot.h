/* SPDX-License-Identifier: MIT
 *
 * Boot memory: serves calls that the heap cannot: before our constructor has run (the loader, dlsym, constructors of others), inside our
 * own calls (a signal handler that allocates, libunwind's first initialisation), and in threads that have ended already.
 *
 * Blocks come one after the other from a static buffer and then from mappings; they carry their size in front, and are never reused, so
 * their pointers are accepted for ever. They have no red zones and no history.
 *
 * Locking   none: one atomic add. Async-signal-safe.
 */
#ifndef MD_BOOT_H
#define MD_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed memory, or NULL. alignment is a power of two. */
void *md_boot_allocate(size_t bytes, size_t alignment);

/* True if the pointer came from md_boot_allocate. */
bool md_boot_owns(const void *pointer);

/* The i-th range that blocks come from; false after the last. */
bool md_boot_range(unsigned i, uintptr_t *begin, uintptr_t *end);

/* Bytes asked for; the pointer must be one of ours. */
size_t md_boot_size(const void *pointer);

#endif
