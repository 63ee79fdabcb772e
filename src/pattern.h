/* SPDX-License-Identifier: MIT
 *
 * Pattern: the bytes we write into red zones and slack, and how we find out which of them were changed.
 *
 * A byte depends on its address and on a secret of the process, so that a copy of a red zone to another place is noticed. Every one lies in
 * 0x80-0xbf: the NUL of an off-by-one terminator, ASCII text, small integers and 0xff all differ from whatever stands there.
 *
 * Allocation and signal safety   pure functions over memory that must be mapped.
 * Background   Linux mm/kfence (2020): canary bytes that depend on their address.
 */
#ifndef MD_PATTERN_H
#define MD_PATTERN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes that differ from what should be there. byte_count is 0 if none does, and then the rest is 0. */
struct md_damage {
	uintptr_t first; /* address of the first that differs */
	uintptr_t end;   /* one past the last */
	size_t byte_count;
};

#define MD_FILL_INLINE_MAX 256 /* longer fills are the C library's */

#define MD_PATTERN_STEP 0x9e3779b97f4a7c15ull /* what one more in the address adds, before bits are masked */
#define MD_PATTERN_MASK 0x3f3f3f3f3f3f3f3full
#define MD_PATTERN_BITS 0x8080808080808080ull

/* Sixteen bytes at once, in any vector unit there is. */
typedef uint64_t md_vector __attribute__((vector_size(16)));

/* The eight bytes that belong at addr, a multiple of 8. */
static inline uint64_t md_pattern_word(uint64_t secret, uintptr_t addr)
{
	return ((secret + addr) * MD_PATTERN_STEP & MD_PATTERN_MASK) | MD_PATTERN_BITS;
}

static inline unsigned char md_pattern_byte(uint64_t secret, uintptr_t addr)
{
	return (unsigned char)(md_pattern_word(secret, addr & ~(uintptr_t)7) >> (addr & 7) * 8);
}

static inline uint64_t md_load_word(uintptr_t addr)
{
	uint64_t word;

	memcpy(&word, (const void *)addr, sizeof word);
	return word;
}

static inline void md_store_word(uintptr_t addr, uint64_t word)
{
	memcpy((void *)addr, &word, sizeof word);
}

static inline md_vector md_load_vector(uintptr_t addr)
{
	md_vector vector;

	memcpy(&vector, (const void *)addr, sizeof vector);
	return vector;
}

static inline void md_store_vector(uintptr_t addr, md_vector vector)
{
	memcpy((void *)addr, &vector, sizeof vector);
}

/* Before bits are masked: of the 16 bytes at addr. Those at addr + 16 come from adding MD_PATTERN_NEXT. */
static inline md_vector md_pattern_mixed(uint64_t secret, uintptr_t addr)
{
	uint64_t mixed = (secret + addr) * MD_PATTERN_STEP;

	return (md_vector){ mixed, mixed + 8 * MD_PATTERN_STEP };
}

#define MD_PATTERN_NEXT ((md_vector){ 16 * MD_PATTERN_STEP, 16 * MD_PATTERN_STEP })

static inline md_vector md_pattern_vector(md_vector mixed)
{
	return (mixed & (md_vector){ MD_PATTERN_MASK, MD_PATTERN_MASK }) | (md_vector){ MD_PATTERN_BITS, MD_PATTERN_BITS };
}

/* Paints [begin, end). end is a multiple of 8; the bytes before begin in its word are kept (they are read and written back). */
static inline void md_pattern_paint(uint64_t secret, uintptr_t begin, uintptr_t end)
{
	unsigned head = begin & 7;

	if (head && begin < end) {
		uintptr_t word = begin - head;
		uint64_t mask = ~(uint64_t)0 << head * 8;

		md_store_word(word, (md_load_word(word) & ~mask) | (md_pattern_word(secret, word) & mask));
		begin = word + 8;
	}
	if (begin + 16 <= end) {
		md_vector mixed = md_pattern_mixed(secret, begin);

		do {
			md_store_vector(begin, md_pattern_vector(mixed));
			mixed += MD_PATTERN_NEXT;
			begin += 16;
		} while (begin + 16 <= end);
	}
	if (begin < end)
		md_store_word(begin, md_pattern_word(secret, begin));
}

/* The same where end may be any address; begin is a multiple of 8. */
static inline void md_pattern_paint_any(uint64_t secret, uintptr_t begin, uintptr_t end)
{
	uintptr_t whole = end & ~(uintptr_t)7;

	md_pattern_paint(secret, begin, whole);
	for (; whole < end; whole++)
		*(unsigned char *)whole = md_pattern_byte(secret, whole);
}

/* True if [begin, end) is as md_pattern_paint left it; end is a multiple of 8. */
static inline int md_pattern_intact(uint64_t secret, uintptr_t begin, uintptr_t end)
{
	uint64_t differs = 0;
	unsigned head = begin & 7;

	if (head && begin < end) {
		uintptr_t word = begin - head;

		differs = (md_load_word(word) ^ md_pattern_word(secret, word)) >> head * 8;
		begin = word + 8;
	}
	if (begin + 16 <= end) {
		md_vector mixed = md_pattern_mixed(secret, begin), unequal = { 0 };

		do {
			unequal |= md_load_vector(begin) ^ md_pattern_vector(mixed);
			mixed += MD_PATTERN_NEXT;
			begin += 16;
		} while (begin + 16 <= end);
		differs |= unequal[0] | unequal[1];
	}
	if (begin < end)
		differs |= md_load_word(begin) ^ md_pattern_word(secret, begin);
	return differs == 0;
}

/* The same where end may be any address; begin is a multiple of 8. */
static inline int md_pattern_intact_any(uint64_t secret, uintptr_t begin, uintptr_t end)
{
	uintptr_t whole = end & ~(uintptr_t)7;

	if (__builtin_expect(!md_pattern_intact(secret, begin, whole), 0))
		return 0;
	for (; __builtin_expect(whole < end, 0); whole++)
		if (*(const unsigned char *)whole != md_pattern_byte(secret, whole))
			return 0;
	return 1;
}

/* Locates what differs from the pattern in [begin, end): any addresses. */
struct md_damage md_pattern_check(uint64_t secret, uintptr_t begin, uintptr_t end);

/* Locates what differs from byte in [begin, end). */
struct md_damage md_fill_check(unsigned char byte, uintptr_t begin, uintptr_t end);


/* True if all of [begin, end) is byte. */
static inline int md_fill_intact(unsigned char byte, uintptr_t begin, uintptr_t end)
{
	uint64_t word = byte * 0x0101010101010101ull, differs = 0;
	md_vector vector = { word, word }, unequal = { 0 };
	size_t bytes = end - begin;

	if (__builtin_expect(bytes >= 16, 1)) {
		for (; begin + 64 < end; begin += 64)
			unequal |= (md_load_vector(begin) ^ vector) | (md_load_vector(begin + 16) ^ vector) | (md_load_vector(begin + 32) ^ vector) |
				(md_load_vector(begin + 48) ^ vector);
		for (; begin + 16 < end; begin += 16)
			unequal |= md_load_vector(begin) ^ vector;
		unequal |= md_load_vector(end - 16) ^ vector;
		differs = unequal[0] | unequal[1];
	} else if (bytes >= 8) {
		differs = (md_load_word(begin) ^ word) | (md_load_word(end - 8) ^ word);
	} else {
		for (; begin < end; begin++)
			differs |= (uint64_t)(*(const unsigned char *)begin ^ byte);
	}
	return differs == 0;
}

#endif
