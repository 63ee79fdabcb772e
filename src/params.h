/* SPDX-License-Identifier: MIT
 *
 * The rules of C, POSIX and glibc for the arguments of the malloc family, as predicates.
 */
#ifndef MD_PARAMS_H
#define MD_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool md_is_power_of_two(size_t value) { return value && !(value & (value - 1)); }

/* calloc, reallocarray: *bytes = count * size; false when that does not fit (C23 7.24.3.2). */
static inline bool md_params_product(size_t count, size_t size, size_t *bytes)
{
	return !__builtin_mul_overflow(count, size, bytes);
}

/* No object may be larger than PTRDIFF_MAX (glibc since 2.30). */
static inline bool md_params_size_ok(size_t size) { return size <= PTRDIFF_MAX; }

/* posix_memalign (POSIX 2017): a power of two and a multiple of sizeof(void *). */
static inline bool md_params_posix_alignment_ok(size_t alignment)
{
	return md_is_power_of_two(alignment) && alignment % sizeof(void *) == 0;
}

/* memalign, and aligned_alloc before glibc 2.38: any alignment, rounded up to a power of two. 0 when that does not fit. */
static inline size_t md_params_round_alignment(size_t alignment)
{
	if (alignment <= 16)
		return 16;
	if (alignment > SIZE_MAX / 2 + 1)
		return 0;
	return md_is_power_of_two(alignment) ? alignment : (size_t)1 << (64 - __builtin_clzl(alignment));
}

#endif
