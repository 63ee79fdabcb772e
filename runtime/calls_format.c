/* SPDX-License-Identifier: MIT */
#include "runtime/calls_format.h"

#include <limits.h>

#define NONE SIZE_MAX
#define NUMBER_UNITS_MAX 24 /* of a whole number in any base from 8 on, with sign, 0x and the like */

/* A format that is read unit by unit. What reads it is inline, for each unit: most programs' formats are of char. */
#define INLINE static inline __attribute__((always_inline))

struct cursor {
	const void *format;
	size_t at, unit;
};

INLINE uint32_t peek(const struct cursor *cursor)
{
	return cursor->unit == 1 ? ((const unsigned char *)cursor->format)[cursor->at] : ((const uint32_t *)cursor->format)[cursor->at];
}

INLINE uint32_t next(struct cursor *cursor)
{
	uint32_t c = peek(cursor);

	if (c)
		cursor->at++;
	return c;
}

INLINE bool take(struct cursor *cursor, uint32_t c)
{
	if (peek(cursor) != c)
		return false;
	cursor->at++;
	return true;
}

/* NONE if there is none. */
INLINE size_t take_number(struct cursor *cursor)
{
	size_t value = 0, start = cursor->at;

	while (peek(cursor) >= '0' && peek(cursor) <= '9')
		value = value * 10 + (next(cursor) - '0');
	return cursor->at > start ? value : NONE;
}

enum length { LENGTH_INT, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG, LENGTH_LONG_LONG };

INLINE enum length take_length(struct cursor *cursor)
{
	switch (peek(cursor)) {
	case 'h':
		next(cursor);
		return take(cursor, 'h') ? LENGTH_CHAR : LENGTH_SHORT;
	case 'l':
		next(cursor);
		return take(cursor, 'l') ? LENGTH_LONG_LONG : LENGTH_LONG;
	case 'q':
	case 'L':
		next(cursor);
		return LENGTH_LONG_LONG;
	case 'j':
	case 'z':
	case 'Z':
	case 't':
		next(cursor);
		return LENGTH_LONG;
	default:
		return LENGTH_INT;
	}
}

static size_t bytes_of(enum length length)
{
	static const size_t bytes[] = { sizeof(int), 1, sizeof(short), sizeof(long), sizeof(long long) };

	return bytes[length];
}

/* Letters as bits: @ to DEL. */
#define BIT(c) (1ull << ((c) & 63))
#define WHOLE (BIT('d') | BIT('i') | BIT('o') | BIT('u') | BIT('x') | BIT('X'))
#define BINARY (BIT('b') | BIT('B'))
#define REAL (BIT('e') | BIT('E') | BIT('f') | BIT('F') | BIT('g') | BIT('G') | BIT('a') | BIT('A'))

static bool is_in(uint32_t c, uint64_t letters)
{
	return c >= 64 && c < 128 && letters & BIT(c);
}

/* --- printf --------------------------------------------------------------------- */

/* One conversion of printf, without its letter. */
struct conversion {
	size_t width, precision; /* precision NONE: none given */
	enum length length;
	bool bounded; /* how much it prints is wanted */
};

/* The string of a %s. Returns the units that it prints. */
static size_t look_at_string(struct md_calls_scope *scope, const void *string, bool wide, const struct conversion *conversion)
{
	size_t unit = wide ? sizeof(wchar_t) : 1, most = conversion->precision;

	if (!string)
		return 6; /* (null) */
	if (wide && most != NONE) { /* it counts bytes, and how many characters they are depends on the locale */
		if (most && md_calls_room(string) == 0)
			md_calls_bad_string(scope, string, unit);
		return most;
	}
	if (!md_calls_string(string, most, unit)) {
		md_calls_bad_string(scope, string, unit);
		return NONE;
	}
	return wide || !conversion->bounded ? NONE : md_calls_real.strnlen(string, most);
}

