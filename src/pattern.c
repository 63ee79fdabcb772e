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

int md_fill_intact(unsigned char byte, uintptr_t begin, uintptr_t end)
{
	uint64_t expected = byte * 0x0101010101010101ull, differs = 0;

	for (; begin + 32 <= end; begin += 32) {
		differs |= md_load_word(begin) ^ expected;
		differs |= md_load_word(begin + 8) ^ expected;
		differs |= md_load_word(begin + 16) ^ expected;
		differs |= md_load_word(begin + 24) ^ expected;
		if (differs)
			return 0;
	}
	for (; begin + 8 <= end; begin += 8)
		differs |= md_load_word(begin) ^ expected;
	for (; begin < end; begin++)
		differs |= (uint64_t)(*(const unsigned char *)begin ^ byte);
	return differs == 0;
}
