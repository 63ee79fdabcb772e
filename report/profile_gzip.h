/* SPDX-License-Identifier: MIT
 *
 * Gzip (RFC 1952) for profiles: piece by piece, each a block of deflate (RFC 1951) with the fixed codes, which finds repetitions within its
 * piece only. That makes a quarter to a half of a profile, with no tables to build and little memory; a profile is written rarely and read
 * by programs that unpack anything.
 *
 * Allocation and signal safety   none, and async-signal-safe; the state (16 kB) is the caller's.
 */
#ifndef MD_PROFILE_GZIP_H
#define MD_PROFILE_GZIP_H

#include <stddef.h>
#include <stdint.h>

#include "report/text.h"

#define MD_GZIP_PIECE_MAX ((size_t)32768)
#define MD_GZIP_HASH_BITS 13

/* Room that a piece of so many bytes may take: no code is longer than 9 bits; 32 for what begins and ends a block or the file. */
#define MD_GZIP_ROOM(bytes) ((bytes) + (bytes) / 8 + 32)

struct md_gzip {
	uint32_t crc, bytes; /* of what was put in */
	uint64_t bits;       /* not written yet */
	unsigned bit_count;
	uint16_t heads[1 << MD_GZIP_HASH_BITS]; /* place + 1 of the last occurrence; 0: none */
};

/* The head of the file. */
void md_gzip_begin(struct md_gzip *gzip, struct md_text *out);

/* A piece of at most MD_GZIP_PIECE_MAX bytes; out must have MD_GZIP_ROOM for it. */
void md_gzip_put(struct md_gzip *gzip, const void *piece, size_t bytes, struct md_text *out);

/* The end of the file; takes MD_GZIP_ROOM(0). */
void md_gzip_end(struct md_gzip *gzip, struct md_text *out);

/* CRC-32 of bytes that follow others with that one; 0 to begin. */
uint32_t md_gzip_crc(uint32_t crc, const void *bytes, size_t count);

#endif
