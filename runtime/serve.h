/* SPDX-License-Identifier: MIT
 *
 * What all allocating and all freeing entries have in common. Inlined into each of them, because the stack begins with the frame of the
 * entry itself.
 */
#ifndef MD_SERVE_H
#define MD_SERVE_H

#include "runtime/entry.h"
#include "runtime/foreign.h"
#include "runtime/unwind.h"
#include "src/prefetch.h"

/* A block of size bytes for a call that asked for `asked` of them (pvalloc rounds up), or NULL; errno is the entry's business. */
static inline __attribute__((always_inline)) void *md_serve_allocate(enum md_api api, size_t asked, size_t size, size_t alignment, bool zero,
	size_t asked_alignment)
{
	struct md_thread *self = md_entry_begin();

	if (md_unlikely(!self))
		return md_foreign_allocate(api, size, alignment, zero);
	struct md_call call = { .api = api, .stack = md_capture(self), .size = asked, .alignment = asked_alignment };
	void *user = md_heap_allocate(&md_process.heap, self, size, alignment, zero, &call);

	return md_entry_end_block(self, user);
}

/* size and alignment: as the caller claims, or 0. */
static inline __attribute__((always_inline)) void md_serve_free(enum md_api api, void *user, size_t size, size_t alignment)
{
	if (!user)
		return;
	struct md_thread *self = md_entry_begin();

	if (md_unlikely(!self)) {
		md_foreign_free_unattended(user, api, size, alignment);
		return;
	}
	struct md_zone *zone = md_prefetch_free(&md_process.heap, (uintptr_t)user);
	struct md_call call = { .api = api, .stack = md_capture(self), .size = size, .alignment = alignment };

	if (md_likely(zone != NULL))
		md_heap_free_in(&md_process.heap, self, zone, (uintptr_t)user, &call);
	else
		md_foreign_free(self, user, &call);
	md_entry_end(self);
}

#endif
