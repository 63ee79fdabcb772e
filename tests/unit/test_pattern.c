/* SPDX-License-Identifier: MIT */
#include "src/pattern.h"

#include "tests/unit/core_fixture.h"

#define SECRET 0x0123456789abcdefull
#define ROOM 64
#define OUTSIDE 0x55

static _Alignas(64) unsigned char memory[2 * ROOM];

static uintptr_t at(size_t offset)
{
	return (uintptr_t)memory + offset;
}

static void paint(size_t begin, size_t end)
{
	memset(memory, OUTSIDE, ROOM);
	md_pattern_paint(SECRET, at(begin), at(end));
}

/* The NUL of an off-by-one terminator, text, small numbers and -1 must all differ from a red zone. */
Test(pattern, no_byte_is_one_that_programs_often_write)
{
	uint64_t random = 1;

	for (int i = 0; i < 1000000; i++) {
		uint64_t secret = next_random(&random);
		uintptr_t addr = next_random(&random) >> 17;
		unsigned char byte = md_pattern_byte(secret, addr);

		must(byte >= 0x80 && byte <= 0xbf, "%#x for secret %#lx at %#lx", byte, secret, addr);
	}
}

Test(pattern, a_byte_is_its_part_of_the_word)
{
	for (uintptr_t addr = 0x7f1234567000; addr < 0x7f1234568000; addr++) {
		uint64_t word = md_pattern_word(SECRET, addr & ~(uintptr_t)7);

		must(md_pattern_byte(SECRET, addr) == ((const unsigned char *)&word)[addr & 7], "at %#lx", addr);
	}
}

Test(pattern, paint_fills_the_range_and_nothing_else)
{
	for (size_t begin = 0; begin <= 24; begin++) {
		for (size_t end = (begin + 7) & ~(size_t)7; end <= ROOM; end += 8) {
			paint(begin, end);
			for (size_t i = 0; i < ROOM; i++) {
				unsigned char expected = i >= begin && i < end ? md_pattern_byte(SECRET, at(i)) : OUTSIDE;

				must(memory[i] == expected, "[%zu, %zu): byte %zu is %#x", begin, end, i, memory[i]);
			}
			must(md_pattern_intact(SECRET, at(begin), at(end)), "[%zu, %zu)", begin, end);
			must(!md_pattern_check(SECRET, at(begin), at(end)).byte_count, "[%zu, %zu)", begin, end);
		}
	}
}

Test(pattern, every_change_of_a_single_byte_is_noticed_and_located)
{
	for (size_t begin = 0; begin <= 16; begin++) {
		for (size_t end = (begin + 7) & ~(size_t)7; end <= 48; end += 8) {
			paint(begin, end);
			for (size_t i = 0; i < ROOM; i++) {
				bool inside = i >= begin && i < end;

				for (unsigned change = 1; change < 256; change++) {
					memory[i] ^= (unsigned char)change;
					must(!md_pattern_intact(SECRET, at(begin), at(end)) == inside, "[%zu, %zu): byte %zu xor %#x",
						begin, end, i, change);
					memory[i] ^= (unsigned char)change;
				}
				memory[i] ^= 1;
				struct md_damage damage = md_pattern_check(SECRET, at(begin), at(end));

				memory[i] ^= 1;
				must(damage.byte_count == inside, "[%zu, %zu): byte %zu", begin, end, i);
				must(damage.first == (inside ? at(i) : 0) && damage.end == (inside ? at(i) + 1 : 0), "[%zu, %zu): byte %zu",
					begin, end, i);
			}
		}
	}
}

Test(pattern, damage_of_several_bytes)
{
	paint(3, 48);
	memory[5] ^= 0x40;
	memory[6] ^= 0x01;
	memory[40] ^= 0xff;
	struct md_damage damage = md_pattern_check(SECRET, at(3), at(48));

	cr_expect(eq(ulong, damage.first, at(5)));
	cr_expect(eq(ulong, damage.end, at(41)));
	cr_expect(eq(sz, damage.byte_count, 3));
}

/* A check may begin and end anywhere: it is also used for the part of a red zone that one block answers for. */
Test(pattern, check_takes_any_range)
{
	paint(0, ROOM);
	memory[20] ^= 1;
	for (size_t begin = 0; begin <= ROOM; begin++)
		for (size_t end = begin; end <= ROOM; end++)
			must(md_pattern_check(SECRET, at(begin), at(end)).byte_count == (begin <= 20 && 20 < end), "[%zu, %zu)", begin,
				end);
}

Test(pattern, nothing_to_do_in_an_empty_range)
{
	for (size_t i = 0; i <= 16; i += 8) {
		paint(i, i);
		must(memory[i] == OUTSIDE && md_pattern_intact(SECRET, at(i), at(i)), "at %zu", i);
	}
}

/* A copy of a red zone to another place, as a memmove of too many bytes makes it. */
Test(pattern, a_shifted_copy_is_noticed)
{
	uint64_t random = 2;

	for (int round = 0; round < 1000; round++) {
		uint64_t secret = next_random(&random);

		md_pattern_paint(secret, at(0), at(ROOM));
		for (size_t shift = 1; shift <= ROOM; shift++) {
			unsigned char copy[ROOM];

			memcpy(copy, memory, ROOM);
			md_pattern_paint(secret, at(0), at(2 * ROOM));
			memcpy(memory + shift, copy, ROOM);
			struct md_damage damage = md_pattern_check(secret, at(shift), at(shift + 16));

			must(damage.byte_count > 0, "secret %#lx, shifted by %zu", secret, shift);
			md_pattern_paint(secret, at(0), at(2 * ROOM));
		}
	}
}

Test(pattern, another_secret_gives_other_bytes)
{
	unsigned equal = 0;
	uint64_t random = 3;

	for (int i = 0; i < 10000; i++) {
		uint64_t one = next_random(&random), other = next_random(&random);

		equal += md_pattern_word(one, at(0)) == md_pattern_word(other, at(0));
	}
	cr_expect(eq(uint, equal, 0));
}

Test(pattern, fill_is_intact_only_if_every_byte_is)
{
	for (size_t begin = 0; begin < 9; begin++) {
		for (size_t bytes = 0; bytes <= 100; bytes++) {
			memset(memory, OUTSIDE, sizeof memory);
			memset(memory + begin, 0xdf, bytes);
			must(md_fill_intact(0xdf, at(begin), at(begin + bytes)), "%zu bytes from %zu", bytes, begin);
			must(!md_fill_check(0xdf, at(begin), at(begin + bytes)).byte_count, "%zu bytes from %zu", bytes, begin);
			must(!md_fill_intact(0xdf, at(begin), at(begin + bytes + 1)), "%zu bytes from %zu and one more", bytes, begin);
			for (size_t i = begin; i < begin + bytes; i++) {
				unsigned bit = 1u << i % 8;

				memory[i] ^= (unsigned char)bit;
				struct md_damage damage = md_fill_check(0xdf, at(begin), at(begin + bytes));

				must(!md_fill_intact(0xdf, at(begin), at(begin + bytes)), "%zu bytes from %zu: byte %zu", bytes, begin, i);
				must(damage.byte_count == 1 && damage.first == at(i) && damage.end == at(i + 1),
					"%zu bytes from %zu: byte %zu", bytes, begin, i);
				memory[i] ^= (unsigned char)bit;
			}
		}
	}
}
