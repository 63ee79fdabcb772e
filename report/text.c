/* SPDX-License-Identifier: MIT */
#include "report/text.h"

#include <stdarg.h>
#include <string.h>

#define DIGITS_MAX 20 /* of a 64-bit number in decimal */

void md_text_init(struct md_text *text, char *buffer, size_t capacity, bool color)
{
	*text = (struct md_text){ .buffer = buffer, .capacity = capacity, .color = color };
}

void md_text_put_n(struct md_text *text, const char *bytes, size_t count)
{
	size_t room = text->capacity - text->length;

	/* Once something is missing nothing may follow it: a later, shorter piece would read as if it belonged there. */
	if (text->cut)
		return;
	if (count > room) {
		count = room;
		text->cut = true;
	}
	if (count)
		memcpy(text->buffer + text->length, bytes, count);
	text->length += count;
}

void md_text_put(struct md_text *text, const char *string)
{
	if (!string)
		string = "(null)";
	md_text_put_n(text, string, strlen(string));
}

void md_text_char(struct md_text *text, char c)
{
	md_text_put_n(text, &c, 1);
}

void md_text_repeat(struct md_text *text, char c, size_t count)
{
	while (count-- && !text->cut)
		md_text_char(text, c);
}

void md_text_uint(struct md_text *text, uint64_t value)
{
	char digits[DIGITS_MAX];
	size_t at = sizeof digits;

	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	md_text_put_n(text, digits + at, sizeof digits - at);
}

void md_text_int(struct md_text *text, int64_t value)
{
	if (value < 0)
		md_text_char(text, '-');
	md_text_uint(text, value < 0 ? -(uint64_t)value : (uint64_t)value); /* unsigned negation: right for INT64_MIN too */
}

void md_text_hex(struct md_text *text, uint64_t value, unsigned min_digits)
{
	char digits[16];
	size_t at = sizeof digits;

	do
		digits[--at] = "0123456789abcdef"[value & 15];
	while (value >>= 4);
	while (sizeof digits - at < min_digits && at)
		digits[--at] = '0';
	md_text_put_n(text, digits + at, sizeof digits - at);
}

void md_text_addr(struct md_text *text, uintptr_t addr)
{
	md_text_put(text, "0x");
	md_text_hex(text, addr, 12);
}

void md_text_bytes(struct md_text *text, uint64_t bytes)
{
	md_text_uint(text, bytes);
	md_text_put(text, bytes == 1 ? " byte" : " bytes");
}

void md_text_size(struct md_text *text, uint64_t bytes)
{
	static const char *const units[] = { " B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB" };
	unsigned unit = 0;
	uint64_t tenths = 0;

	if (bytes < 1024) {
		md_text_uint(text, bytes);
		md_text_put(text, units[0]);
		return;
	}
	/* Rounding may carry into the next unit: 1 048 575 is 1.0 MiB and not 1024.0 KiB. */
	do {
		unsigned shift = 10 * ++unit;
		uint64_t rest = bytes & ((1ull << shift) - 1);

		tenths = (bytes >> shift) * 10 + ((rest * 10 + (1ull << (shift - 1))) >> shift);
	} while (tenths >= 10240 && unit < 6);
	md_text_uint(text, tenths / 10);
	md_text_char(text, '.');
	md_text_uint(text, tenths % 10);
	md_text_put(text, units[unit]);
}

/* Characters a reader sees: neither colour sequences nor the later bytes of one UTF-8 character count. */
static size_t visible_length(const char *bytes, size_t count)
{
	size_t visible = 0;

	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\033') {
			while (i < count && bytes[i] != 'm')
				i++;
			continue;
		}
		visible += ((unsigned char)bytes[i] & 0xc0) != 0x80;
	}
	return visible;
}

void md_text_pad(struct md_text *text, size_t from, size_t width)
{
	size_t visible = from < text->length ? visible_length(text->buffer + from, text->length - from) : 0;

	if (visible < width)
		md_text_repeat(text, ' ', width - visible);
}

void md_text_color(struct md_text *text, enum md_color color)
{
	static const char *const sequences[] = {
		[MD_PLAIN] = "\033[0m",
		[MD_BOLD] = "\033[1m",
		[MD_RED] = "\033[1;31m",
		[MD_GREEN] = "\033[32m",
		[MD_YELLOW] = "\033[33m",
		[MD_BLUE] = "\033[34m",
		[MD_MAGENTA] = "\033[35m",
		[MD_CYAN] = "\033[36m",
		[MD_GREY] = "\033[90m",
	};
	const char *sequence = sequences[color];

	if (!text->color)
		return;
	/* Half a sequence would swallow what the terminal is sent next. */
	if (strlen(sequence) > text->capacity - text->length)
		text->cut = true;
	else
		md_text_put(text, sequence);
}

size_t md_utf8_decode(const unsigned char *bytes, size_t count, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = bytes[0] < 0x80 ? 1 : bytes[0] >> 5 == 6 ? 2 : bytes[0] >> 4 == 14 ? 3 : bytes[0] >> 3 == 30 ? 4 : 0;

	if (length == 0 || length > count)
		return 0;
	*code = length == 1 ? bytes[0] : bytes[0] & (0x7f >> length);
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (bytes[i] & 0x3f);
	}
	if (*code < least[length] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return length;
}

/* What could move the cursor, end a line, or show a line in another order than its bytes. */
static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void md_text_safe(struct md_text *text, const char *string)
{
	const unsigned char *bytes = (const unsigned char *)(string ? string : "(null)");
	uint32_t code = 0;

	while (*bytes && !text->cut) {
		size_t length = md_utf8_decode(bytes, MD_UTF8_BYTES_MAX, &code); /* the NUL ends it before */

		if (length == 0 || is_control(code))
			md_text_char(text, '?');
		else if (length > text->capacity - text->length)
			text->cut = true; /* no half characters */
		else
			md_text_put_n(text, (const char *)bytes, length);
		bytes += length ? length : 1;
	}
}

void md_textf(struct md_text *text, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	while (*format) {
		size_t plain = strcspn(format, "%");

		md_text_put_n(text, format, plain);
		format += plain;
		if (!*format)
			break;
		bool wide = format[1] == 'l';
		char kind = format[wide ? 2 : 1];

		switch (kind) {
		case 's':
			md_text_put(text, va_arg(list, const char *));
			break;
		case 'S':
			md_text_safe(text, va_arg(list, const char *));
			break;
		case 'c':
			md_text_char(text, (char)va_arg(list, int));
			break;
		case 'd':
			md_text_int(text, wide ? va_arg(list, int64_t) : va_arg(list, int));
			break;
		case 'u':
			md_text_uint(text, wide ? va_arg(list, uint64_t) : va_arg(list, unsigned));
			break;
		case 'x':
			md_text_hex(text, wide ? va_arg(list, uint64_t) : va_arg(list, unsigned), 1);
			break;
		case 'p':
			md_text_addr(text, va_arg(list, uintptr_t));
			break;
		case 'B':
			md_text_bytes(text, va_arg(list, uint64_t));
			break;
		case '%':
			md_text_char(text, '%');
			break;
		default: /* a mistake of ours: show it, and read no argument */
			md_text_put_n(text, format, wide ? 2 : 1);
			format += wide ? 2 : 1;
			continue;
		}
		format += wide ? 3 : 2;
	}
	va_end(list);
}
