/* SPDX-License-Identifier: MIT
 *
 * For calls_property.c: random blocks and ranges in and at them, and the errors that are to be found.
 */
#ifndef CALLS_MODEL_H
#define CALLS_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "malloc_debug.h"

#define GAP 16 /* red zone on each side: the least that no block has */

static uint64_t state;
static int zero, null, pair[2];
static _Alignas(16) char scratch[1 << 18]; /* not the heap's */
static _Alignas(16) char target[1 << 18];
static const char *what = "";
static volatile uintptr_t sink; /* a result that nobody looks at is not computed */

static uint64_t below(uint64_t bound)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 0x2545f4914f6cdd1dull >> 11) % bound;
}

/* A range of a block: begin may lie up to GAP before it, the end up to GAP behind it. */
struct place {
	char *block;
	size_t size;
	bool freed;
	char *at;     /* first byte */
	size_t bytes; /* of the range */
};

static unsigned expected;
static const char *blamed[8];

/* The call touches n bytes from p on, which lies in or at that block. */
static void touch(const struct place *place, const char *p, size_t n)
{
	if (!place->block || !n)
		return;
	if (!place->freed && p >= place->block && p + n <= place->block + place->size)
		return;
	for (unsigned i = 0; i < expected; i++)
		if (blamed[i] == p)
			return;
	blamed[expected++] = p;
}

static uint64_t findings(void)
{
	struct malloc_debug_counts counts;

	malloc_debug_counters(&counts, sizeof counts);
	return counts.findings;
}

static size_t some_size(void)
{
	switch (below(8)) {
	case 0: return below(4);
	case 1: return 1 + below(2000);
	case 2: return below(20) == 0 ? 33000 + below(5000) : below(300);
	default: return below(100);
	}
}

/* A block, or memory of the stack's kind (block NULL), and a range. bad: the range may be outside. */
static struct place make(bool bad, size_t unit)
{
	struct place place = { 0 };
	size_t size = some_size() / unit * unit;

	if (below(12) == 0) {
		place.at = scratch + below(64) / unit * unit;
		place.bytes = size;
		place.size = size;
		return place;
	}
	place.size = size;
	if (below(5) == 0) {
		if (posix_memalign((void **)&place.block, (size_t)16 << below(4), size))
			abort();
	} else {
		place.block = malloc(size);
	}
	memset(place.block, 'x', size);
	long begin = (long)below(size / unit + 1), end;

	if (bad && below(4) == 0)
		begin = (long)below((size + 2 * GAP) / unit) - (long)(GAP / unit);
	long high = (long)(size / unit) + (bad && below(3) == 0 ? (long)(GAP / unit) : 0);

	if (high < begin)
		high = begin;
	end = begin + (long)below((uint64_t)(high - begin) + 1);
	if (begin < 0 && end > (long)((size + GAP) / unit))
		end = (long)(size + GAP) / (long)unit;
	place.at = place.block + begin * (long)unit;
	place.bytes = (size_t)(end - begin) * unit;
	return place;
}

static void drop(struct place *place)
{
	if (place->block && !place->freed)
		free(place->block);
}

/* Frees it: every use is one after free now. Its bytes cannot be prepared any more. */
static void maybe_free(struct place *place)
{
	if (place->block && place->at >= place->block && below(10) == 0) {
		free(place->block);
		place->freed = true;
	}
}

/* A string within a block: its length, and whether there is a NUL. The range is [at, at + bytes). */
static struct place make_string(size_t unit, size_t *length, bool *ended)
{
	struct place place = make(false, unit);
	size_t room = place.block ? (size_t)(place.block + place.size - place.at) / unit : place.size / unit + 1;

	*ended = room && below(6) != 0;
	if (!place.block)
		*ended = true;
	*length = *ended ? below(room) : room;
	for (size_t i = 0; i < *length; i++) {
		uint32_t c = 'a' + below(3);

		if (unit == 1)
			place.at[i] = (char)c;
		else
			((wchar_t *)place.at)[i] = (wchar_t)c;
	}
	if (*ended) {
		if (unit == 1)
			place.at[*length] = 0;
		else
			((wchar_t *)place.at)[*length] = 0;
	}
	return place;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

#endif
