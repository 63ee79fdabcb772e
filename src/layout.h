/* SPDX-License-Identifier: MIT
 *
 * Layout: where the bytes of a block fall.
 *
 * Small blocks lie in equal slots, one after the other, and neighbours share one red zone:
 *
 *     zone | red zone | user bytes | slack | red zone | user bytes ... | slack | red zone | end
 *          ^ begin                                    ^
 *                     |<------------- slot ---------->|<------------- slot ----------->|
 *
 * A slot ends with its red zone, which is also the front red zone of the next slot; a zone begins with one for its first slot. Slack is
 * what the size class leaves between the bytes asked for and the red zone; it carries the same pattern, and every byte of it is verified. A
 * request with a larger alignment than 16 begins further inside its slot, and what lies before it is red zone too.
 *
 * Large blocks have a zone of their own: red zone, user bytes, then red zone up to the end of the page.
 */
#ifndef MD_LAYOUT_H
#define MD_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/block.h"
#include "src/os.h"
#include "src/page_map.h"

#define MD_ALIGNMENT 16           /* of every block, as the ABI's malloc */
#define MD_REDZONE_BYTES 16       /* what every slot ends with and is never given to anybody: survives reuse of the slot */
#define MD_SLOT_BYTES_MIN 32
#define MD_SLOT_BYTES_MAX 32768   /* larger requests are large blocks */
#define MD_SLOT_BYTES_TINY 256    /* up to here a zone is called tiny */
#define MD_SLOT_ALIGNMENT_MAX 2048 /* larger alignments are large blocks */
#define MD_CLASS_COUNT 71
#define MD_GUARDED_PAGES_MAX 8    /* data pages of a guarded slot; larger blocks are large blocks */
#define MD_CLASSES_ALL (MD_CLASS_COUNT + MD_GUARDED_PAGES_MAX) /* guarded slots of 1 to 8 pages come after the others */

/* Rear red zone that a block of that size gets: redzone_min, or a 32nd of the block where that is more, at most 2048; a multiple of 16. */
static inline size_t md_layout_redzone(size_t size, size_t redzone_min)
{
	size_t grown = size >> 5 & ~(size_t)15;

	if (grown > 2048)
		grown = 2048;
	return grown > redzone_min ? grown : redzone_min;
}

/* Size class of a slot that holds `bytes` (1 to MD_SLOT_BYTES_MAX): slots grow by 16 up to 256, then by an eighth of a power of two. */
static inline unsigned md_class_of(size_t bytes)
{
	if (bytes <= 256)
		return bytes <= 32 ? 0 : (unsigned)((bytes - 17) >> 4);
	unsigned log = 63 - (unsigned)__builtin_clzl(bytes - 1); /* 256 < bytes: at least 8 */

	return 15 + (log - 8) * 8 + (unsigned)((bytes - 1) >> (log - 3) & 7);
}

static inline size_t md_class_bytes(unsigned class_index)
{
	if (class_index < 15)
		return 32 + 16 * (size_t)class_index;
	unsigned log = (class_index - 15) / 8 + 8, step = (class_index - 15) % 8;

	return ((size_t)1 << log) + ((size_t)(step + 1) << (log - 3));
}

/* Bytes from one slot of a class to the next, guarded ones too. */
static inline size_t md_class_slot_bytes(unsigned class_index)
{
	return class_index < MD_CLASS_COUNT ? md_class_bytes(class_index) : (class_index - MD_CLASS_COUNT + 2) * (size_t)MD_PAGE_BYTES;
}

/* Units of a zone for that class when there are already `zones` of it: small first, larger with use. */
unsigned md_layout_zone_units(unsigned class_index, unsigned zones);

/* Where a large block of that size and alignment falls. All values in bytes from the zone's begin. */
struct md_large_layout {
	size_t front;      /* begin of the front red zone */
	size_t user;       /* begin of the user bytes     */
	size_t end;        /* end of the rear red zone; the rest of the zone is never touched */
	size_t zone_bytes; /* a multiple of MD_UNIT_BYTES  */
};

/* False when the sum does not fit. */
bool md_layout_large(size_t size, size_t alignment, size_t redzone_min, struct md_large_layout *layout);

/* The same for one between two guard pages, the first at the zone's begin, the other at layout->end: its bytes end where the second begins,
 * or at the last address before it that alignment (at most a page) allows. */
bool md_layout_large_guarded(size_t size, size_t alignment, struct md_large_layout *layout);

/* Where the bytes of a block in a guarded slot lie: how is kept in its record's user_offset16. */
enum { MD_FLUSH_BEFORE = 0x80 }; /* they begin at the slot's begin; else they end at its end. The rest: logarithm of their alignment */

static inline uintptr_t md_layout_flush(uintptr_t data_begin, uintptr_t data_end, size_t size, uint8_t how)
{
	if (how & MD_FLUSH_BEFORE)
		return data_begin;
	size_t alignment = (size_t)1 << (how & 15);

	return data_end - ((size + alignment - 1) & ~(alignment - 1));
}

#endif
