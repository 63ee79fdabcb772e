/* SPDX-License-Identifier: MIT
 *
 * Calls: the program's calls of the C library are looked at, as far as they touch the heap: is every byte that the function will read or
 * write one of a live block? The report comes at the call, with the caller's stack, before the damage where that can be known.
 *
 * Each function is a row of runtime/calls.def, with what it touches in words (READ, WRITE_STRING, ...). From it come two functions
 * (calls_generate.h): the wrapper, which makes the quick test and jumps to the real one, so that no frame of ours is left; and the one it
 * jumps to when the test fails, which finds out exactly what will be touched, reports, makes the call, and looks at what only the result
 * tells.
 *
 * Exact   What the function does not touch is not checked. Where nobody can say what will be touched, nothing is reported.
 *         After a report the call is made all the same, as the program asked. Guard pages in its way are opened before; what it damages of
 *         red zones is left, but not reported a second time (md_access_mend).
 *
 * Locking and signals   The quick test takes no lock and may run anywhere, before our start and in signal handlers too; no lock is held
 *         while the real function runs. A thread that is inside one of our calls is not looked at. errno is as the real function left it.
 */
#ifndef MD_CALLS_H
#define MD_CALLS_H

#include "runtime/calls_real.h"
#include "runtime/process.h"
#include "runtime/watch.h"
#include "src/access.h"

#define MD_CALLS_TOLD 4

/* One call that has to be looked at closely. */
struct md_calls_scope {
	const char *function;
	const uintptr_t *frame; /* of the function that was jumped to: above it is the program's */
	uint32_t told_before; /* accesses of the thread that were reported before this call */
	unsigned told_count;
	bool told_all; /* it may touch anything, and that was reported */
	const void *told[MD_CALLS_TOLD]; /* pointers about which something was reported in this call */
	uintptr_t damage_begin, damage_end; /* what the call may damage, reported already */
	uintptr_t excused_begin, excused_end; /* all that was reported */
};

/* frame: of the function that was jumped to. Member by member: a compiler zeroes a whole struct by slow instructions. */
static inline void md_calls_begin(struct md_calls_scope *scope, const char *function, const void *frame)
{
	scope->function = function;
	scope->frame = frame;
	scope->told_before = md_self ? md_self->accesses_told : 0;
	scope->told_count = 0;
	scope->told_all = false;
	scope->damage_begin = scope->damage_end = 0;
	scope->excused_begin = scope->excused_end = 0;
}

/* Reports the use of [pointer, pointer + bytes) if it is bad. */
void md_calls_bad(struct md_calls_scope *scope, enum md_access_kind kind, const void *pointer, size_t bytes) __attribute__((cold));

/* The call may use [pointer, pointer + bytes), which is bad: reports it if no byte of it may be used. Otherwise the result will tell; guard
 * pages are out of the way then, so that the call goes as it would without them. */
void md_calls_maybe(struct md_calls_scope *scope, enum md_access_kind kind, const void *pointer, size_t bytes) __attribute__((cold));

/* Opens guard pages in a range that may be touched. */
void md_calls_clear(const void *pointer, size_t bytes);

/* The same for a string that is read as far as the result will tell. unit: as below. */
void md_calls_later(const void *string, size_t unit);

/* Reports a size that is negative as a signed number, of what begins at pointer. Nothing else is said of the call then. */
void md_calls_bad_size(struct md_calls_scope *scope, const void *pointer, size_t size) __attribute__((cold));

/* Reports a copy whose ranges have bytes in common, which for that function is the error. */
void md_calls_bad_overlap(struct md_calls_scope *scope, enum md_error error, const void *to, size_t to_bytes, const void *from,
	size_t from_bytes) __attribute__((cold));

/* Opens the guard pages in the way of the kernel, which is to read a string there to its end. Says nothing. Takes no lock: any thread may,
 * in a signal handler and in a child of vfork too. The mode is MD_MODE_ACTIVE. */
void md_calls_open_string(const void *string);

/* The real function has returned. */
void md_calls_mend(struct md_calls_scope *scope) __attribute__((cold));

static inline void md_calls_end(struct md_calls_scope *scope)
{
	if (md_unlikely(scope->told_count))
		md_calls_mend(scope);
}

/* --- quick tests; those of the commonest functions do without a call: calls_quick.h --- */

/* See md_access_room. */
size_t md_calls_room(const void *pointer);

static inline __attribute__((always_inline)) bool md_calls_good(const void *pointer, size_t bytes)
{
	md_watch_make_way(bytes);
	return bytes <= md_calls_room(pointer);
}

static inline bool md_calls_is_other(const void *pointer)
{
	return md_calls_room(pointer) == MD_ACCESS_ROOM_OTHER;
}

/* count * size, or SIZE_MAX, which no block has. */
static inline size_t md_calls_product(size_t count, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(count, size, &bytes) ? SIZE_MAX : bytes;
}

