/* SPDX-License-Identifier: MIT
 *
 * The same pseudo-random numbers on every machine and in every run (splitmix64), sizes as programs ask for them: mostly small, and a reader
 * of whole blocks: allocators are to be compared as programs use them, and these use what they allocate.
 */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* A size from 8 to 4095 bytes: each power of two half as likely as the one below it. */
static inline size_t random_bytes(uint64_t *state)
{
	uint64_t bits = random_next(state);
	int shift = __builtin_ctzll(bits | 1u << 8);

	return ((size_t)8 << shift) + (bits >> 32) % ((size_t)8 << shift);
}

/* Reads a block of at least 8 bytes, but for a last part of a word. NULL is an empty block, with 0 bytes. */
static inline uint64_t block_sum(const uint64_t *words, size_t bytes)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < bytes / sizeof *words; i++)
		sum += words[i];
	return sum;
}

#endif
