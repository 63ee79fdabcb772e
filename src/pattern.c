/* SPDX-License-Identifier: MIT */
#include "src/pattern.h"

static void note_byte(struct md_damage *damage, uintptr_t addr)
{
	if (!damage->byte_count++)
		damage->first = addr;
	damage->end = addr + 1;
}

struct md_damage md_pattern_check(uint64_t secret, uintptr_t begin, uintptr_t end)
{
	struct md_damage damage = { 0 };

	for (uintptr_t addr = begin; addr < end; addr++)
		if (*(const unsigned char *)addr != md_pattern_byte(secret, addr))
			note_byte(&damage, addr);
	return damage;
}

struct md_damage md_fill_check(unsigned char byte, uintptr_t begin, uintptr_t end)
{
	struct md_damage damage = { 0 };

	for (uintptr_t addr = begin; addr < end; addr++)
		if (*(const unsigned char *)addr != byte)
			note_byte(&damage, addr);
	return damage;
}
