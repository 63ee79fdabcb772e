/* SPDX-License-Identifier: MIT
 *
 * The malloc family as the program sees it: arguments and errno as C23, POSIX and glibc have them, then the heap.
 *
 * Every entry is its own frame with a frame pointer, so that the stack begins with its caller.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/serve.h"
#include "src/params.h"

void cfree(void *user);
void free_sized(void *user, size_t size);
void free_aligned_sized(void *user, size_t alignment, size_t size);

/* --- allocating ---------------------------------------------------------- */

static inline __attribute__((always_inline)) void *allocate(enum md_api api, size_t asked, size_t size, size_t alignment, bool zero,
	size_t asked_alignment)
{
	void *user = md_serve_allocate(api, asked, size, alignment, zero, asked_alignment);

	if (md_unlikely(!user))
		errno = ENOMEM;
	return user;
}

/* A request that fails before it reaches the heap. */
static inline __attribute__((always_inline)) void *fail(enum md_api api, size_t asked, size_t alignment, enum md_error error, int error_number)
{
	struct md_thread *self = md_entry_begin();

	if (self) {
		struct md_call call = { .api = api, .stack = md_capture(self), .size = asked, .alignment = alignment };

		md_heap_fail(&md_process.heap, self, error, &call);
		md_entry_end(self);
	}
	errno = error_number;
	return NULL;
}

MD_EXPORT MD_LEAVES_NO_COPY void *malloc(size_t size)
{
	return allocate(MD_API_MALLOC, size, size, MD_ALIGNMENT, false, 0);
}

MD_EXPORT MD_LEAVES_NO_COPY void *calloc(size_t count, size_t size)
{
	size_t bytes;

	if (md_unlikely(!md_params_product(count, size, &bytes)))
		return fail(MD_API_CALLOC, SIZE_MAX, 0, MD_ERROR_CALLOC_OVERFLOW, ENOMEM);
	return allocate(MD_API_CALLOC, bytes, bytes, MD_ALIGNMENT, true, 0);
}

/* Any alignment is taken and rounded up, as glibc does; so is a size that is no multiple of it. */
static inline __attribute__((always_inline)) void *allocate_aligned(enum md_api api, size_t alignment, size_t size)
{
	size_t rounded = md_params_round_alignment(alignment);

	if (md_unlikely(!rounded))
		return fail(api, size, alignment, MD_ERROR_INVALID_ALIGNMENT, EINVAL);
	return allocate(api, size, size, rounded, false, alignment);
}

MD_EXPORT MD_LEAVES_NO_COPY void *aligned_alloc(size_t alignment, size_t size)
{
	return allocate_aligned(MD_API_ALIGNED_ALLOC, alignment, size);
}

MD_EXPORT MD_LEAVES_NO_COPY void *memalign(size_t alignment, size_t size)
{
	return allocate_aligned(MD_API_MEMALIGN, alignment, size);
}

MD_EXPORT MD_LEAVES_NO_COPY int posix_memalign(void **result, size_t alignment, size_t size)
{
	int saved = errno;
	void *user;

	if (md_unlikely(!md_params_posix_alignment_ok(alignment))) {
		fail(MD_API_POSIX_MEMALIGN, size, alignment, MD_ERROR_INVALID_ALIGNMENT, saved);
		return EINVAL;
	}
	user = allocate(MD_API_POSIX_MEMALIGN, size, size, alignment < MD_ALIGNMENT ? MD_ALIGNMENT : alignment, false, alignment);
	errno = saved;
	if (!user)
		return ENOMEM;
	*result = user;
	return 0;
}

MD_EXPORT MD_LEAVES_NO_COPY void *valloc(size_t size)
{
	size_t page = (size_t)getpagesize();

	return allocate(MD_API_VALLOC, size, size, page, false, page);
}

MD_EXPORT MD_LEAVES_NO_COPY void *pvalloc(size_t size)
{
	size_t page = (size_t)getpagesize();

	if (md_unlikely(size > SIZE_MAX - page))
		return fail(MD_API_PVALLOC, size, page, MD_ERROR_PVALLOC_OVERFLOW, ENOMEM);
	return allocate(MD_API_PVALLOC, size, (size + page - 1) & ~(page - 1), page, false, page);
}

/* --- freeing ------------------------------------------------------------- */

MD_EXPORT void free(void *user)
{
	md_serve_free(MD_API_FREE, user, 0, 0);
}

MD_EXPORT void cfree(void *user)
{
	md_serve_free(MD_API_CFREE, user, 0, 0);
}

MD_EXPORT void free_sized(void *user, size_t size)
{
	md_serve_free(MD_API_FREE_SIZED, user, size, 0);
}

MD_EXPORT void free_aligned_sized(void *user, size_t alignment, size_t size)
{
	md_serve_free(MD_API_FREE_ALIGNED_SIZED, user, size, alignment);
}

/* --- resizing ------------------------------------------------------------ */

static inline __attribute__((always_inline)) void *resize(enum md_api api, void *user, size_t size)
{
	if (!user)
		return allocate(api, size, size, MD_ALIGNMENT, false, 0);
	if (!size) { /* as glibc: the block is freed, and there is no error */
		md_serve_free(MD_API_REALLOC_FREE, user, 0, 0);
		return NULL;
	}
	struct md_thread *self = md_entry_begin();
	void *result;

	if (md_unlikely(!self)) {
		result = md_foreign_resize_unattended(user, size, api);
		if (!result)
			errno = ENOMEM;
		return result;
	}
	struct md_call call = { .api = api, .stack = md_capture(self), .size = size };

	if (md_unlikely(md_heap_resize(&md_process.heap, self, user, size, &call, &result) == MD_FREED_FOREIGN))
		md_foreign_resize(self, user, size, &call, &result);
	md_entry_end(self);
	if (md_unlikely(!result))
		errno = ENOMEM;
	return result;
}

MD_EXPORT MD_LEAVES_NO_COPY void *realloc(void *user, size_t size)
{
	return resize(MD_API_REALLOC, user, size);
}

MD_EXPORT MD_LEAVES_NO_COPY void *reallocarray(void *user, size_t count, size_t size)
{
	size_t bytes;

	if (md_unlikely(!md_params_product(count, size, &bytes)))
		return fail(MD_API_REALLOCARRAY, SIZE_MAX, 0, MD_ERROR_REALLOCARRAY_OVERFLOW, ENOMEM);
	return resize(MD_API_REALLOCARRAY, user, bytes);
}

/* --- asking -------------------------------------------------------------- */

MD_EXPORT size_t malloc_usable_size(void *user)
{
	size_t size = 0;

	if (!user)
		return 0;
	struct md_thread *self = md_entry_begin();

	if (md_unlikely(!self)) /* may be asked inside our own calls, by a signal handler: no finding then */
		return md_foreign_size_unattended(user);
	struct md_call call = { .api = MD_API_USABLE_SIZE, .stack = MD_STACK_NONE };
	struct md_zone *zone;

	if (md_unlikely(!md_heap_live_block(&md_process.heap, (uintptr_t)user, &zone)))
		call.stack = md_capture(self); /* only a finding needs it */
	if (md_unlikely(md_heap_size(&md_process.heap, self, user, &call, &size) == MD_FREED_FOREIGN))
		size = md_foreign_usable_size(self, user, &call);
	md_entry_end(self);
	return size;
}
