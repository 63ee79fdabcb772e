/* SPDX-License-Identifier: MIT */
#include "runtime/boot.h"

#include <stdatomic.h>
#include <stdint.h>

#include "src/os.h"

#define FIRST_BYTES (64u << 10)
#define MORE_BYTES ((size_t)1 << 20)
#define CHUNKS_MAX 256

struct chunk {
	_Atomic uintptr_t begin;
	_Atomic size_t bytes;
	_Atomic size_t used;
};

static _Alignas(64) unsigned char first[FIRST_BYTES];
static struct chunk chunks[CHUNKS_MAX] = { { .bytes = FIRST_BYTES } }; /* the first one's begin is `first` */
static _Atomic unsigned newest;

static uintptr_t chunk_begin(const struct chunk *chunk)
{
	return chunk == chunks ? (uintptr_t)first : atomic_load_explicit(&chunk->begin, memory_order_acquire);
}

static void *take_from(struct chunk *chunk, size_t bytes, size_t alignment)
{
	uintptr_t begin = chunk_begin(chunk);
	size_t want = bytes + alignment + sizeof(size_t) * 2;

	if (!begin)
		return NULL;
	size_t used = atomic_fetch_add_explicit(&chunk->used, want, memory_order_relaxed);

	if (used > chunk->bytes || chunk->bytes - used < want)
		return NULL;
	uintptr_t user = (begin + used + sizeof(size_t) * 2 + alignment - 1) & ~(uintptr_t)(alignment - 1);

	((size_t *)user)[-1] = bytes;
	return (void *)user;
}

void *md_boot_allocate(size_t bytes, size_t alignment)
{
	if (alignment < 16)
		alignment = 16;
	if (bytes > PTRDIFF_MAX || alignment > PTRDIFF_MAX)
		return NULL;
	size_t want = bytes + alignment + sizeof(size_t) * 2;

	for (;;) {
		unsigned index = atomic_load_explicit(&newest, memory_order_acquire);
		void *result = take_from(&chunks[index], bytes, alignment);

		if (result)
			return result;
		if (index + 1 == CHUNKS_MAX)
			return NULL;
		size_t map_bytes = want > MORE_BYTES ? (want + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1) : MORE_BYTES;
		uintptr_t mapped = (uintptr_t)md_os_map(0, map_bytes), none = 0;

		if (!mapped)
			return NULL;
		struct chunk *next = &chunks[index + 1];

		if (atomic_compare_exchange_strong(&next->begin, &none, mapped)) {
			atomic_store(&next->bytes, map_bytes);
			atomic_store(&newest, index + 1);
		} else { /* another thread mapped it first */
			md_os_unmap((void *)mapped, map_bytes);
			while (atomic_load(&newest) == index)
				;
		}
	}
}

bool md_boot_owns(const void *pointer)
{
	uintptr_t addr = (uintptr_t)pointer;

	for (unsigned i = 0; i <= atomic_load_explicit(&newest, memory_order_acquire); i++) {
		uintptr_t begin = chunk_begin(&chunks[i]);

		if (addr >= begin && addr < begin + atomic_load_explicit(&chunks[i].bytes, memory_order_acquire))
			return true;
	}
	return false;
}

bool md_boot_range(unsigned i, uintptr_t *begin, uintptr_t *end)
{
	if (i > atomic_load_explicit(&newest, memory_order_acquire))
		return false;
	*begin = chunk_begin(&chunks[i]);
	*end = *begin + atomic_load_explicit(&chunks[i].bytes, memory_order_acquire);
	return true;
}

size_t md_boot_size(const void *pointer)
{
	return ((const size_t *)pointer)[-1];
}
