/* SPDX-License-Identifier: MIT
 *
 * Watch: where the places stand, what the option may say, and which accesses are errors: judged against a model that looks at each byte.
 */
#include "src/watch.h"

#include "tests/unit/core_fixture.h"

#define STACK 7
#define TIME 11

static struct md_block_view block_at(uintptr_t user, size_t size, uintptr_t begin, uintptr_t end)
{
	return (struct md_block_view){ .valid = true,
		.state = MD_BLOCK_LIVE,
		.user = user,
		.size = size,
		.begin = begin,
		.end = end,
		.redzone_rear = end,
		.alloc_stack = { STACK },
		.alloc_time = TIME,
		.flush = MD_FLUSH_END };
}

static unsigned bits_in(unsigned set)
{
	return (unsigned)__builtin_popcount(set);
}

/* --- the option ----------------------------------------------------------------- */

Test(watch, the_option)
{
	static const struct {
		const char *text;
		enum md_watch_mode mode;
		uint64_t value;
		unsigned bytes;
	} good[] = {
		{ "auto", MD_WATCH_AUTO, 0, 0 },
		{ "AUTO", MD_WATCH_AUTO, 0, 0 },
		{ "off", MD_WATCH_OFF, 0, 0 },
		{ "0x7f1234567890", MD_WATCH_AT_ADDRESS, 0x7f1234567890, 8 },
		{ "0x7f1234567894", MD_WATCH_AT_ADDRESS, 0x7f1234567894, 4 },
		{ "0x7f1234567896", MD_WATCH_AT_ADDRESS, 0x7f1234567896, 2 },
		{ "0x7f1234567891", MD_WATCH_AT_ADDRESS, 0x7f1234567891, 1 },
		{ "4096", MD_WATCH_AT_ADDRESS, 4096, 8 },
		{ "stack:17", MD_WATCH_OF_STACK, 17, 0 },
		{ "#17", MD_WATCH_OF_STACK, 17, 0 },
	};
	static const char *const bad[] = { "", "yes", "0", "0x", "0x0", "-1", "stack:", "stack:0", "stack:x", "stack:99999999999", "#",
		"#-3", "# 3", "0x12 ", "0xffffffffffffffff", "autos", "99999999999999999999999" };
	struct md_watch_setting setting;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		cr_assert(md_watch_parse(good[i].text, &setting), "%s", good[i].text);
		cr_assert_eq(setting.mode, good[i].mode, "%s", good[i].text);
		if (setting.mode == MD_WATCH_AT_ADDRESS) {
			cr_assert_eq(setting.range.addr, good[i].value, "%s", good[i].text);
			cr_assert_eq(setting.range.bytes, good[i].bytes, "%s", good[i].text);
		}
		if (setting.mode == MD_WATCH_OF_STACK)
			cr_assert_eq(setting.stack.value, good[i].value, "%s", good[i].text);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cr_assert_not(md_watch_parse(bad[i], &setting), "\"%s\"", bad[i]);
		cr_assert_eq(setting.mode, MD_WATCH_AUTO, "\"%s\"", bad[i]);
	}
}

/* --- ranges --------------------------------------------------------------------- */

static void must_be_settable(struct md_watch_range range)
{
	must(range.bytes == 1 || range.bytes == 2 || range.bytes == 4 || range.bytes == 8, "%u bytes", range.bytes);
	must(range.addr % range.bytes == 0, "%lx is no multiple of %u", range.addr, range.bytes);
}

Test(watch, ranges_cover_every_byte_once)
{
	for (uintptr_t begin = 0x1000; begin < 0x1010; begin++) {
		for (uintptr_t end = begin; end < begin + 40; end++) {
			struct md_watch_range ranges[16];
			unsigned count = md_watch_cover(begin, end, ranges, 16);
			uintptr_t at = begin;

			must(count <= 16, "%u ranges", count);
			for (unsigned i = 0; i < count; i++) {
				must_be_settable(ranges[i]);
				must(ranges[i].addr == at, "a hole at %lx", at);
				at += ranges[i].bytes;
			}
			must(at == end, "%lx to %lx: covered to %lx", begin, end, at);
			must(md_watch_cover(begin, end, ranges, 1) == count, "what does not fit is counted");
		}
	}
}

