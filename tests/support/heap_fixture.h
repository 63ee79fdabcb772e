/* SPDX-License-Identifier: MIT
 *
 * A heap of a test's own, with the options that are in force by default, and the calls of the malloc family on it in a few words. Knows
 * nothing of a test framework: units and thread tests share it.
 */
#ifndef HEAP_FIXTURE_H
#define HEAP_FIXTURE_H

#include "src/heap.h"
#include "src/options.h"

static inline struct md_heap_config heap_config_default(void)
{
	static struct md_options options;

	md_options_init(&options);
	return (struct md_heap_config){
		.redzone = options.redzone,
		.fill_alloc = options.fill_alloc,
		.fill_free = options.fill_free,
		.fill_alloc_byte = (unsigned char)options.fill_alloc_byte,
		.fill_free_byte = (unsigned char)options.fill_free_byte,
		.quarantine = options.quarantine,
		.history = options.history,
		.realloc_move = options.realloc_move,
		.max_alloc = options.max_alloc,
		.mismatch = options.mismatch,
		.guard = { .budget_bytes = options.guard_budget, .size_max = options.guard_max },
	};
}

static inline void *heap_malloc(struct md_heap *heap, struct md_thread *thread, size_t size)
{
	struct md_call call = { .api = MD_API_MALLOC, .size = size };

	return md_heap_allocate(heap, thread, size, MD_ALIGNMENT, false, &call);
}

static inline void *heap_calloc(struct md_heap *heap, struct md_thread *thread, size_t size)
{
	struct md_call call = { .api = MD_API_CALLOC, .size = size };

	return md_heap_allocate(heap, thread, size, MD_ALIGNMENT, true, &call);
}

static inline void *heap_memalign(struct md_heap *heap, struct md_thread *thread, size_t alignment, size_t size)
{
	struct md_call call = { .api = MD_API_MEMALIGN, .size = size, .alignment = alignment };

	return md_heap_allocate(heap, thread, size, alignment, false, &call);
}

static inline enum md_freed heap_free(struct md_heap *heap, struct md_thread *thread, void *pointer)
{
	struct md_call call = { .api = MD_API_FREE };

	return md_heap_free(heap, thread, pointer, &call);
}

/* NULL too when the pointer was refused. */
static inline void *heap_realloc(struct md_heap *heap, struct md_thread *thread, void *pointer, size_t size)
{
	struct md_call call = { .api = MD_API_REALLOC, .size = size };
	void *result;

	return md_heap_resize(heap, thread, pointer, size, &call, &result) == MD_FREED ? result : NULL;
}

/* Empties quarantine and caches of the thread. True if findings are left to look at. */
static inline bool heap_purge(struct md_heap *heap, struct md_thread *thread)
{
	bool more = md_heap_purge_thread(heap, thread, false);

	if (!more)
		md_zones_release_empty(&heap->zones);
	return more || thread->findings.count;
}

#endif
