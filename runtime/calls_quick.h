/* SPDX-License-Identifier: MIT
 *
 * The quickest tests, for the functions that programs call most: no call, but for long strings that are copied, and never a wrong yes. What
 * they cannot decide is looked at by those of calls.h.
 *
 * How   The block's room is found inline (src/access.h). Of a string the first 16 bytes and the last 16 of its room are looked at: it is
 *       short, or fills its block, or it is not for us. A vector is loaded only where it crosses no page, so that it reads nothing that
 *       its first byte could not; it may begin or end in red zones.
 */
#ifndef MD_CALLS_QUICK_H
#define MD_CALLS_QUICK_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "runtime/calls.h"
#include "src/os.h"

#define MD_QUICK __attribute__((always_inline)) static inline
#define MD_QUICK_BYTES 16

MD_QUICK size_t md_quick_room(const void *pointer)
{
	return md_access_room(&md_process.heap, (uintptr_t)pointer);
}

MD_QUICK bool md_quick_good(const void *pointer, size_t bytes)
{
	if (md_unlikely(bytes >= MD_WATCH_LONG) && atomic_load_explicit(&md_watch_is_slow, memory_order_relaxed))
		return false; /* see md_watch_make_way */
	return bytes <= md_quick_room(pointer);
}

MD_QUICK bool md_quick_is_loadable(const void *pointer)
{
	return ((uintptr_t)pointer & (MD_PAGE_BYTES - 1)) <= MD_PAGE_BYTES - MD_QUICK_BYTES;
}

/* Index of the first NUL of a string if that is among the first 16 bytes; 16 or more if it is not, or is not known. */
MD_QUICK unsigned md_quick_short_length(const char *string)
{
#ifdef __SSE2__
	if (md_unlikely(!md_quick_is_loadable(string)))
		return MD_QUICK_BYTES;
	__m128i head = _mm_loadu_si128((const __m128i *)string);

	return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(head, _mm_setzero_si128())) | 1u << MD_QUICK_BYTES);
#else
	(void)string;
	return MD_QUICK_BYTES;
#endif
}

/* There is a NUL in the string's room, though not necessarily its first. */
MD_QUICK bool md_quick_ends(const char *string, size_t room)
{
	if (md_unlikely(!room))
		return false;
#ifdef __SSE2__
	if (md_likely(room >= MD_QUICK_BYTES)) {
		__m128i head = _mm_loadu_si128((const __m128i *)string);
		__m128i tail = _mm_loadu_si128((const __m128i *)(string + room - MD_QUICK_BYTES));

		return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(head, tail), _mm_setzero_si128())) != 0;
	}
#endif
	return md_quick_short_length(string) < room;
}

MD_QUICK bool md_quick_string(const void *string, size_t most)
{
	size_t room = md_quick_room(string);

	return room == MD_ACCESS_ROOM_OTHER || most <= room || md_quick_ends(string, room);
}

/* How far two strings are the same, up to a NUL, if that is not far; 16 or more if it is, or is not known. */
MD_QUICK unsigned md_quick_same(const char *a, const char *b)
{
#ifdef __SSE2__
	if (md_unlikely(!md_quick_is_loadable(a) || !md_quick_is_loadable(b)))
		return MD_QUICK_BYTES;
	__m128i left = _mm_loadu_si128((const __m128i *)a), right = _mm_loadu_si128((const __m128i *)b);
	__m128i same = _mm_min_epu8(_mm_cmpeq_epi8(left, right), left); /* zero where they differ, and where both end */

	return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(same, _mm_setzero_si128())) | 1u << MD_QUICK_BYTES);
#else
	(void)a, (void)b;
	return MD_QUICK_BYTES;
#endif
}

MD_QUICK bool md_quick_compare(const void *a, const void *b, size_t most, unsigned how)
{
	size_t a_room = md_quick_room(a), b_room = md_quick_room(b), room = a_room < b_room ? a_room : b_room;

	if (room == MD_ACCESS_ROOM_OTHER || most <= room)
		return true;
	if (md_unlikely(!room) || !(how & MD_CALLS_TEXT) || how & MD_CALLS_WIDE)
		return false;
	if (!(how & MD_CALLS_FOLD)) {
		unsigned same = md_quick_same(a, b);

		if (md_likely(same < MD_QUICK_BYTES))
			return same < room;
	}
	return (a_room == MD_ACCESS_ROOM_OTHER || md_quick_ends(a, a_room)) &&
		(b_room == MD_ACCESS_ROOM_OTHER || md_quick_ends(b, b_room));
}

MD_QUICK bool md_quick_copy(const void *to, const void *from, size_t most, unsigned how)
{
	size_t to_room = md_quick_room(to), from_room = md_quick_room(from);

	if ((to_room & from_room) == MD_ACCESS_ROOM_OTHER)
		return true;
	if (how == MD_CALLS_PAD) /* most bytes are written, and no more are read */
		return most <= to_room && !md_calls_overlap(to, most, from, most) &&
			(most <= from_room || md_quick_ends(from, from_room));
	if (how & MD_CALLS_COPY_WIDE)
		return false;
	if (how == MD_CALLS_PLAIN && from_room) {
		size_t bytes = (size_t)md_quick_short_length(from) + 1;

		if (bytes <= MD_QUICK_BYTES && bytes <= from_room)
			return bytes <= to_room && !md_calls_overlap(to, bytes, from, bytes);
	}
	return md_calls_copy_good(to, from, to_room, from_room, most, how); /* the one call: what it has to look for is long */
}

#endif