Test(watch, a_range_before_ends_where_it_should)
{
	for (uintptr_t end = 0x1000; end < 0x1010; end++) {
		for (uintptr_t begin = end - 20; begin <= end; begin++) {
			struct md_watch_range range = md_watch_before(begin, end);

			if (begin == end) {
				must(!range.bytes, "there is nothing");
				continue;
			}
			must_be_settable(range);
			must(range.addr + range.bytes == end && range.addr >= begin, "%lx to %lx", begin, end);
			if (range.bytes < 8)
				must(end % (range.bytes * 2) || end - begin < range.bytes * 2, "%lx to %lx: more was possible", begin, end);
		}
	}
}

/* --- choosing ------------------------------------------------------------------- */

Test(watch, the_newest_four_blocks_have_their_fronts_watched)
{
	struct md_watches watches = { .usable = MD_WATCHES };

	for (uintptr_t i = 0; i < 10; i++) {
		uintptr_t page = 0x10000 + i * 0x2000;
		struct md_block_view block = block_at(page + 0x1000 - 32, 32, page, page + 0x1000);

		cr_assert_eq(md_watch_choose(&watches, &block, false), 1u << i % 4);
		const struct md_watch_place *place = &watches.places[i % 4];

		cr_assert_eq(place->why, MD_WATCH_FRONT);
		cr_assert_eq(place->range.addr, block.user - 8);
		cr_assert_eq(place->range.bytes, 8);
		cr_assert_eq(place->user, block.user);
		cr_assert_not(place->writes_only);
	}
}

Test(watch, generations_differ_and_are_never_0)
{
	struct md_watches watches = { .usable = 1, .generations = UINT32_MAX - 2 };
	struct md_block_view block = block_at(0x1fe0, 32, 0x1000, 0x2000);
	uint32_t last = 0;

	for (int i = 0; i < 5; i++) {
		cr_assert_eq(md_watch_choose(&watches, &block, false), 1);
		cr_assert_neq(watches.places[0].generation, 0);
		cr_assert_neq(watches.places[0].generation, last);
		last = watches.places[0].generation;
	}
}

Test(watch, a_block_without_bytes_before_it_is_not_watched)
{
	struct md_watches watches = { .usable = MD_WATCHES };
	struct md_block_view block = block_at(0x1000, 0x1000, 0x1000, 0x2000);

	cr_assert_eq(md_watch_choose(&watches, &block, false), 0);
	cr_assert_eq(watches.generations, 0);
}

Test(watch, a_block_that_begins_at_its_page_is_watched_behind)
{
	struct md_watches watches = { .usable = MD_WATCHES };
	struct md_block_view block = block_at(0x1000, 24, 0x1000, 0x2000);

	block.flush = MD_FLUSH_BEGIN;
	cr_assert_eq(md_watch_choose(&watches, &block, false), 1);
	cr_assert_eq(watches.places[0].why, MD_WATCH_REAR);
	cr_assert(watches.places[0].writes_only);
	cr_assert_eq(watches.places[0].range.addr, 0x1018);
	cr_assert_eq(watches.places[0].range.bytes, 8);
}

Test(watch, freed_blocks_and_none_are_not_watched)
{
	struct md_watches watches = { .usable = MD_WATCHES }, none = { .usable = 0 };
	struct md_block_view block = block_at(0x1fe0, 32, 0x1000, 0x2000);

	cr_assert_eq(md_watch_choose(&none, &block, true), 0);
	block.state = MD_BLOCK_QUARANTINED;
	cr_assert_eq(md_watch_choose(&watches, &block, true), 0);
	block.state = MD_BLOCK_LIVE;
	block.valid = false;
	cr_assert_eq(md_watch_choose(&watches, &block, true), 0);
}

/* The slack of a damaged stack's block, of any size, is covered wholly by four places; what is left over stands on the front. */
Test(watch, slack_of_damaged_stacks_is_covered)
{
	for (size_t size = 1; size <= 64; size++) {
		for (unsigned usable = 1; usable <= MD_WATCHES; usable++) {
			struct md_watches watches = { .usable = usable };
			size_t room = (size + 15) & ~(size_t)15;
			struct md_block_view block = block_at(0x2000 - room, size, 0x1000, 0x2000);
			struct md_watch_range ranges[MD_WATCHES];
			unsigned need = md_watch_cover(block.user + size, block.end, ranges, MD_WATCHES),
				 changed = md_watch_choose(&watches, &block, true);
			size_t covered = 0, fronts = 0;

			for (unsigned i = 0; i < usable; i++) {
				const struct md_watch_place *place = &watches.places[i];

				if (!(changed >> i & 1))
					continue;
				must_be_settable(place->range);
				must(place->writes_only, "it is a write that is looked for");
				if (place->why == MD_WATCH_REAR) {
					covered += place->range.bytes;
					must(place->range.addr >= block.user + size && place->range.addr + place->range.bytes <= block.end,
						"outside");
				} else {
					fronts++;
					must(place->range.addr == block.user - 8, "not the front");
				}
			}
			must(need <= MD_WATCHES, "%u ranges", need);
			if (usable >= need)
				must(covered == room - size, "%zu bytes, %u places: %zu of %zu covered", size, usable, covered,
					room - size);
			must(bits_in(changed) <= usable && changed < 1u << usable, "places that are not there: %x", changed);
			if (usable == MD_WATCHES && need < MD_WATCHES)
				must(fronts == 1, "%zu bytes: %zu fronts", size, fronts);
		}
	}
}

