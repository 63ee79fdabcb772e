/* SPDX-License-Identifier: MIT
 *
 * The sanitizers' questions to their allocator (<sanitizer/allocator_interface.h>), answered for this heap.
 *
 * What they mean   sizes are those asked for; "heap size" is address space of zones and free runs, of which "free" and "unmapped" bytes are
 *                  parts. An address in a block that is held back, or in no block, is not owned.
 * Where we stand back, a sanitizer's functions of the same names are called: its program has its own allocator.
 */
#include <dlfcn.h>
#include <stddef.h>

#define MALLOC_DEBUG_LIBRARY
#include "include/malloc_debug.h"
#include "runtime/entry.h"
#include "src/inspect.h"

MD_EXPORT int __sanitizer_get_ownership(const volatile void *pointer);
MD_EXPORT size_t __sanitizer_get_allocated_size(const volatile void *pointer);
MD_EXPORT size_t __sanitizer_get_allocated_size_fast(const volatile void *pointer);
MD_EXPORT const void *__sanitizer_get_allocated_begin(const void *pointer);
MD_EXPORT size_t __sanitizer_get_estimated_allocated_size(size_t size);
MD_EXPORT size_t __sanitizer_get_current_allocated_bytes(void);
MD_EXPORT size_t __sanitizer_get_heap_size(void);
MD_EXPORT size_t __sanitizer_get_free_bytes(void);
MD_EXPORT size_t __sanitizer_get_unmapped_bytes(void);
MD_EXPORT void __sanitizer_purge_allocator(void);

/* The definition behind ours, while we stand back; else NULL. */
#define NEXT(name) (md_mode_is(MD_MODE_PASS) ? (__typeof__(&name))dlsym(RTLD_NEXT, #name) : NULL)

/* The live block that has the address; false if none has. */
static bool find_block(const volatile void *pointer, struct md_block_view *block)
{
	struct md_thread *self = md_entry_begin();
	uintptr_t addr = (uintptr_t)pointer;

	if (!self)
		return false;
	md_inspect_address(&md_process.heap, addr, block);
	md_entry_end(self);
	return block->valid && block->state == MD_BLOCK_LIVE && addr >= block->user && addr < block->user + (block->size ? block->size : 1);
}

static struct md_heap_totals take_totals(void)
{
	struct md_thread *self = md_entry_begin();
	struct md_heap_totals totals = { 0 };

	if (self) {
		md_inspect_totals(&md_process.heap, &totals);
		md_entry_end(self);
	}
	return totals;
}

int __sanitizer_get_ownership(const volatile void *pointer)
{
	__typeof__(&__sanitizer_get_ownership) next = NEXT(__sanitizer_get_ownership);
	struct md_block_view block;

	return next ? next(pointer) : find_block(pointer, &block) && block.user == (uintptr_t)pointer;
}

size_t __sanitizer_get_allocated_size(const volatile void *pointer)
{
	__typeof__(&__sanitizer_get_allocated_size) next = NEXT(__sanitizer_get_allocated_size);
	struct md_block_view block;

	if (next)
		return next(pointer);
	return find_block(pointer, &block) && block.user == (uintptr_t)pointer ? block.size : 0;
}

size_t __sanitizer_get_allocated_size_fast(const volatile void *pointer)
{
	__typeof__(&__sanitizer_get_allocated_size_fast) next = NEXT(__sanitizer_get_allocated_size_fast);

	return next ? next(pointer) : __sanitizer_get_allocated_size(pointer);
}

const void *__sanitizer_get_allocated_begin(const void *pointer)
{
	__typeof__(&__sanitizer_get_allocated_begin) next = NEXT(__sanitizer_get_allocated_begin);
	struct md_block_view block;

	if (next)
		return next(pointer);
	return find_block(pointer, &block) ? (const void *)block.user : NULL;
}

/* A block has the size that was asked for: red zones and rounding are not the program's. */
size_t __sanitizer_get_estimated_allocated_size(size_t size)
{
	__typeof__(&__sanitizer_get_estimated_allocated_size) next = NEXT(__sanitizer_get_estimated_allocated_size);

	return next ? next(size) : size;
}

size_t __sanitizer_get_current_allocated_bytes(void)
{
	__typeof__(&__sanitizer_get_current_allocated_bytes) next = NEXT(__sanitizer_get_current_allocated_bytes);

	return next ? next() : take_totals().live_bytes;
}

size_t __sanitizer_get_heap_size(void)
{
	__typeof__(&__sanitizer_get_heap_size) next = NEXT(__sanitizer_get_heap_size);

	return next ? next() : take_totals().mapped_bytes;
}

size_t __sanitizer_get_free_bytes(void)
{
	__typeof__(&__sanitizer_get_free_bytes) next = NEXT(__sanitizer_get_free_bytes);

	return next ? next() : take_totals().free_run_bytes;
}

/* What was given back to the system is not counted as heap any more. */
size_t __sanitizer_get_unmapped_bytes(void)
{
	__typeof__(&__sanitizer_get_unmapped_bytes) next = NEXT(__sanitizer_get_unmapped_bytes);

	return next ? next() : 0;
}

void __sanitizer_purge_allocator(void)
{
	__typeof__(&__sanitizer_purge_allocator) next = NEXT(__sanitizer_purge_allocator);

	if (next)
		next();
	else
		malloc_debug_purge(0);
}
