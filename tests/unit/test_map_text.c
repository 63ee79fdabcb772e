/* SPDX-License-Identifier: MIT */
#include "report/map_text.h"

#include "report/stats_text.h"
#include "tests/unit/report_fixture.h"

static unsigned char states[1024];

static struct md_zone_view zone_of(size_t slots)
{
	return (struct md_zone_view){ .kind = MD_ZONE_SMALL,
		.begin = 0x7f0000000000,
		.end = 0x7f0000000000 + slots * 512,
		.slot_bytes = 512,
		.slot_count = slots,
		.first_slot = 0x7f0000000000 };
}

Test(map_text, each_state_has_its_sign)
{
	struct md_zone_view zone = zone_of(12);
	struct md_text text = fixture_text(false);

	states[0] = MD_BLOCK_LIVE;
	states[1] = MD_BLOCK_LIVE | MD_MAP_DAMAGED;
	states[2] = MD_BLOCK_FREEING;
	states[3] = MD_BLOCK_QUARANTINED;
	states[4] = MD_BLOCK_CACHED;
	states[5] = MD_BLOCK_FREE;
	states[6] = MD_BLOCK_LIVE;
	zone.slots_untouched = 3;
	zone.live = 3, zone.quarantined = 1, zone.cached = 1, zone.free = 6, zone.user_bytes = 1280;
	md_map_text_zone(&text, &zone, states, NULL, 0);
	expect_text(&text,
		"small zone [0x7f0000000000,0x7f0000001800) 6.0 KiB, 12 slots of 512 B: 3 live (1.3 KiB), 1 quarantined, 1 cached, 6 free, 3 of "
		"them untouched, 1 damaged\n"
		"  free slots 17 % fragmented: the largest free run has 5 of 6\n"
		"  0x7f0000000000  #!fqc.#..---\n");
}

Test(map_text, alike_rows_are_folded_others_are_not)
{
	struct md_zone_view zone = zone_of(64 * 9 + 10);
	struct md_text text = fixture_text(false);

	memset(states, MD_BLOCK_LIVE, 64 * 4);            /* four alike: one and a fold */
	states[64 * 4] = MD_BLOCK_QUARANTINED;            /* a mixed row */
	memset(states + 64 * 5, MD_BLOCK_CACHED, 64 * 2); /* two alike: both */
	zone.live = 256, zone.quarantined = 1, zone.cached = 128, zone.free = 201;
	md_map_text_zone(&text, &zone, states, NULL, 0);
	expect_part(&text,
		"  0x7f0000000000  ################################################################\n"
		"                  ... 3 more rows of #\n"
		"  0x7f0000020000  q...............................................................\n"
		"  0x7f0000028000  cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\n"
		"  0x7f0000030000  cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\n"
		"  0x7f0000038000  ................................................................\n"
		"  0x7f0000040000  ................................................................\n"
		"  0x7f0000048000  ..........\n");
}

Test(map_text, fragmentation_is_what_is_not_in_the_largest_run)
{
	struct md_zone_view zone = zone_of(64);
	struct md_text text = fixture_text(false);

	memset(states, 0, sizeof states);
	for (size_t i = 0; i < 64; i += 2)
		states[i] = MD_BLOCK_LIVE;
	zone.live = zone.free = 32;
	md_map_text_zone(&text, &zone, states, NULL, 0);
	expect_part(&text, "free slots 97 % fragmented: the largest free run has 1 of 32\n");
	expect_part(&text, "#.#.#.#.");
	memset(states, 0, sizeof states);
	zone.live = 0, zone.free = 64;
	text = fixture_text(false);
	md_map_text_zone(&text, &zone, states, NULL, 0);
	expect_part(&text, "free slots 0 % fragmented: the largest free run has 64 of 64\n");
}

Test(map_text, runs_and_large_zones)
{
	struct md_zone_view zone = { .kind = MD_ZONE_LARGE,
		.begin = 0x7f0000000000,
		.end = 0x7f0000100000,
		.slot_bytes = 1 << 20,
		.slot_count = 1,
		.first_slot = 0x7f0000000000,
		.live = 1,
		.user_bytes = 1000000 };
	struct md_run_view runs[] = {
		{ .state = MD_BLOCK_LIVE,
			.damaged = true,
			.begin = 0x7f0000000000,
			.end = 0x7f0000100000,
			.slots = 1,
			.user_bytes = 1000000 },
	};
	struct md_text text = fixture_text(false);

	states[0] = MD_BLOCK_LIVE | MD_MAP_DAMAGED;
	md_map_text_zone(&text, &zone, states, runs, 1);
	expect_text(&text,
		"large zone [0x7f0000000000,0x7f0000100000) 1.0 MiB: 1 live (976.6 KiB), 1 damaged\n"
		"  live run        [0x7f0000000000,0x7f0000100000) 1.0 MiB, 1000000 bytes requested, damaged\n");
}