Test(watch, two_damaged_blocks_of_little_slack_are_watched_together)
{
	struct md_watches watches = { .usable = MD_WATCHES };
	struct md_block_view first = block_at(0x2000 - 32, 24, 0x1000, 0x2000), second = block_at(0x5000 - 32, 24, 0x4000, 0x5000), other;
	int rears = 0;

	md_watch_choose(&watches, &first, true);
	md_watch_choose(&watches, &second, true);
	for (uintptr_t i = 0; i < 8; i++) { /* blocks of other stacks leave them alone */
		other = block_at(0x12000 + i * 0x2000 - 32, 32, 0x11000 + i * 0x2000, 0x12000 + i * 0x2000);
		cr_assert_eq(bits_in(md_watch_choose(&watches, &other, false)), 1);
	}
	for (int i = 0; i < MD_WATCHES; i++)
		if (watches.places[i].why == MD_WATCH_REAR)
			rears += watches.places[i].user == first.user ? 1 : watches.places[i].user == second.user ? 16 : 256;
	cr_assert_eq(rears, 17);
}

Test(watch, a_red_zone_without_a_guard_page_is_watched_from_its_begin)
{
	struct md_watches watches = { .usable = MD_WATCHES };
	struct md_block_view block = block_at(0x1010, 32, 0x1000, 0x1070);

	block.flush = MD_FLUSH_NONE;
	cr_assert_eq(bits_in(md_watch_choose(&watches, &block, true)), 3);
	cr_assert_eq(watches.places[0].range.addr, 0x1030);
	cr_assert_eq(watches.places[1].range.addr, 0x1038);
	cr_assert_eq(watches.places[2].range.addr, 0x1008);
	cr_assert_eq(watches.places[2].why, MD_WATCH_FRONT);
}

Test(watch, an_address_takes_the_first_place)
{
	struct md_watches watches = { .usable = 1 }, none = { .usable = 0 };
	struct md_watch_setting setting;
	struct md_watch_place copy;

	cr_assert(md_watch_parse("0x1004", &setting));
	cr_assert_eq(md_watch_choose_address(&none, setting.range), 0);
	cr_assert_eq(md_watch_choose_address(&watches, setting.range), 1);
	cr_assert(md_watch_copy(&watches.places[0], watches.places[0].generation, 0x1004, &copy));
	cr_assert_eq(copy.why, MD_WATCH_ADDRESS);
}

/* --- traps ---------------------------------------------------------------------- */

Test(watch, a_trap_of_an_earlier_choice_is_nobodys)
{
	struct md_watches watches = { .usable = 1 };
	struct md_block_view block = block_at(0x1fe0, 32, 0x1000, 0x2000), other = block_at(0x3fe0, 32, 0x3000, 0x4000);
	struct md_watch_place *place = &watches.places[0], copy;

	md_watch_choose(&watches, &block, false);
	uint32_t first = place->generation;

	cr_assert(md_watch_copy(place, first, 0x1fd8, &copy));
	cr_assert_eq(copy.user, block.user);
	cr_assert_not(md_watch_copy(place, first, 0x1fd0, &copy), "another address");
	cr_assert_not(md_watch_copy(place, 0, 0x1fd8, &copy), "no generation");
	md_watch_choose(&watches, &other, false);
	cr_assert_not(md_watch_copy(place, first, 0x1fd8, &copy));
	cr_assert(md_watch_copy(place, place->generation, 0x3fd8, &copy));
	first = place->generation;
	md_watch_leave(place);
	cr_assert_not(md_watch_copy(place, first, 0x3fd8, &copy));
}

