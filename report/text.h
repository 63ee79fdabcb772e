/* SPDX-License-Identifier: MIT
 *
 * Text: numbers, addresses and strings into a bounded buffer. No allocation, no stdio, no locale; async-signal-safe.
 *
 * What does not fit is cut off at the end and remembered in `cut`, so that the sink can say so.
 */
#ifndef MD_TEXT_H
#define MD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct md_text {
	char *buffer;
	size_t capacity; /* bytes in buffer */
	size_t length;   /* bytes written; buffer is not NUL-terminated */
	bool cut;
	bool color; /* whether md_text_color writes anything */
};

enum md_color { MD_PLAIN, MD_BOLD, MD_RED, MD_GREEN, MD_YELLOW, MD_BLUE, MD_MAGENTA, MD_CYAN, MD_GREY };

void md_text_init(struct md_text *text, char *buffer, size_t capacity, bool color);
void md_text_put(struct md_text *text, const char *string); /* NULL prints (null) */
void md_text_put_n(struct md_text *text, const char *bytes, size_t count);
void md_text_char(struct md_text *text, char c);
void md_text_repeat(struct md_text *text, char c, size_t count);
void md_text_uint(struct md_text *text, uint64_t value);
void md_text_int(struct md_text *text, int64_t value);
void md_text_hex(struct md_text *text, uint64_t value, unsigned min_digits); /* no 0x */
void md_text_addr(struct md_text *text, uintptr_t addr);                     /* 0x and 12 digits, as ASan prints */
void md_text_bytes(struct md_text *text, uint64_t bytes);                    /* "17 bytes", "1 byte" */
void md_text_size(struct md_text *text, uint64_t bytes);                     /* "17 B", "1.2 KiB", "3.0 MiB": short, for tables */
void md_text_pad(struct md_text *text, size_t from, size_t width);           /* spaces until width characters since length `from` */
void md_text_color(struct md_text *text, enum md_color color);
/* Text from outside (symbol, thread, file names): control and escape characters are replaced by '?'; valid UTF-8 stays. */
void md_text_safe(struct md_text *text, const char *string);

#define MD_UTF8_BYTES_MAX 4

/* Length of the valid UTF-8 character at bytes, of which at most `count` (not 0) are looked at, none behind a NUL; 0: there is none.
 * *code is the character. */
size_t md_utf8_decode(const unsigned char *bytes, size_t count, uint32_t *code);

/* printf for our few needs: %s %S(safe) %c %u(unsigned) %lu(uint64_t) %d %x %lx %p(address as md_text_addr) %B(uint64_t bytes as
 * md_text_bytes) %%. */
void md_textf(struct md_text *text, const char *format, ...);

#endif
