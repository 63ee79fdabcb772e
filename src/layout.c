/* SPDX-License-Identifier: MIT */
#include "src/layout.h"

_Static_assert(MD_UNIT_BYTES % MD_PAGE_BYTES == 0, "zones are whole pages");

unsigned md_layout_zone_units(unsigned class_index, unsigned zones)
{
	if (class_index >= MD_CLASS_COUNT) /* address space, most of which is never touched */
		return zones < 4 ? 4 : 16;
	size_t slot = md_class_bytes(class_index);
	unsigned units = slot <= 1024 ? 1 : slot <= 4096 ? 2 : slot <= 8192 ? 4 : 8;

	if (zones >= 8 && units < 4)
		units *= 4;
	return units;
}

static size_t align_up(size_t value, size_t alignment)
{
	return (value + alignment - 1) & ~(alignment - 1);
}

bool md_layout_large(size_t size, size_t alignment, size_t redzone_min, struct md_large_layout *layout)
{
	size_t redzone = md_layout_redzone(size, redzone_min);

	if (size > (size_t)1 << 46 || alignment > (size_t)1 << 46)
		return false;
	if (alignment < MD_ALIGNMENT)
		alignment = MD_ALIGNMENT;
	/* Zones begin at unit boundaries, so an alignment up to a unit can be counted from there; larger ones are taken as aligned runs. */
	size_t user = align_up(redzone, alignment < MD_UNIT_BYTES ? alignment : MD_UNIT_BYTES);

	layout->user = user;
	layout->front = user - redzone;
	layout->end = align_up(user + size + redzone, MD_PAGE_BYTES);
	layout->zone_bytes = align_up(layout->end, MD_UNIT_BYTES);
	return true;
}

bool md_layout_large_guarded(size_t size, size_t alignment, struct md_large_layout *layout)
{
	if (size > (size_t)1 << 46 || alignment > MD_PAGE_BYTES)
		return false;
	size_t span = align_up(size, alignment < MD_ALIGNMENT ? MD_ALIGNMENT : alignment);

	layout->front = MD_PAGE_BYTES;
	layout->end = MD_PAGE_BYTES + align_up(span, MD_PAGE_BYTES);
	layout->user = layout->end - span;
	layout->zone_bytes = align_up(layout->end + MD_PAGE_BYTES, MD_UNIT_BYTES);
	return true;
}
