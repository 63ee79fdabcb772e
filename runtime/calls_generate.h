/* SPDX-License-Identifier: MIT
 *
 * Makes the functions of one table: md_check_NAME, which calls.c leads the program's calls to. Define MD_CALLS_TABLE, the name of the table
 * in quotes, and include this once. Define MD_CALLS_HOT where functions are called so often that the quickest tests (calls_quick.h) are to
 * come first, at a few hundred bytes each.
 *
 * A row: CALL(type, name, (parameters), (arguments), what it touches before it is called, what only the result tells)
 *   CALL_VOID(name, ...)   without a result
 *   CALL_EARLY(type, ...)  one that may be called before the loader has relocated us; calls_own.h has a plain version
 *   CALL_OWN(type, name, (parameters))  only its name: the body is written by hand
 *
 * Before, all that it will certainly touch:
 *   READ(p, n) WRITE(p, n)             n bytes
 *   READ_STRING(s) READ_STRING_MAX(s, n)       to its NUL; n characters at most
 *   READ_WIDE(s) READ_WIDE_MAX(s, n)           of wchar_t
 *   READ_UNTIL(s, c) READ_WIDE_UNTIL(s, c)     to c or its NUL
 *   READ_NUMBER(s, base) READ_WIDE_NUMBER(s, base)  as far as it is a number; base -1: with a point
 *   COMPARE(a, b, n, how) COPY(to, from, n, how)    see calls.h
 *   OVERLAP(error, to, n, from, m)     may not overlap, or it is that error
 *   SIZE(p, n)                         a size that is negative as a signed number is an error
 *   MAY_READ(p, n) MAY_WRITE(p, n)     n bytes at most; only a p that is bad from its first byte on is an error before the call
 *   MAY_WRITE_ROOM(p, n, room)         likewise, but the function ends the program where n is more than room, so that nothing can be said
 *                                      after it
 *   LATER(p)                           says nothing before the call; if p is the heap's, the result is looked at
 *   LATER_STRING(s) LATER_WIDE(s)      likewise, of a string that is not read beyond its NUL
 *   CLEAR(p, n)                        likewise, of n bytes at most that are touched
 *   KEEP(s, unit)                      likewise, of the string *s, which is `kept` after the call; s is moved on
 *   IF(condition, touches)             only if that is so
 * After, with `result` as the value returned:
 *   DID_READ(p, n) DID_WRITE(p, n)     n bytes were touched
 *   FAULT(kind, p, n)                  the system refused a range of n bytes with EFAULT
 */
#include "runtime/calls_hand.h"

/* --- closely looked at ------------------------------------------------------- */

#define READ(p, n) MD_CALLS_RANGE(MD_ACCESS_READ, p, n)
#define WRITE(p, n) MD_CALLS_RANGE(MD_ACCESS_WRITE, p, n)
#define READ_STRING(s) \
	if (!md_calls_string(s, SIZE_MAX, 1)) \
		md_calls_bad_string(&scope, s, 1);
#define READ_STRING_MAX(s, n) \
	if (!md_calls_string(s, n, 1)) \
		md_calls_bad_string(&scope, s, 1);
#define READ_WIDE(s) \
	if (!md_calls_string(s, SIZE_MAX, sizeof(wchar_t))) \
		md_calls_bad_string(&scope, s, sizeof(wchar_t));
#define READ_WIDE_MAX(s, n) \
	if (!md_calls_string(s, n, sizeof(wchar_t))) \
		md_calls_bad_string(&scope, s, sizeof(wchar_t));
#define READ_UNTIL(s, c) \
	if (!md_calls_until(s, (unsigned char)(c), 1)) \
		md_calls_bad_string(&scope, s, 1);
#define READ_WIDE_UNTIL(s, c) \
	if (!md_calls_until(s, (uint32_t)(c), sizeof(wchar_t))) \
		md_calls_bad_string(&scope, s, sizeof(wchar_t));
#define READ_NUMBER(s, base) \
	if (!md_calls_number(s, base, 1)) \
		md_calls_bad_string(&scope, s, 1);
#define READ_WIDE_NUMBER(s, base) \
	if (!md_calls_number(s, base, sizeof(wchar_t))) \
		md_calls_bad_string(&scope, s, sizeof(wchar_t));
#define COMPARE(a, b, n, how) \
	if (!md_calls_compare(a, b, n, how)) \
		md_calls_compare_bad(&scope, a, b, n, how);
#define COPY(to, from, n, how) \
	if (!md_calls_copy(to, from, n, how)) \
		md_calls_copy_bad(&scope, to, from, n, how);
