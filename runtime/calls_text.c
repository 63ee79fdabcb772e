/* SPDX-License-Identifier: MIT
 *
 * How far the functions of <string.h> and <wchar.h> read, within the room that the block leaves.
 *
 * What ends early is looked for in windows that grow, so that a short look into a long string stays short.
 */
#include "runtime/calls.h"

#include <limits.h>

#define WINDOW_BYTES 128
#define FIRST_BYTES 16

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static uint32_t unit_at(const void *string, size_t i, size_t unit)
{
	return unit == 1 ? ((const unsigned char *)string)[i] : ((const uint32_t *)string)[i];
}

size_t md_calls_room(const void *pointer)
{
	return md_access_room(&md_process.heap, (uintptr_t)pointer);
}

/* Index of the first unit that is c, of `count`; count if there is none. */
static size_t find_unit(const void *string, uint32_t c, size_t count, size_t unit)
{
	if (unit == 1) {
		const char *found = md_calls_real.memchr(string, (int)c, count);

		return found ? (size_t)(found - (const char *)string) : count;
	}
	const wchar_t *found = md_calls_real.wmemchr(string, (wchar_t)c, count);

	return found ? (size_t)(found - (const wchar_t *)string) : count;
}

/* Units of a string before its NUL, or `most`; SIZE_MAX if its block ends before. */
static size_t length_within(const void *string, size_t most, size_t unit)
{
	size_t room = md_calls_room(string), units = room == MD_ACCESS_ROOM_OTHER ? most : room / unit;

	if (room == MD_ACCESS_ROOM_OTHER && most == SIZE_MAX)
		return unit == 1 ? md_calls_real.strlen(string) : md_calls_real.wcslen(string);
	size_t look = least(most, units), length = look ? find_unit(string, 0, look, unit) : 0;

	return length < look || look == most ? length : SIZE_MAX;
}

bool md_calls_string_good(const void *string, size_t room, size_t most, size_t unit)
{
	size_t units = room / unit;

	return most <= units || (units && find_unit(string, 0, units, unit) < units);
}

bool md_calls_until_good(const void *string, size_t room, uint32_t stop, size_t unit)
{
	size_t units = room / unit, done = 0;

	for (size_t window = WINDOW_BYTES / unit; done < units; window *= 4) {
		const char *at = (const char *)string + done * unit;
		size_t look = least(window, units - done);

		if (find_unit(at, 0, look, unit) < look || find_unit(at, stop, look, unit) < look)
			return true;
		done += look;
	}
	return false;
}

/* --- comparing ---------------------------------------------------------------- */

