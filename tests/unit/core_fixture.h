/* SPDX-License-Identifier: MIT
 *
 * For tests of the core: Criterion, and a check that costs nothing while it holds, for loops over millions of cases.
 */
#ifndef CORE_FIXTURE_H
#define CORE_FIXTURE_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdint.h>
#include <string.h>

#include "tests/support/fake_os.h"

/* Criterion tells its parent about every assertion that passes; this one only about those that fail. */
#define must(condition, ...) \
	do { \
		if (!(condition)) \
			cr_fatal(__VA_ARGS__); \
	} while (0)

/* Numbers that are the same in every run: xorshift64* (Vigna 2016). */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static inline uint64_t random_below(uint64_t *state, uint64_t bound)
{
	return (next_random(state) >> 11) % bound;
}

#endif