#define OVERLAP(error, to, n, from, m) \
	if (md_calls_overlap(to, n, from, m)) \
		md_calls_bad_overlap(&scope, MD_ERROR_##error, to, n, from, m);
#define SIZE(p, n) \
	if ((ssize_t)(n) < 0) \
		md_calls_bad_size(&scope, p, n);
#define MAY_READ(p, n) MD_CALLS_MAYBE(MD_ACCESS_READ, p, n)
#define MAY_WRITE(p, n) MD_CALLS_MAYBE(MD_ACCESS_WRITE, p, n)
#define MAY_WRITE_ROOM(p, n, room) \
	if ((n) > (room)) { \
		WRITE(p, n) \
	} else { \
		MAY_WRITE(p, n) \
	}
#define LATER(p) md_calls_later(p, 1);
#define LATER_STRING(s) md_calls_later(s, 1);
#define LATER_WIDE(s) md_calls_later(s, sizeof(wchar_t));
#define CLEAR(p, n) md_calls_clear(p, n);
#define KEEP(s, unit) \
	const void *kept = *(s); \
	md_calls_later(kept, unit);
#define IF(condition, touches) \
	if (condition) { \
		touches \
	}
#define DID_READ(p, n) MD_CALLS_RANGE(MD_ACCESS_READ, p, n)
#define DID_WRITE(p, n) MD_CALLS_RANGE(MD_ACCESS_WRITE, p, n)
#define FAULT(kind, p, n) \
	if (result == -1 && errno == EFAULT) { \
		MD_CALLS_RANGE(MD_ACCESS_##kind, p, n) \
	}

/* Leaves for the function, or back, with nothing in the registers that no argument is passed in (and hardly any function writes to): an
 * address that a check had there would be taken for the program's, by a search for leaks that stops the thread later. */
#if defined(__x86_64__)
#define MD_CALLS_LEAVE(how) \
	do { \
		__asm__ volatile("xor %%r8d, %%r8d; xor %%r9d, %%r9d; xor %%r10d, %%r10d; xor %%r11d, %%r11d" : : : "r8", "r9", "r10", "r11", "cc"); \
		how; \
	} while (0)
#else
#define MD_CALLS_LEAVE(how) \
	do { \
		how; \
	} while (0)
#endif

#define MD_CALLS_BODY(type, name, parameters, arguments, before, after, early) \
	MD_CALLS_CHECKED type checked_##name parameters \
	{ \
		if (!MD_CALLS_HAS(name)) \
			return early; \
		MD_CALLS_SCOPE(name); \
		before; \
		type result = md_calls_real.name arguments; \
		after; \
		md_calls_end(&scope); \
		MD_CALLS_LEAVE(return result); \
	}
#define CALL(type, name, parameters, arguments, before, after) \
	MD_CALLS_BODY(type, name, parameters, arguments, before, after, (type)0)
#define CALL_EARLY(type, name, parameters, arguments, before, after) \
	MD_CALLS_BODY(type, name, parameters, arguments, before, after, md_plain_##name arguments)
#define CALL_VOID(name, parameters, arguments, before, after) \
	MD_CALLS_CHECKED void checked_##name parameters \
	{ \
		if (!MD_CALLS_HAS(name)) \
			return; \
		MD_CALLS_SCOPE(name); \
		before; \
		md_calls_real.name arguments; \
		after; \
		md_calls_end(&scope); \
	}
#define CALL_OWN(type, name, parameters)

#include MD_CALLS_TABLE

#undef READ
#undef WRITE
#undef READ_STRING
#undef READ_STRING_MAX
#undef READ_WIDE
#undef READ_WIDE_MAX
#undef READ_UNTIL
#undef READ_WIDE_UNTIL
#undef READ_NUMBER
#undef READ_WIDE_NUMBER
#undef COMPARE
#undef COPY
#undef OVERLAP
#undef SIZE
#undef MAY_READ
#undef MAY_WRITE
#undef MAY_WRITE_ROOM
#undef LATER
#undef LATER_STRING
#undef LATER_WIDE
#undef CLEAR
#undef KEEP
#undef IF
#undef DID_READ
#undef DID_WRITE
#undef FAULT
#undef CALL
#undef CALL_EARLY
#undef CALL_VOID

/* --- quickly looked at --------------------------------------------------------- */

#ifdef MD_CALLS_HOT
#define MD_CALLS_LOOKED(type, name, parameters) static __attribute__((noinline)) type looked_##name parameters
#else
#define MD_CALLS_LOOKED(type, name, parameters) \
	type md_check_##name parameters; \
	type md_check_##name parameters
#endif

#define READ(p, n) &&md_calls_good(p, n)
#define WRITE(p, n) &&md_calls_good(p, n)
#define READ_STRING(s) &&md_calls_string(s, SIZE_MAX, 1)
#define READ_STRING_MAX(s, n) &&md_calls_string(s, n, 1)
#define READ_WIDE(s) &&md_calls_string(s, SIZE_MAX, sizeof(wchar_t))
#define READ_WIDE_MAX(s, n) &&md_calls_string(s, n, sizeof(wchar_t))
#define READ_UNTIL(s, c) &&md_calls_until(s, (unsigned char)(c), 1)
#define READ_WIDE_UNTIL(s, c) &&md_calls_until(s, (uint32_t)(c), sizeof(wchar_t))
#define READ_NUMBER(s, base) &&md_calls_number(s, base, 1)
#define READ_WIDE_NUMBER(s, base) &&md_calls_number(s, base, sizeof(wchar_t))
#define COMPARE(a, b, n, how) &&md_calls_compare(a, b, n, how)
#define COPY(to, from, n, how) &&md_calls_copy(to, from, n, how)
#define OVERLAP(error, to, n, from, m) && !md_calls_overlap(to, n, from, m)
#define SIZE(p, n) &&(ssize_t)(n) >= 0
#define MAY_READ(p, n) &&md_calls_good(p, n)
#define MAY_WRITE(p, n) &&md_calls_good(p, n)
#define MAY_WRITE_ROOM(p, n, room) &&md_calls_good(p, n)
#define LATER(p) &&md_calls_is_other(p)
#define LATER_STRING(s) &&md_calls_is_other(s)
#define LATER_WIDE(s) &&md_calls_is_other(s)
#define CLEAR(p, n) &&md_calls_is_other(p)
#define KEEP(s, unit) &&md_calls_is_other(*(s))
#define IF(condition, touches) &&(!(condition) || (true touches))

#define CALL(type, name, parameters, arguments, before, after) \
	MD_CALLS_LOOKED(type, name, parameters) \
	{ \
		if (md_likely(md_calls_real.name != NULL before)) \
			MD_CALLS_LEAVE(return md_calls_real.name arguments); \
		return checked_##name arguments; \
	}
#define CALL_EARLY CALL
#define CALL_VOID(name, parameters, arguments, before, after) \
	MD_CALLS_LOOKED(void, name, parameters) \
	{ \
		if (md_likely(md_calls_real.name != NULL before)) \
			MD_CALLS_LEAVE(md_calls_real.name arguments); \
		else \
			checked_##name arguments; \
	}

#include MD_CALLS_TABLE

#undef READ
#undef WRITE
#undef READ_STRING
#undef READ_STRING_MAX
#undef READ_WIDE
#undef READ_WIDE_MAX
#undef READ_UNTIL
#undef READ_WIDE_UNTIL
#undef READ_NUMBER
#undef READ_WIDE_NUMBER
#undef COMPARE
#undef COPY
#undef OVERLAP
#undef SIZE
#undef MAY_READ
#undef MAY_WRITE
#undef MAY_WRITE_ROOM
#undef LATER
#undef LATER_STRING
#undef LATER_WIDE
#undef CLEAR
#undef KEEP
#undef IF
#undef CALL
#undef CALL_EARLY
#undef CALL_VOID

/* --- at once ------------------------------------------------------------------- */

#ifdef MD_CALLS_HOT
#include "runtime/calls_quick.h"

#define READ(p, n) &&md_quick_good(p, n)
#define WRITE(p, n) &&md_quick_good(p, n)
#define READ_STRING(s) &&md_quick_string(s, SIZE_MAX)
#define READ_STRING_MAX(s, n) &&md_quick_string(s, n)
#define READ_UNTIL(s, c) &&md_quick_string(s, SIZE_MAX)
#define READ_WIDE(s) &&md_quick_room(s) == MD_ACCESS_ROOM_OTHER
#define COMPARE(a, b, n, how) &&md_quick_compare(a, b, n, how)
#define COPY(to, from, n, how) &&md_quick_copy(to, from, n, how)
#define OVERLAP(error, to, n, from, m) && !md_calls_overlap(to, n, from, m)
#define SIZE(p, n) &&(ssize_t)(n) >= 0
#define MAY_READ(p, n) &&md_quick_good(p, n)
#define MAY_WRITE(p, n) &&md_quick_good(p, n)
#define MAY_WRITE_ROOM(p, n, room) &&md_quick_good(p, n)
#define LATER(p) &&md_quick_room(p) == MD_ACCESS_ROOM_OTHER
#define LATER_STRING(s) &&md_quick_string(s, SIZE_MAX)
#define IF(condition, touches) &&(!(condition) || (true touches))

#define CALL(type, name, parameters, arguments, before, after) \
	type md_check_##name parameters; \
	type md_check_##name parameters \
	{ \
		if (md_likely(md_calls_real.name != NULL before)) \
			MD_CALLS_LEAVE(return md_calls_real.name arguments); \
		return looked_##name arguments; \
	}
#define CALL_EARLY CALL
#define CALL_VOID(name, parameters, arguments, before, after) \
	void md_check_##name parameters; \
	void md_check_##name parameters \
	{ \
		if (md_likely(md_calls_real.name != NULL before)) \
			MD_CALLS_LEAVE(md_calls_real.name arguments); \
		else \
			looked_##name arguments; \
	}

#include MD_CALLS_TABLE

#undef READ
#undef WRITE
#undef READ_STRING
#undef READ_STRING_MAX
#undef READ_UNTIL
#undef READ_WIDE
#undef COMPARE
#undef COPY
#undef OVERLAP
#undef SIZE
#undef MAY_READ
#undef MAY_WRITE
#undef MAY_WRITE_ROOM
#undef LATER
#undef LATER_STRING
#undef IF
#undef CALL
#undef CALL_EARLY
#undef CALL_VOID
#endif
#undef CALL_OWN