static uint32_t fold(uint32_t c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* Whether a comparison of two ranges of which `units` can be read ends within them. */
static bool ends_within(const void *a, const void *b, size_t units, unsigned how)
{
	size_t unit = how & MD_CALLS_WIDE ? sizeof(wchar_t) : 1, done = 0;

	if (!(how & MD_CALLS_TEXT)) {
		for (size_t i = 0; i < units; i++)
			if (unit_at(a, i, unit) != unit_at(b, i, unit))
				return true;
		return false;
	}
	if (unit == 1 && !(how & MD_CALLS_FOLD)) { /* most comparisons end soon */
		for (; done < least(units, FIRST_BYTES); done++)
			if (((const char *)a)[done] != ((const char *)b)[done] || !((const char *)a)[done])
				return true;
	}
	for (size_t window = WINDOW_BYTES / unit; done < units; window *= 4) {
		const char *left = (const char *)a + done * unit, *right = (const char *)b + done * unit;
		size_t look = least(window, units - done), length = find_unit(left, 0, look, unit);

		if (length < look) /* as both are equal up to there, or differ before */
			return true;
		if (how & MD_CALLS_FOLD) {
			for (size_t i = 0; i < look; i++)
				if (fold(unit_at(left, i, unit)) != fold(unit_at(right, i, unit)))
					return true;
		} else if (md_calls_real.memcmp(left, right, look * unit) != 0) {
			return true;
		}
		done += look;
	}
	return false;
}

static size_t compare_units(size_t room, size_t unit)
{
	return room == MD_ACCESS_ROOM_OTHER ? SIZE_MAX : room / unit;
}

bool md_calls_compare_good(const void *a, const void *b, size_t a_room, size_t b_room, size_t most, unsigned how)
{
	size_t unit = how & MD_CALLS_WIDE ? sizeof(wchar_t) : 1;
	size_t units = least(compare_units(a_room, unit), compare_units(b_room, unit));

	/* memcmp may look at all that it was given, and is not asked to before guard pages are out of the way. */
	return most <= units || ((how & MD_CALLS_TEXT) && ends_within(a, b, units, how));
}

void md_calls_compare_bad(struct md_calls_scope *scope, const void *a, const void *b, size_t most, unsigned how)
{
	size_t unit = how & MD_CALLS_WIDE ? sizeof(wchar_t) : 1;
	size_t left = compare_units(md_calls_room(a), unit), right = compare_units(md_calls_room(b), unit), units = least(left, right);
	/* One more than there is, at least; all of it, if bytes are compared. */
	size_t bytes = how & MD_CALLS_TEXT ? (units + 1) * unit : md_calls_product(most, unit);

	if (!(how & MD_CALLS_TEXT)) {
		md_calls_clear(a, bytes);
		md_calls_clear(b, bytes);
		if (ends_within(a, b, units, how))
			return;
	}
	if (left == units)
		md_calls_bad(scope, MD_ACCESS_READ, a, bytes);
	if (right == units)
		md_calls_bad(scope, MD_ACCESS_READ, b, bytes);
}

/* --- copying ------------------------------------------------------------------ */

/* What a copy touches: bytes read from the source, written from `start` bytes into the destination on. */
struct copy {
	size_t read, start, write;
	bool to_unended, from_unended; /* no NUL in the block: the rest is not known */
};

static struct copy measure(const void *to, const void *from, size_t most, unsigned how)
{
	size_t unit = how & MD_CALLS_COPY_WIDE ? sizeof(wchar_t) : 1;
	struct copy copy = { 0 };

	if (how & MD_CALLS_APPEND) {
		size_t used = length_within(to, SIZE_MAX, unit);

		copy.to_unended = used == SIZE_MAX;
		copy.start = copy.to_unended ? 0 : used * unit;
	}
	size_t length = most ? length_within(from, most, unit) : 0;

	copy.from_unended = length == SIZE_MAX;
	if (copy.from_unended) {
		copy.write = how & MD_CALLS_PAD ? md_calls_product(most, unit) : 0;
		return copy;
	}
	copy.read = length < most ? (length + 1) * unit : most * unit;
	if (how & MD_CALLS_PAD)
		copy.write = md_calls_product(most, unit);
	else if (how & MD_CALLS_TERMINATE)
		copy.write = (length + 1) * unit;
	else
		copy.write = copy.read;
	return copy;
}

/* The padding of strncpy does not count. */
static bool copy_overlaps(const void *to, const void *from, const struct copy *copy)
{
	return md_calls_overlap((const char *)to + copy->start, least(copy->write, copy->read), from, copy->read);
}

/* Bytes of a string with its NUL; 0 if it does not end in its room. */
static inline size_t bytes_within(const char *string, size_t room)
{
	if (room == MD_ACCESS_ROOM_OTHER)
		return md_calls_real.strlen(string) + 1;
	const char *end = room ? md_calls_real.memchr(string, 0, room) : NULL;

	return end ? (size_t)(end - string) + 1 : 0;
}

/* The commonest cases in short: strcpy, strcat. */
static bool is_text_copy_good(const char *to, const char *from, size_t to_room, size_t from_room, unsigned how)
{
	size_t used = how & MD_CALLS_APPEND ? bytes_within(to, to_room) : 1, bytes = used ? bytes_within(from, from_room) : 0;

	if (!bytes)
		return false;
	used--;
	return bytes <= to_room - used && !md_calls_overlap(to + used, bytes, from, bytes);
}

bool md_calls_copy_good(const void *to, const void *from, size_t to_room, size_t from_room, size_t most, unsigned how)
{
	if (most == SIZE_MAX && (how & ~(unsigned)MD_CALLS_APPEND) == MD_CALLS_PLAIN)
		return is_text_copy_good(to, from, to_room, from_room, how);
	struct copy copy = measure(to, from, most, how);

	return !copy.to_unended && !copy.from_unended && copy.write <= SIZE_MAX - copy.start &&
		md_calls_good(to, copy.start + copy.write) && !copy_overlaps(to, from, &copy);
}

void md_calls_copy_bad(struct md_calls_scope *scope, void *to, const void *from, size_t most, unsigned how)
{
	size_t unit = how & MD_CALLS_COPY_WIDE ? sizeof(wchar_t) : 1;
	struct copy copy = measure(to, from, most, how);

	if (copy.to_unended)
		md_calls_bad_string(scope, to, unit);
	if (copy.from_unended)
		md_calls_bad_string(scope, from, unit);
	if (!copy.to_unended && !md_calls_good(to, copy.start + copy.write)) /* an appended part is named by where it begins */
		md_calls_bad(scope, MD_ACCESS_WRITE, (char *)to + copy.start, copy.write);
	if (!copy.to_unended && !copy.from_unended && copy_overlaps(to, from, &copy))
		md_calls_bad_overlap(scope, how & MD_CALLS_APPEND ? MD_ERROR_STRCAT_PARAM_OVERLAP : MD_ERROR_STRCPY_PARAM_OVERLAP,
			(char *)to + copy.start, copy.write, from, copy.read);
}

/* --- strings ------------------------------------------------------------------ */

void md_calls_bad_string(struct md_calls_scope *scope, const void *string, size_t unit)
{
	size_t room = md_calls_room(string);

	if (room != MD_ACCESS_ROOM_OTHER)
		md_calls_bad(scope, MD_ACCESS_READ, string, room / unit * unit + unit);
}

size_t md_calls_string_bytes(const char *string)
{
	return string ? md_calls_real.strlen(string) + 1 : 0;
}

size_t md_calls_string_bytes_max(const char *string, size_t n)
{
	size_t length = md_calls_real.strnlen(string, n);

	return length < n ? length + 1 : n;
}

size_t md_calls_wide_bytes(const wchar_t *string)
{
	return string ? (md_calls_real.wcslen(string) + 1) * sizeof *string : 0;
}

size_t md_calls_multibyte_bytes(const char *from, size_t n)
{
	mbstate_t state = { 0 };
	size_t at = 0;

	if (!from || md_calls_string(from, SIZE_MAX, 1))
		return 0;
	for (; n; n--) {
		size_t bytes = md_calls_real.mbrlen(from + at, MB_LEN_MAX, &state);

		if (bytes == 0 || bytes > MB_LEN_MAX) /* the NUL; not a character */
			return at + 1;
		at += bytes;
	}
	return at;
}

size_t md_calls_converted_bytes(const wchar_t *from, size_t n)
{
	mbstate_t state = { 0 };
	char character[MB_LEN_MAX];
	size_t at = 0;

	if (!from || md_calls_string(from, SIZE_MAX, sizeof *from))
		return 0;
	while (n) {
		size_t bytes = md_calls_real.wcrtomb(character, from[at], &state);

		if (!from[at++] || bytes == (size_t)-1 || bytes > n)
			break;
		n -= bytes;
	}
	return at * sizeof *from;
}

size_t md_calls_kept_bytes(const void *kept, const void *now, const void *to, size_t result, size_t most, size_t unit)
{
	bool failed = result == (size_t)-1;

	if (!kept)
		return 0;
	if (failed && !to) /* the pointer stays: as far as what is no character */
		return least(unit == 1 ? md_calls_multibyte_bytes(kept, SIZE_MAX) : md_calls_converted_bytes(kept, SIZE_MAX),
			md_calls_product(most, unit));
	if (to && now)
		return (size_t)((const char *)now - (const char *)kept) + (failed ? unit : 0);
	if (unit == 1)
		return most == SIZE_MAX ? md_calls_string_bytes(kept) : md_calls_string_bytes_max(kept, most);
	size_t length = md_calls_real.wcsnlen(kept, most);

	return (length < most ? length + 1 : most) * unit;
}

size_t md_calls_narrow_bytes(const wchar_t *from, size_t written, size_t n)
{
	if (written >= n || length_within(from, SIZE_MAX, sizeof *from) == SIZE_MAX)
		return written < n ? written : n;
	return md_calls_real.wcstombs(NULL, from, 0) == written ? written + 1 : written;
}

/* --- numbers ------------------------------------------------------------------- */

/* A string that is looked at unit by unit, up to the end of its block. */
struct reader {
	const void *string;
	size_t units, at, unit;
	bool beyond; /* it was asked for more */
};

static uint32_t peek(struct reader *reader)
{
	if (reader->at < reader->units)
		return unit_at(reader->string, reader->at, reader->unit);
	reader->beyond = true;
	return 0;
}

static bool is_space(uint32_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static unsigned digit_value(uint32_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = fold(c);
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

static void skip_digits(struct reader *reader, unsigned base)
{
	while (!reader->beyond && digit_value(peek(reader)) < base)
		reader->at++;
}

/* Past white space and a sign. */
static void skip_start(struct reader *reader)
{
	while (!reader->beyond && is_space(peek(reader)))
		reader->at++;
	if (peek(reader) == '+' || peek(reader) == '-')
		reader->at++;
}

/* Whole numbers: 0x and 0b may begin them; whether what follows is looked at as a digit depends on it. */
static void read_whole(struct reader *reader, unsigned base)
{
	skip_start(reader);
	if (!reader->beyond && peek(reader) == '0' && (base == 0 || base == 16 || base == 2)) {
		reader->at++;
		if (!reader->beyond && fold(peek(reader)) == 'x' && base != 2) {
			reader->at++;
			base = 16;
		} else if (base == 0) {
			base = 8;
		}
	} else if (base == 0) {
		base = 10;
	}
	skip_digits(reader, base);
}

static void read_with_point(struct reader *reader)
{
	unsigned base = 10;
	size_t start;

	skip_start(reader);
	start = reader->at;
	if (peek(reader) == '0') {
		reader->at++;
		if (!reader->beyond && fold(peek(reader)) == 'x') {
			reader->at++;
			base = 16;
		}
	}
	skip_digits(reader, base);
	if (peek(reader) == '.') {
		reader->at++;
		skip_digits(reader, base);
	}
	/* The exponent's own digits are read only after a digit; what comes after the letter is looked at in any case. */
	if (fold(peek(reader)) == (base == 16 ? 'p' : 'e') && reader->at > start) {
		reader->at++;
		if (peek(reader) == '+' || peek(reader) == '-')
			reader->at++;
		skip_digits(reader, 10);
	}
}

bool md_calls_number_good(const void *string, size_t room, int base, size_t unit)
{
	struct reader reader = { .string = string, .units = room / unit, .unit = unit };

	if (base == -1)
		read_with_point(&reader);
	else
		read_whole(&reader, (unsigned)base);
	return !reader.beyond;
}