/* Fetches what the conversion prints. Returns the units printed at most; NONE if not known; *stop if the list cannot be followed any
 * further. */
static size_t take_argument(struct md_calls_scope *scope, uint32_t letter, const struct conversion *conversion, va_list *list, bool *stop)
{
	bool wide = letter == 'S' || (letter == 's' && conversion->length == LENGTH_LONG);

	if (is_in(letter, WHOLE | BINARY)) {
		if (conversion->length >= LENGTH_LONG)
			(void)va_arg(*list, long long);
		else
			(void)va_arg(*list, int);
		/* With grouping a digit may come with more, and in base 2 there are more. */
		return letter == 'b' || letter == 'B' ? NONE
			: (conversion->precision == NONE ? 0 : conversion->precision) + NUMBER_UNITS_MAX;
	}
	if (is_in(letter, REAL)) {
		if (conversion->length == LENGTH_LONG_LONG)
			(void)va_arg(*list, long double);
		else
			(void)va_arg(*list, double);
		return NONE;
	}
	if (letter == 'c' || letter == 'C') {
		(void)va_arg(*list, int);
		return letter == 'C' || conversion->length == LENGTH_LONG ? NONE : 1;
	}
	if (letter == 's' || letter == 'S')
		return look_at_string(scope, va_arg(*list, const void *), wide, conversion);
	if (letter == 'p') {
		(void)va_arg(*list, const void *);
		return NUMBER_UNITS_MAX;
	}
	if (letter == 'n') {
		void *to = va_arg(*list, void *);

		if (!md_calls_good(to, bytes_of(conversion->length)))
			md_calls_bad(scope, MD_ACCESS_WRITE, to, bytes_of(conversion->length));
		return 0;
	}
	*stop = letter != 'm';
	return NONE;
}

/* A width or precision: a number, or an argument. */
INLINE bool take_count(struct cursor *cursor, va_list *list, size_t *count)
{
	if (!take(cursor, '*')) {
		*count = take_number(cursor);
		return true;
	}
	if (take_number(cursor) != NONE) /* *1$ */
		return false;
	int value = va_arg(*list, int);

	*count = value < 0 ? NONE : (size_t)value;
	return true;
}

/* One conversion, behind its %. Adds to *bound. False: the format is not followed any further. */
INLINE bool print_one(struct md_calls_scope *scope, struct cursor *cursor, va_list *list, size_t *bound)
{
	struct conversion conversion = { .bounded = *bound != NONE };
	bool stop = false, grouped = false, negative_width = false;

	if (take(cursor, '%')) {
		*bound += *bound != NONE;
		return true;
	}
	for (uint32_t c = peek(cursor); c == '-' || c == '+' || c == ' ' || c == '#' || c == '0' || c == '\'' || c == 'I';
		c = peek(cursor)) {
		grouped |= c == '\'';
		next(cursor);
	}
	if (peek(cursor) == '*') {
		next(cursor);
		if (take_number(cursor) != NONE)
			return false;
		int width = va_arg(*list, int);

		negative_width = width == INT_MIN;
		conversion.width = (size_t)(width < 0 && !negative_width ? -width : width);
	} else {
		conversion.width = take_number(cursor);
		if (take(cursor, '$'))
			return false;
	}
	conversion.precision = NONE;
	if (take(cursor, '.')) {
		bool given = peek(cursor) == '*';

		if (!take_count(cursor, list, &conversion.precision))
			return false;
		if (conversion.precision == NONE && !given)
			conversion.precision = 0;
	}
	conversion.length = take_length(cursor);
	uint32_t letter = next(cursor);

	if (!letter)
		return false;
	size_t printed = take_argument(scope, letter, &conversion, list, &stop);

	if (conversion.width != NONE && conversion.width > printed)
		printed = conversion.width;
	if (printed == NONE || grouped || negative_width || *bound > SIZE_MAX / 2 || printed > SIZE_MAX / 4)
		*bound = NONE;
	else
		*bound += printed;
	return !stop;
}