static bool is_error(const struct md_watch_place *place, const struct md_block_view *now, uintptr_t addr, size_t bytes)
{
	struct md_access access = { .addr = addr, .bytes = bytes, .kind = MD_ACCESS_WRITE };

	return md_watch_is_error(place, now, &access);
}

/* Every range around a block, for both sides. */
Test(watch, only_ranges_wholly_outside_are_errors)
{
	struct md_block_view block = block_at(0x1fb0, 40, 0x1f80, 0x1ff0);
	uint64_t errors = 0;

	for (int damaged = 0; damaged < 2; damaged++) {
		struct md_watches watches = { .usable = MD_WATCHES };

		md_watch_choose(&watches, &block, damaged);
		for (unsigned i = 0; i < MD_WATCHES; i++) {
			const struct md_watch_place *place = &watches.places[i];

			if (!place->generation)
				continue;
			for (uintptr_t addr = 0x1f70; addr < 0x2000; addr++) {
				for (size_t bytes = 0; bytes <= 80; bytes++) {
					bool seen = false, inside = false, beyond = false, expected;

					for (uintptr_t at = addr; at < addr + bytes; at++) {
						seen |= at >= place->range.addr && at < place->range.addr + place->range.bytes;
						inside |= at >= block.user && at < block.user + block.size;
						beyond |= at < block.begin || at >= block.end;
					}
					expected = seen && !inside && !beyond;
					must(is_error(place, &block, addr, bytes) == expected, "place %u, %zu bytes at %lx", i, bytes,
						addr);
					errors += expected;
				}
			}
		}
	}
	cr_assert_gt(errors, 1000);
	cr_assert_not(is_error(&(struct md_watch_place){ .why = MD_WATCH_FRONT,
				       .range = { 0x1fa8, 8 },
				       .user = block.user,
				       .size = 40,
				       .stack = { STACK },
				       .time = TIME },
			      &block, 0x1fa8, SIZE_MAX),
		"it goes around");
}

Test(watch, a_block_that_is_another_one_meanwhile_says_nothing)
{
	struct md_watches watches = { .usable = MD_WATCHES };
	struct md_block_view block = block_at(0x1fe0, 32, 0x1000, 0x2000), now = block;

	md_watch_choose(&watches, &block, false);
	cr_assert(is_error(&watches.places[0], &now, 0x1fd8, 8));
	now.alloc_time++;
	cr_assert_not(is_error(&watches.places[0], &now, 0x1fd8, 8));
	now = block;
	now.alloc_stack.value++;
	cr_assert_not(is_error(&watches.places[0], &now, 0x1fd8, 8));
	now = block;
	now.size--;
	cr_assert_not(is_error(&watches.places[0], &now, 0x1fd8, 8));
	now = block;
	now.user -= 16;
	cr_assert_not(is_error(&watches.places[0], &now, 0x1fd8, 8));
	now = block;
	now.state = MD_BLOCK_QUARANTINED;
	cr_assert_not(is_error(&watches.places[0], &now, 0x1fd8, 8));
	now = block;
	now.valid = false;
	cr_assert_not(is_error(&watches.places[0], &now, 0x1fd8, 8));
	now = block;
	watches.places[0].why = MD_WATCH_ADDRESS;
	cr_assert_not(is_error(&watches.places[0], &now, 0x1fd8, 8));
}

Test(watch, aligned_vectors_may_be_read)
{
	struct md_watches watches = { .usable = MD_WATCHES };
	struct md_block_view block = block_at(0x1fe0, 32, 0x1000, 0x2000);
	static const struct {
		uintptr_t addr;
		size_t bytes;
		bool error;
	} reads[] = { { 0x1fd0, 16, false }, { 0x1fcc, 16, true }, { 0x1fc0, 32, false }, { 0x1fbc, 32, true }, { 0x1fd8, 8, true },
		{ 0x1fdc, 4, true }, { 0x1f80, 64, false } };

	md_watch_choose(&watches, &block, false);
	for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
		struct md_access access = { .addr = reads[i].addr, .bytes = reads[i].bytes, .kind = MD_ACCESS_READ };

		cr_expect_eq(md_watch_is_error(&watches.places[0], &block, &access), reads[i].error, "%zu bytes at %lx", reads[i].bytes,
			reads[i].addr);
	}
	struct md_access write = { .addr = 0x1fd0, .bytes = 16, .kind = MD_ACCESS_WRITE };

	cr_assert(md_watch_is_error(&watches.places[0], &block, &write));
}