Test(map_text, a_long_list_of_runs_is_cut_with_a_count)
{
	static struct md_run_view runs[100];
	struct md_zone_view zone = zone_of(100);
	struct md_text text = fixture_text(false);

	memset(states, 0, sizeof states);
	for (size_t i = 0; i < 100; i++)
		runs[i] = (struct md_run_view){
			.state = MD_BLOCK_FREE, .begin = 0x7f0000000000 + i * 512, .end = 0x7f0000000200 + i * 512, .slots = 1
		};
	md_map_text_zone(&text, &zone, states, runs, 100);
	expect_part(&text, "  free run        [0x7f0000007e00,0x7f0000008000) 512 B, 1 slot\n  ... and 36 more runs\n");
}

Test(map_text, free_runs_totals_and_legend)
{
	struct md_heap_totals totals = { .live_blocks = 1000,
		.live_bytes = 3 << 20,
		.quarantined_blocks = 10,
		.quarantined_bytes = 2048,
		.cached_slots = 7,
		.free_run_bytes = 4 << 20,
		.free_run_largest = 1 << 20,
		.free_runs = 5,
		.mapped_bytes = 16 << 20,
		.metadata_bytes = 1 << 20,
		.zones = { 1, 2, 3 },
		.slot_overhead_bytes = 1 << 20 };
	struct md_text text = fixture_text(false);

	md_map_text_begin(&text);
	md_map_text_free_run(&text, 0x7f0000000000, 0x7f0000020000, false);
	md_map_text_free_run(&text, 0x7f0000040000, 0x7f0000060000, true);
	md_map_text_end(&text, &totals);
	expect_text(&text,
		"Zones of the heap\n"
		"free run [0x7f0000000000,0x7f0000020000) 128.0 KiB, pages given back to the system\n"
		"free run [0x7f0000040000,0x7f0000060000) 128.0 KiB, pages kept for reuse\n"
		"Heap now:\n"
		"  live                          1000     3.0 MiB  blocks, as requested\n"
		"  overhead                               1.0 MiB  red zones, slack and alignment of live blocks\n"
		"  quarantined                     10     2.0 KiB  freed blocks held back from reuse\n"
		"  cached                           7  slots in threads' caches\n"
		"  free runs                        5     4.0 MiB  pages in no zone\n"
		"  largest free run                       1.0 MiB\n"
		"  zones                            6  1 tiny, 2 small, 3 large\n"
		"  mapped                                16.0 MiB  address space of zones and free runs\n"
		"  metadata                               1.0 MiB  our own records\n"
		"  fragmentation                 75 %  external: free run bytes that are not in the largest free run\n"
		"                                25 %  internal: bytes that live blocks take beyond their requested size\n"
		"Legend: # live, ! damaged, f being freed, q quarantined, c in a thread's cache, . free, - free, never used\n");
}

Test(map_text, colour_is_switched_off_at_each_end_of_line)
{
	struct md_zone_view zone = zone_of(4);
	struct md_text text = fixture_text(true);

	memset(states, 0, sizeof states);
	states[1] = MD_BLOCK_LIVE | MD_MAP_DAMAGED;
	md_map_text_zone(&text, &zone, states, NULL, 0);
	expect_part(&text, "  .\033[1;31m!\033[0m..\033[0m\n");
}

Test(stats_text, counters_come_before_the_heap)
{
	struct md_counters counters = {
		.allocations = 1234567890, .allocated_bytes = 5ull << 30, .frees = 1234567000, .failed = 2, .repeats = 9
	};
	struct md_heap_totals totals = { 0 };
	struct md_text text = fixture_text(false);

	md_stats_text(&text, &counters, &totals);
	expect_part(&text,
		"Since start:\n"
		"  allocations             1234567890     5.0 GiB\n"
		"  frees                   1234567000\n");
	expect_part(&text, "  failed requests                  2  gave NULL or threw\n");
	expect_part(&text, "  repeats                          9  of an error already reported: not printed\nHeap now:\n");
	expect_part(&text, "                                 0 %  internal"); /* no division by nothing */
}