INLINE size_t print_format(struct md_calls_scope *scope, const void *format, size_t unit, bool bounded, va_list *list)
{
	struct cursor cursor = { .format = format, .unit = unit };
	size_t bound = bounded ? 0 : NONE;
	uint32_t c;

	while ((c = next(&cursor))) {
		if (c != '%')
			bound += bound != NONE;
		else if (!print_one(scope, &cursor, list, &bound))
			return NONE;
	}
	return bound;
}

size_t md_calls_print_format(struct md_calls_scope *scope, const void *format, size_t unit, bool bounded, va_list *list)
{
	if (!format)
		return NONE;
	if (!md_calls_string(format, SIZE_MAX, unit)) {
		md_calls_bad_string(scope, format, unit);
		return NONE;
	}
	return unit == 1 ? print_format(scope, format, 1, bounded, list) : print_format(scope, format, sizeof(wchar_t), bounded, list);
}

/* --- scanf ---------------------------------------------------------------------- */

static bool is_space(uint32_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_set(struct cursor *cursor)
{
	take(cursor, '^');
	take(cursor, ']');
	while (peek(cursor) && next(cursor) != ']')
		;
}

/* Bytes that an assigned conversion wrote to `to`; 0 if not known. */
static size_t written(uint32_t letter, size_t width, enum length length, const void *to)
{
	bool wide = letter == 'S' || letter == 'C' || length == LENGTH_LONG;

	if (is_in(letter, WHOLE))
		return bytes_of(length);
	if (is_in(letter, REAL))
		return length == LENGTH_LONG_LONG ? sizeof(long double) : length == LENGTH_LONG ? sizeof(double) : sizeof(float);
	if (letter == 'p')
		return sizeof(void *);
	if (letter == 'c' || letter == 'C')
		return (width == NONE ? 1 : width) * (wide ? sizeof(wchar_t) : 1);
	return wide ? md_calls_wide_bytes(to) : md_calls_string_bytes(to);
}

void md_calls_scan_format(struct md_calls_scope *scope, const void *format, size_t unit, bool old, va_list list, int assigned)
{
	struct cursor cursor = { .format = format, .unit = unit };
	uint32_t c;

	while ((c = next(&cursor))) {
		bool allocates = false;

		if (c != '%') {
			if (assigned <= 0 && !is_space(c)) /* nobody can say whether it was there */
				return;
			continue;
		}
		if (take(&cursor, '%')) {
			if (assigned <= 0)
				return;
			continue;
		}
		bool dropped = take(&cursor, '*');

		while (take(&cursor, '\'') || take(&cursor, 'I'))
			;
		size_t width = take_number(&cursor);

		if (take(&cursor, '$'))
			return;
		if (take(&cursor, 'm')) {
			allocates = true;
		} else if (old && peek(&cursor) == 'a') {
			struct cursor ahead = cursor;

			next(&ahead);
			if (is_in(peek(&ahead), BIT('s') | BIT('S') | BIT('['))) {
				cursor = ahead;
				allocates = true;
			}
		}
		enum length length = take_length(&cursor);
		uint32_t letter = next(&cursor);

		if (!is_in(letter, WHOLE | REAL | BIT('c') | BIT('C') | BIT('s') | BIT('S') | BIT('[') | BIT('p') | BIT('n')))
			return;
		if (assigned <= 0 && letter != 'n')
			return;
		if (letter == '[')
			skip_set(&cursor);
		if (dropped)
			continue;
		void *to = va_arg(list, void *);
		size_t bytes = allocates ? sizeof(void *) : letter == 'n' ? bytes_of(length) : written(letter, width, length, to);

		if (!md_calls_good(to, bytes))
			md_calls_bad(scope, MD_ACCESS_WRITE, to, bytes);
		assigned -= letter != 'n';
	}
}
