/* SPDX-License-Identifier: MIT */
#include "report/profile_gzip.h"

#include <string.h>

#define MATCH_MIN 4 /* shorter ones would need another hash, and save nothing against the fixed codes */
#define MATCH_MAX 258
#define END_OF_BLOCK 256

/* Half a byte at a time: 64 bytes of table. */
static const uint32_t crc_table[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320,
	0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };

uint32_t md_gzip_crc(uint32_t crc, const void *bytes, size_t count)
{
	const unsigned char *at = bytes;

	crc = ~crc;
	for (; count; at++, count--) {
		crc ^= *at;
		crc = crc >> 4 ^ crc_table[crc & 15];
		crc = crc >> 4 ^ crc_table[crc & 15];
	}
	return ~crc;
}

/* Least significant bit first. */
static void put_bits(struct md_gzip *gzip, struct md_text *out, uint32_t bits, unsigned count)
{
	gzip->bits |= (uint64_t)bits << gzip->bit_count;
	gzip->bit_count += count;
	while (gzip->bit_count >= 8) {
		md_text_char(out, (char)(gzip->bits & 0xff));
		gzip->bits >>= 8;
		gzip->bit_count -= 8;
	}
}

/* Codes come most significant bit first. */
static void put_code(struct md_gzip *gzip, struct md_text *out, uint32_t code, unsigned count)
{
	uint32_t turned = 0;

	for (unsigned i = 0; i < count; i++)
		turned |= (code >> i & 1) << (count - 1 - i);
	put_bits(gzip, out, turned, count);
}

/* RFC 1951, 3.2.6. */
static void put_symbol(struct md_gzip *gzip, struct md_text *out, unsigned symbol)
{
	if (symbol < 144)
		put_code(gzip, out, 0x30 + symbol, 8);
	else if (symbol < 256)
		put_code(gzip, out, 0x190 + symbol - 144, 9);
	else if (symbol < 280)
		put_code(gzip, out, symbol - 256, 7);
	else
		put_code(gzip, out, 0xc0 + symbol - 280, 8);
}

static unsigned log2_of(unsigned value)
{
	return 31 - (unsigned)__builtin_clz(value);
}

/* RFC 1951, 3.2.5: from 3 on, four codes for each power of two, the rest in bits behind; the longest has a code of its own. */
static void put_length(struct md_gzip *gzip, struct md_text *out, unsigned length)
{
	unsigned value = length - 3;

	if (length == MATCH_MAX) {
		put_symbol(gzip, out, 285);
	} else if (value < 8) {
		put_symbol(gzip, out, 257 + value);
	} else {
		unsigned extra = log2_of(value) - 2;

		put_symbol(gzip, out, 257 + 4 * extra + (value >> extra));
		put_bits(gzip, out, value & ((1u << extra) - 1), extra);
	}
}

/* From 1 on, two codes for each power of two. */
static void put_distance(struct md_gzip *gzip, struct md_text *out, unsigned distance)
{
	unsigned value = distance - 1;

	if (value < 4) {
		put_code(gzip, out, value, 5);
	} else {
		unsigned extra = log2_of(value) - 1;

		put_code(gzip, out, 2 * extra + (value >> extra), 5);
		put_bits(gzip, out, value & ((1u << extra) - 1), extra);
	}
}

void md_gzip_begin(struct md_gzip *gzip, struct md_text *out)
{
	/* deflate, no name, no time, made on Unix */
	static const char head[10] = { '\x1f', '\x8b', 8, 0, 0, 0, 0, 0, 0, 3 };

	memset(gzip, 0, sizeof *gzip);
	md_text_put_n(out, head, sizeof head);
}

static size_t match_length(const unsigned char *a, const unsigned char *b, size_t left)
{
	size_t length = 0;

	if (left > MATCH_MAX)
		left = MATCH_MAX;
	while (length < left && a[length] == b[length])
		length++;
	return length;
}

static unsigned hash_of(const unsigned char *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof word);
	return word * 0x9e3779b1u >> (32 - MD_GZIP_HASH_BITS);
}

void md_gzip_put(struct md_gzip *gzip, const void *piece, size_t bytes, struct md_text *out)
{
	const unsigned char *data = piece;

	if (!bytes)
		return;
	gzip->crc = md_gzip_crc(gzip->crc, piece, bytes);
	gzip->bytes += (uint32_t)bytes;
	memset(gzip->heads, 0, sizeof gzip->heads);
	put_bits(gzip, out, 0, 1); /* not the last block */
	put_bits(gzip, out, 1, 2); /* fixed codes */
	for (size_t at = 0; at < bytes;) {
		size_t length = 0, from = 0;

		if (bytes - at >= MATCH_MIN) {
			uint16_t *head = &gzip->heads[hash_of(data + at)];

			if (*head) {
				from = *head - 1u;
				length = match_length(data + from, data + at, bytes - at);
			}
			*head = (uint16_t)(at + 1);
		}
		if (length < MATCH_MIN) {
			put_symbol(gzip, out, data[at++]);
			continue;
		}
		put_length(gzip, out, (unsigned)length);
		put_distance(gzip, out, (unsigned)(at - from));
		for (size_t i = at + 1; i < at + length && bytes - i >= MATCH_MIN; i++)
			gzip->heads[hash_of(data + i)] = (uint16_t)(i + 1);
		at += length;
	}
	put_symbol(gzip, out, END_OF_BLOCK);
}

static void put_uint32(struct md_text *out, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		md_text_char(out, (char)(value >> 8 * i & 0xff));
}

void md_gzip_end(struct md_gzip *gzip, struct md_text *out)
{
	put_bits(gzip, out, 1, 1); /* an empty last block */
	put_bits(gzip, out, 1, 2);
	put_symbol(gzip, out, END_OF_BLOCK);
	if (gzip->bit_count)
		put_bits(gzip, out, 0, 8 - gzip->bit_count);
	put_uint32(out, gzip->crc);
	put_uint32(out, gzip->bytes);
}