/* Different places, and bytes in common. */
static inline bool md_calls_overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
	uintptr_t from = (uintptr_t)a, to = (uintptr_t)b;

	return from != to && (from < to ? to - from < a_bytes : from - to < b_bytes);
}

/* --- strings (calls_text.c); unit: 1 for char, 4 for wchar_t --------------- */

/* The string's NUL, or its first `most` units, lie within its block. */
bool md_calls_string_good(const void *string, size_t room, size_t most, size_t unit);

/* Both are read to their ends: they are compared, up to the first difference, NUL, or `most` units. text: a NUL ends it. fold: letters in
 * ASCII are equal in both cases. */
enum md_calls_compare { MD_CALLS_BYTES = 0, MD_CALLS_TEXT = 1, MD_CALLS_FOLD = 2, MD_CALLS_WIDE = 4 };
bool md_calls_compare_good(const void *a, const void *b, size_t a_room, size_t b_room, size_t most, unsigned how);
void md_calls_compare_bad(struct md_calls_scope *scope, const void *a, const void *b, size_t most, unsigned how);

/* Copies up to `most` units and, if it is shorter, its NUL to `to`; pad: always writes `most` units; terminate: always adds a NUL. */
enum md_calls_copy { MD_CALLS_PLAIN = 0, MD_CALLS_PAD = 1, MD_CALLS_TERMINATE = 2, MD_CALLS_APPEND = 4, MD_CALLS_COPY_WIDE = 8 };
bool md_calls_copy_good(const void *to, const void *from, size_t to_room, size_t from_room, size_t most, unsigned how);
void md_calls_copy_bad(struct md_calls_scope *scope, void *to, const void *from, size_t most, unsigned how);

/* The string is read until one of two characters. */
bool md_calls_until_good(const void *string, size_t room, uint32_t stop, size_t unit);

/* The string is read as far as it is a number. base -1: one with a point. */
bool md_calls_number_good(const void *string, size_t room, int base, size_t unit);

/* Bytes of a string with its NUL; 0 for NULL. */
size_t md_calls_string_bytes(const char *string);
size_t md_calls_string_bytes_max(const char *string, size_t n); /* of which n are looked at */
size_t md_calls_wide_bytes(const wchar_t *string);

/* Bytes of which n characters are read, or as many as there are up to the NUL; of a string for mbstowcs that does not end in its block. 0:
 * it does. */
size_t md_calls_multibyte_bytes(const char *from, size_t n);

/* The same for wcstombs, which stops where n bytes are no room for the next character. */
size_t md_calls_converted_bytes(const wchar_t *from, size_t n);

/* Bytes that were read at kept by a function that moves its pointer on: to now, NULL at the end. to: where it stored, or NULL; most: units
 * that it may read. */
size_t md_calls_kept_bytes(const void *kept, const void *now, const void *to, size_t result, size_t most, size_t unit);

/* Bytes that wcstombs wrote, of n, when it returned `written`: there may have been no room for a character of several bytes, and then there
 * is no NUL. */
size_t md_calls_narrow_bytes(const wchar_t *from, size_t written, size_t n);

static inline __attribute__((always_inline)) bool md_calls_string(const void *string, size_t most, size_t unit)
{
	size_t room = md_calls_room(string);

	return md_likely(room == MD_ACCESS_ROOM_OTHER) || md_calls_string_good(string, room, most, unit);
}

static inline __attribute__((always_inline)) bool md_calls_until(const void *string, uint32_t stop, size_t unit)
{
	size_t room = md_calls_room(string);

	return md_likely(room == MD_ACCESS_ROOM_OTHER) || md_calls_until_good(string, room, stop, unit);
}

static inline __attribute__((always_inline)) bool md_calls_number(const void *string, int base, size_t unit)
{
	size_t room = md_calls_room(string);

	return md_likely(room == MD_ACCESS_ROOM_OTHER) || md_calls_number_good(string, room, base, unit);
}

static inline __attribute__((always_inline)) bool md_calls_compare(const void *a, const void *b, size_t most, unsigned how)
{
	size_t a_room = md_calls_room(a), b_room = md_calls_room(b);

	return md_likely((a_room & b_room) == MD_ACCESS_ROOM_OTHER) || md_calls_compare_good(a, b, a_room, b_room, most, how);
}

static inline __attribute__((always_inline)) bool md_calls_copy(const void *to, const void *from, size_t most, unsigned how)
{
	size_t to_room = md_calls_room(to), from_room = md_calls_room(from);

	return md_likely((to_room & from_room) == MD_ACCESS_ROOM_OTHER) || md_calls_copy_good(to, from, to_room, from_room, most, how);
}

/* Reports a string that does not end within its block. */
void md_calls_bad_string(struct md_calls_scope *scope, const void *string, size_t unit) __attribute__((cold));

#endif
