/* SPDX-License-Identifier: MIT */
#include "src/slot_bytes.h"

#include "tests/unit/core_fixture.h"

#define SECRET 0x1234567890abcdefull
#define FILL 0xdf
#define ROOM 512
#define OUTSIDE 0x11

static _Alignas(64) unsigned char memory[ROOM];

/* A slot as the heap has it before a block: the red zone before it and the one that ends it carry the pattern, the rest anything. */
static uintptr_t make_slot(size_t slot_bytes)
{
	uintptr_t user = (uintptr_t)memory + 64;

	memset(memory, OUTSIDE, sizeof memory);
	md_pattern_paint(SECRET, user - MD_REDZONE_BYTES, user);
	md_pattern_paint(SECRET, user + slot_bytes - MD_REDZONE_BYTES, user + slot_bytes);
	return user;
}

/* What lies beyond the slot and its front red zone was not touched. */
static void expect_outside_kept(uintptr_t user, size_t slot_bytes, const char *what)
{
	for (uintptr_t at = (uintptr_t)memory; at < (uintptr_t)memory + ROOM; at++)
		if (at < user - MD_REDZONE_BYTES || at >= user + slot_bytes)
			must(*(unsigned char *)at == OUTSIDE, "%s: byte at %+ld", what, (long)(at - user));
}

/* The same as the plain functions of pattern.h, for each size in slots of each length, and with each byte changed. */
Test(slot_bytes, every_size_and_every_byte)
{
	for (size_t slot_bytes = 32; slot_bytes <= 144; slot_bytes += 16) {
		for (size_t size = 0; size + MD_REDZONE_BYTES <= slot_bytes; size++) {
			for (int keep = 0; keep < 2; keep++) {
				uintptr_t user = make_slot(slot_bytes), end = user + slot_bytes;

				md_slot_paint(SECRET, user, size, end, keep);
				must(md_pattern_intact(SECRET, user + size, end), "%zu bytes in %zu: painted", size, slot_bytes);
				for (uintptr_t at = user; at < user + (keep ? size : size & ~(size_t)15); at++)
					must(*(unsigned char *)at == OUTSIDE, "%zu bytes in %zu: byte %zu is the program's", size, slot_bytes, at - user);
				expect_outside_kept(user, slot_bytes, "painted");
				must(md_slot_intact(SECRET, user, size, end), "%zu bytes in %zu: intact", size, slot_bytes);
				for (uintptr_t at = user - MD_REDZONE_BYTES; at < end; at++) {
					bool users = at >= user && at < user + size;

					*(unsigned char *)at ^= 1;
					must(md_slot_intact(SECRET, user, size, end) == users, "%zu bytes in %zu: byte %+ld changed", size, slot_bytes, (long)(at - user));
					*(unsigned char *)at ^= 1;
				}
				md_slot_fill(FILL, user, size);
				must(md_fill_intact(FILL, user, user + size) && md_pattern_intact(SECRET, user + size, end), "%zu bytes in %zu: filled", size,
					slot_bytes);
				expect_outside_kept(user, slot_bytes, "filled");
				must(md_slot_filled(FILL, SECRET, user, size, end), "%zu bytes in %zu: is filled", size, slot_bytes);
				for (uintptr_t at = user; at < end; at++) {
					*(unsigned char *)at ^= 0x80;
					must(!md_slot_filled(FILL, SECRET, user, size, end), "%zu bytes in %zu: byte %zu written after free", size, slot_bytes, at - user);
					*(unsigned char *)at ^= 0x80;
				}
			}
		}
	}
}
