/* SPDX-License-Identifier: MIT
 *
 * The bytes of a block in an ordinary slot, sixteen at a time: the way that every malloc and free goes.
 *
 * The user bytes begin, and the slot ends, at a multiple of 16, so only the vector in which the user bytes end is mixed: the block's bytes
 * up to there, the pattern behind. What the functions say is the same as pattern.h says of the ranges, byte for byte.
 *
 *     user                    user + size                    slot_end
 *     | user bytes ...        | slack, pattern | red zone    |
 *     |---- 16 ----|---- 16 ----|---- 16 ----|---- 16 ----|
 *                         the mixed vector
 *
 * Allocation and signal safety   functions over memory that must be mapped.
 */
#ifndef MD_SLOT_BYTES_H
#define MD_SLOT_BYTES_H

#include "src/layout.h"
#include "src/pattern.h"

/* Bytes from the given one of a vector on are all ones: a window on the edge between the two halves. */
static const unsigned char md_slot_edge[32] = { [16] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static inline md_vector md_slot_mask(size_t from)
{
	return md_load_vector((uintptr_t)md_slot_edge + 16 - from);
}

static inline md_vector md_slot_fill_vector(unsigned char byte)
{
	uint64_t word = byte * 0x0101010101010101ull;

	return (md_vector){ word, word };
}

static inline bool md_vector_is_zero(md_vector vector)
{
	return !(vector[0] | vector[1]);
}

/* Paints the slack behind user + size; the red zone that ends the slot carries the pattern already. Up to 15 of the user bytes are changed,
 * unless they are to be kept. */
static inline __attribute__((always_inline)) void md_slot_paint(uint64_t secret, uintptr_t user, size_t size, uintptr_t slot_end, bool keep)
{
	uintptr_t end = slot_end - MD_REDZONE_BYTES, at = (user + size) & ~(uintptr_t)15;
	md_vector mixed = md_pattern_mixed(secret, at);

	if (keep && at < end) {
		md_vector mask = md_slot_mask(size & 15);

		md_store_vector(at, (md_load_vector(at) & ~mask) | (md_pattern_vector(mixed) & mask));
		at += 16;
		mixed += MD_PATTERN_NEXT;
	}
	for (; at < end; at += 16) {
		md_store_vector(at, md_pattern_vector(mixed));
		mixed += MD_PATTERN_NEXT;
	}
}

/* Whether the red zone before the slot, the slack and the red zone that ends it are as they should be. */
static inline __attribute__((always_inline)) bool md_slot_intact(uint64_t secret, uintptr_t user, size_t size, uintptr_t slot_end)
{
	uintptr_t front = user - MD_REDZONE_BYTES, at = (user + size) & ~(uintptr_t)15;
	md_vector mixed = md_pattern_mixed(secret, at);
	md_vector unequal = (md_load_vector(front) ^ md_pattern_vector(md_pattern_mixed(secret, front))) |
		((md_load_vector(at) ^ md_pattern_vector(mixed)) & md_slot_mask(size & 15));

	for (at += 16; at < slot_end; at += 16) {
		mixed += MD_PATTERN_NEXT;
		unequal |= md_load_vector(at) ^ md_pattern_vector(mixed);
	}
	return md_vector_is_zero(unequal);
}

/* Fills all user bytes of a freed block. */
static inline __attribute__((always_inline)) void md_slot_fill(unsigned char byte, uintptr_t user, size_t size)
{
	md_vector fill = md_slot_fill_vector(byte);
	uintptr_t last = (user + size) & ~(uintptr_t)15;

	for (uintptr_t at = user; at < last; at += 16)
		md_store_vector(at, fill);
	if (size & 15) {
		md_vector mask = md_slot_mask(size & 15);

		md_store_vector(last, (fill & ~mask) | (md_load_vector(last) & mask));
	}
}

/* Whether the user bytes carry the fill, and what lies behind them to the end of the slot the pattern. */
static inline __attribute__((always_inline)) bool md_slot_filled(unsigned char byte, uint64_t secret, uintptr_t user, size_t size, uintptr_t slot_end)
{
	md_vector fill = md_slot_fill_vector(byte), unequal = { 0 };
	uintptr_t at = user, last = (user + size) & ~(uintptr_t)15;
	md_vector mask = md_slot_mask(size & 15), mixed = md_pattern_mixed(secret, last);

	for (; at < last; at += 16)
		unequal |= md_load_vector(at) ^ fill;
	unequal |= md_load_vector(at) ^ ((fill & ~mask) | (md_pattern_vector(mixed) & mask));
	for (at += 16; at < slot_end; at += 16) {
		mixed += MD_PATTERN_NEXT;
		unequal |= md_load_vector(at) ^ md_pattern_vector(mixed);
	}
	return md_vector_is_zero(unequal);
}

#endif
