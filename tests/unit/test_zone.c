/* SPDX-License-Identifier: MIT */
#include "src/zone.h"

#include "src/arena.h"
#include "src/os.h"
#include "src/pattern.h"
#include "tests/unit/core_fixture.h"

#define SECRET 0x1122334455667788ull
#define SLOTS_MAX 100000

static struct md_page_map map;
static struct md_arena arena;
static struct md_runs runs;
static struct md_zones zones;
static struct md_slot slots[SLOTS_MAX];

static void init_with(size_t redzone)
{
	md_arena_init(&arena);
	md_runs_init(&runs, &map, &arena);
	md_zones_init(&zones, &runs, &arena, SECRET, redzone);
}

static void init(void)
{
	init_with(MD_REDZONE_BYTES);
}

TestSuite(zone, .init = init);

static struct md_zone *zone_of(struct md_slot slot)
{
	return md_page_map_zone(&map, slot.begin);
}

static enum md_block_state state_of(struct md_slot slot)
{
	return (enum md_block_state)atomic_load(&slot.record->state);
}

/* What must hold of a zone whenever its lock is free. */
static void zone_is_sound(const struct md_zone *zone)
{
	uint32_t bits = 0, cached = 0;

	for (uint32_t i = 0; i < zone->slot_count; i++) {
		bool is_free = zone->free_bits[i / 64] >> i % 64 & 1;
		uint8_t state = atomic_load(&zone->records[i].state);

		bits += is_free;
		cached += state == MD_BLOCK_CACHED;
		must(!is_free || i < zone->carved, "slot %u is free and was never handed out", i);
		must((state == MD_BLOCK_FREE) == (is_free || i >= zone->carved), "slot %u: state %u", i, state);
		must(!is_free || i / 64 >= zone->free_hint, "slot %u is free before the hint", i);
	}
	must(zone->free_count == bits + zone->slot_count - zone->carved, "free_count %u, %u bits, %u of %u carved", zone->free_count, bits,
		zone->carved, zone->slot_count);
	must(zone->free_count + cached == zone->slot_count, "slots were lost");
	must(zone->listed == (zone->free_count > 0), "a zone is listed while it has free slots");
}

static unsigned take(unsigned class_index, unsigned count)
{
	unsigned taken = 0;

	while (taken < count) {
		unsigned got = md_zones_take_slots(&zones, class_index, slots + taken, count - taken < 32 ? count - taken : 32);

		must(got, "class %u: no slots after %u", class_index, taken);
		taken += got;
	}
	return taken;
}

/* How many free runs there are, and whether all that is mapped is one of them. */
static unsigned count_runs(void)
{
	unsigned count = 0;

	for (unsigned bin = 0; bin < MD_RUN_BINS; bin++)
		for (const struct md_run *run = runs.bins[bin]; run; run = run->next)
			count++;
	return count;
}

Test(zone, slots_come_lowest_first_apart_and_in_their_zone)
{
	for (unsigned class_index = 0; class_index < MD_CLASS_COUNT; class_index++) {
		size_t bytes = md_class_bytes(class_index);

		take(class_index, 1);
		unsigned count = take(class_index, zone_of(slots[0])->slot_count - 1);

		for (unsigned i = 0; i < count; i++) {
			struct md_zone *zone = zone_of(slots[i]);

			must(zone && zone->class_index == class_index && zone->slot_bytes == bytes, "class %u, slot %u", class_index, i);
			must(slots[i].begin % MD_ALIGNMENT == 0, "class %u, slot %u", class_index, i);
			must(slots[i].begin - MD_REDZONE_BYTES >= zone->begin && slots[i].begin + bytes <= zone->begin + zone->bytes,
				"class %u, slot %u", class_index, i);
			must(i == 0 || slots[i].begin == slots[i - 1].begin + bytes, "class %u: slot %u is not the next higher one",
				class_index, i);
			must(slots[i].record == &zone->records[md_zone_slot_at(zone, slots[i].begin)], "class %u: record of slot %u",
				class_index, i);
			must(state_of(slots[i]) == MD_BLOCK_CACHED, "class %u, slot %u", class_index, i);
			must(md_pattern_intact(SECRET, slots[i].begin - MD_REDZONE_BYTES, slots[i].begin),
				"class %u: front red zone of slot %u", class_index, i);
			must(md_pattern_intact(SECRET, slots[i].begin + bytes - MD_REDZONE_BYTES, slots[i].begin + bytes),
				"class %u: red zone of slot %u", class_index, i);
		}
		must(zone_of(slots[0])->kind == (bytes <= MD_SLOT_BYTES_TINY ? MD_ZONE_TINY : MD_ZONE_SMALL), "class %u", class_index);
		zone_is_sound(zone_of(slots[0]));
	}
}

/* The rest at the end of a zone is smaller than a slot, and the front red zone is as wide as the user asked. */
Test(zone_redzone, a_zone_is_filled_with_slots)
{
	static const size_t redzones[] = { 16, 64, 4096 };

	for (int r = 0; r < 3; r++) {
		init_with(redzones[r]);
		for (unsigned class_index = 0; class_index < MD_CLASS_COUNT; class_index++) {
			take(class_index, 1);
			const struct md_zone *zone = zone_of(slots[0]);
			size_t used = redzones[r] + (size_t)zone->slot_count * zone->slot_bytes;

			must(zone->first_slot == zone->begin + redzones[r], "class %u", class_index);
			must(used <= zone->bytes && zone->bytes - used < zone->slot_bytes, "class %u: %zu of %zu bytes", class_index, used,
				zone->bytes);
			must(md_pattern_intact(SECRET, zone->begin, zone->first_slot), "class %u", class_index);
		}
	}
}

/* For every address of zones of every class, the small first ones and the larger later ones. */
Test(zone_redzone, slot_at_is_exact)
{
	static const size_t redzones[] = { 16, 4096 };

	for (int r = 0; r < 2; r++) {
		init_with(redzones[r]);
		for (unsigned class_index = 0; class_index < MD_CLASS_COUNT; class_index++) {
			const struct md_zone *first, *last;

			take(class_index, 1);
			first = last = zone_of(slots[0]);
			for (int i = 0; i < 12; i++) {
				take(class_index, last->free_count + 1);
				for (unsigned j = 0; zone_of(slots[j]); last = zone_of(slots[j++]))
					if (j && zone_of(slots[j]) != zone_of(slots[j - 1]))
						break;
				if (last->bytes != first->bytes)
					break;
			}
			const struct md_zone *both[2] = { first, last };

			for (int i = 0; i < 2; i++)
				for (uintptr_t addr = both[i]->first_slot; addr < both[i]->begin + both[i]->bytes; addr++)
					must(md_zone_slot_at(both[i], addr) == (addr - both[i]->first_slot) / both[i]->slot_bytes,
						"class %u, zone of %zu bytes, offset %lu", class_index, both[i]->bytes,
						addr - both[i]->first_slot);
		}
	}
}

Test(zone, returned_slots_go_out_before_new_ones_lowest_first)
{
	unsigned count = take(3, 100);
	struct md_slot returned[3] = { slots[70], slots[5], slots[40] };

	cr_assert(eq(uint, count, 100));
	md_zones_give_slots(&zones, 3, returned, 3, false);
	for (int i = 0; i < 3; i++)
		cr_expect(eq(int, state_of(returned[i]), MD_BLOCK_FREE));
	zone_is_sound(zone_of(returned[0]));
	struct md_slot again[5];

	cr_assert(eq(uint, md_zones_take_slots(&zones, 3, again, 5), 5));
	cr_expect(eq(ulong, again[0].begin, slots[5].begin));
	cr_expect(eq(ulong, again[1].begin, slots[40].begin));
	cr_expect(eq(ulong, again[2].begin, slots[70].begin));
	cr_expect(eq(ulong, again[3].begin, slots[99].begin + md_class_bytes(3)));
	zone_is_sound(zone_of(again[0]));
}

/* All slots of several zones, freed alternately, then the rest: the picture that shows merging. */
static void free_alternately_then_the_rest(unsigned class_index, unsigned zone_count)
{
	take(class_index, 1);
	unsigned per_zone = zone_of(slots[0])->slot_count, count = per_zone * zone_count;

	md_zones_give_slots(&zones, class_index, slots, 1, false);
	take(class_index, count);
	must(zones.classes[class_index].zone_count == zone_count, "class %u: %u zones", class_index, zones.classes[class_index].zone_count);
	for (unsigned i = 0; i < count; i += 2)
		md_zones_give_slots(&zones, class_index, &slots[i], 1, false);
	must(zones.classes[class_index].zone_count == zone_count, "class %u: no zone is empty yet", class_index);
	for (unsigned i = 0; i < count; i += per_zone)
		zone_is_sound(zone_of(slots[i]));
	for (unsigned i = 1; i < count; i += 2)
		md_zones_give_slots(&zones, class_index, &slots[i], 1, false);
	must(zones.classes[class_index].zone_count <= 1, "class %u: %u zones are kept", class_index, zones.classes[class_index].zone_count);
	md_zones_release_empty(&zones);
	must(zones.classes[class_index].zone_count == 0, "class %u", class_index);
	must(count_runs() == 1 && runs.free_bytes == atomic_load(&runs.mapped_bytes) && !atomic_load(&runs.used_bytes),
		"class %u: %u free runs", class_index, count_runs());
}

Test(zone, empty_zones_become_one_free_run)
{
	free_alternately_then_the_rest(0, 8); /* eight zones of a unit: the first mapping from end to end */
	free_alternately_then_the_rest(20, 8);
	free_alternately_then_the_rest(MD_CLASS_COUNT - 1, 1);
	cr_expect(eq(sz, atomic_load(&runs.mapped_bytes), 512u << 10), "what one class gave back served the others");
}

Test(zone, merged_zones_serve_a_large_block)
{
	free_alternately_then_the_rest(0, 8);
	struct md_large_layout layout;
	bool fresh = true;

	md_layout_large((512u << 10) - 4096, 16, 16, &layout);
	struct md_zone *zone = md_zones_take_large(&zones, &layout, 16, &fresh);

	cr_assert(ne(ptr, zone, NULL));
	cr_expect(not(fresh), "slots were written to");
	cr_expect(eq(sz, atomic_load(&runs.mapped_bytes), 512u << 10));
}

/* One empty zone stays with its class, so that a program on the edge does not map and unmap with every call; on request all of them do. */
Test(zone, empty_zones_stay_when_asked_for)
{
	take(0, 1);
	unsigned per_zone = zone_of(slots[0])->slot_count;

	md_zones_give_slots(&zones, 0, slots, 1, false);
	cr_expect(eq(uint, zones.classes[0].zone_count, 1));
	take(0, 4 * per_zone);
	md_zones_give_slots(&zones, 0, slots, 4 * per_zone, true);
	cr_expect(eq(uint, zones.classes[0].zone_count, 4));
	for (unsigned i = 0; i < 4; i++)
		zone_is_sound(zone_of(slots[i * per_zone]));
	md_zones_release_empty(&zones);
	cr_expect(eq(uint, zones.classes[0].zone_count, 0));
	cr_expect(eq(uint, count_runs(), 1));
}

/* A zone on used memory must say so slot by slot, or calloc would hand out old bytes. */
Test(zone, slots_of_used_memory_are_marked_as_used)
{
	take(0, 10);
	for (unsigned i = 0; i < 10; i++) {
		must(!(slots[i].record->flags & MD_BLOCK_USED), "slot %u of a fresh zone", i);
		memset((void *)slots[i].begin, 0xff, 16);
	}
	md_zones_give_slots(&zones, 0, slots, 10, false);
	md_zones_release_empty(&zones);
	take(1, 10);
	for (unsigned i = 0; i < 10; i++)
		must(slots[i].record->flags & MD_BLOCK_USED, "slot %u", i);
	md_zones_give_slots(&zones, 1, slots, 10, false);
	md_zones_release_empty(&zones);
	md_runs_trim(&runs, 0);
	take(0, 10); /* the struct of the first zone again, on fresh memory */
	for (unsigned i = 0; i < 10; i++)
		must(!(slots[i].record->flags & MD_BLOCK_USED) && !slots[i].record->size, "slot %u", i);
}

Test(zone, random_takes_and_gives)
{
	static struct md_slot held[8][6000];
	static const unsigned classes[8] = { 0, 1, 7, 15, 30, 45, 60, 70 };
	static const unsigned most[8] = { 6000, 6000, 3000, 1000, 300, 100, 40, 20 };
	unsigned count[8] = { 0 };
	uint64_t random = 11;

	for (int step = 0; step < 60000; step++) {
		unsigned c = (unsigned)random_below(&random, 8), batch = 1 + (unsigned)random_below(&random, 32);

		if (count[c] + batch <= most[c] && random_below(&random, 100) < (step / 10000 % 2 ? 35u : 65u)) {
			unsigned got = md_zones_take_slots(&zones, classes[c], held[c] + count[c], batch);

			must(got && got <= batch, "step %d", step);
			for (unsigned i = 0; i < got; i++) { /* nobody else has it */
				struct md_record *record = held[c][count[c] + i].record;

				must(record->size == 0, "step %d: a slot was handed out twice", step);
				record->size = 1;
			}
			count[c] += got;
		} else if (count[c]) {
			batch = batch < count[c] ? batch : count[c];
			for (unsigned i = 0; i < batch; i++) { /* any of those held, moved to the end */
				unsigned j = (unsigned)random_below(&random, count[c] - i);
				struct md_slot slot = held[c][j];

				held[c][j] = held[c][count[c] - 1 - i];
				held[c][count[c] - 1 - i] = slot;
				slot.record->size = 0;
			}
			count[c] -= batch;
			md_zones_give_slots(&zones, classes[c], held[c] + count[c], batch, step % 7 == 0);
		}
		if (step % 500 == 0)
			for (unsigned i = 0; i < 8; i++)
				for (unsigned j = 0; j < count[i]; j += 97)
					zone_is_sound(zone_of(held[i][j]));
	}
	for (unsigned c = 0; c < 8; c++)
		md_zones_give_slots(&zones, classes[c], held[c], count[c], false);
	md_zones_release_empty(&zones);
	cr_expect(eq(sz, atomic_load(&runs.used_bytes), 0));
	md_runs_trim(&runs, 0);
	cr_expect(eq(ulong, md_page_map_next(&map, 0), 0));
}

Test(zone, large_zones)
{
	static const size_t sizes[] = { 32769, 65535, 100000, 1 << 20, 5 << 20 };

	for (size_t alignment = 16; alignment <= (size_t)64 << 20; alignment *= 4) {
		for (int i = 0; i < 5; i++) {
			struct md_large_layout layout;
			bool fresh;

			must(md_layout_large(sizes[i], alignment, 16, &layout), "%zu", sizes[i]);
			struct md_zone *zone = md_zones_take_large(&zones, &layout, alignment, &fresh);

			must(zone && zone->kind == MD_ZONE_LARGE && zone->slot_count == 1 && zone->records == &zone->large_record, "%zu",
				sizes[i]);
			must(zone->large_user % alignment == 0, "%zu aligned to %zu: %#lx", sizes[i], alignment, zone->large_user);
			must(zone->begin <= zone->large_begin && zone->large_begin < zone->large_user &&
					zone->large_user + sizes[i] < zone->large_end && zone->large_end <= zone->begin + zone->bytes,
				"%zu aligned to %zu", sizes[i], alignment);
			for (uintptr_t addr = zone->begin; addr < zone->begin + zone->bytes; addr += MD_PAGE_BYTES)
				must(md_page_map_zone(&map, addr) == zone, "%zu aligned to %zu: %#lx", sizes[i], alignment, addr);
			memset((void *)zone->begin, 1, zone->bytes);
			must(atomic_load(&runs.used_bytes) == zone->bytes, "what lies before an aligned zone is given back");
			md_zones_give_large(&zones, zone, false);
			must(!md_page_map_zone(&map, zone->begin), "%zu aligned to %zu", sizes[i], alignment);
			must(atomic_load(&runs.used_bytes) == 0 && atomic_load(&zones.large_count) == 0, "%zu aligned to %zu", sizes[i],
				alignment);
		}
	}
	md_runs_trim(&runs, 0);
	cr_expect(eq(ulong, md_page_map_next(&map, 0), 0));
}

/* A large zone that dropped its pages comes back clean only if all of it is, what lies behind the block's end included. */
Test(zone, a_dropped_large_zone_is_fresh_only_if_all_of_it_reads_as_zero)
{
	struct md_large_layout layout;
	bool fresh;
	uintptr_t begin = md_runs_take(&runs, 5 * MD_UNIT_BYTES, MD_UNIT_BYTES, &fresh);

	memset((void *)begin, 0xee, 5 * MD_UNIT_BYTES);
	md_runs_give(&runs, begin, 4 * MD_UNIT_BYTES, true); /* no neighbour that is dirty anyway */
	md_layout_large(200000, 16, 16, &layout);
	struct md_zone *zone = md_zones_take_large(&zones, &layout, 16, &fresh);

	cr_assert(eq(ulong, zone->begin, begin));
	cr_assert(not(fresh));
	cr_assert(lt(ulong, zone->large_end, zone->begin + zone->bytes), "there is something behind the end");
	zone->large_record.flags |= MD_BLOCK_DROPPED;
	md_zones_give_large(&zones, zone, false);
	while (runs.free_bytes) {
		uintptr_t unit = md_runs_take(&runs, MD_UNIT_BYTES, MD_UNIT_BYTES, &fresh);

		for (size_t i = 0; fresh && i < MD_UNIT_BYTES; i++)
			must(!*(char *)(unit + i), "memory that is called fresh has old bytes at %#lx", unit + i);
	}
}

Test(zone, the_system_refuses_the_nth_mapping)
{
	for (uint64_t nth = 1; nth <= 5; nth++) {
		unsigned refused = 0;

		for (unsigned class_index = 0; class_index < MD_CLASS_COUNT; class_index += 5) {
			struct md_large_layout layout;
			bool fresh;
			struct md_slot got[32];

			md_layout_large(3u << 20, 16, 16, &layout);
			fake_os_refuse_maps(nth, 2);
			for (int i = 0; i < 20; i++) {
				unsigned count = md_zones_take_slots(&zones, class_index, got, 32);
				struct md_zone *large = md_zones_take_large(&zones, &layout, 16, &fresh);

				refused += !count + !large;
				for (unsigned j = 0; j < count; j++)
					memset((void *)got[j].begin, 1, md_class_bytes(class_index) - MD_REDZONE_BYTES);
				if (count)
					md_zones_give_slots(&zones, class_index, got, count, false);
				if (large)
					md_zones_give_large(&zones, large, false);
				md_zones_release_empty(&zones);
				md_runs_trim(&runs, 0);
			}
			fake_os_allow_all();
			must(md_zones_take_slots(&zones, class_index, got, 1) == 1, "the system refuses nothing any more");
			md_zones_give_slots(&zones, class_index, got, 1, false);
			md_zones_release_empty(&zones);
			must(atomic_load(&runs.used_bytes) == 0 && atomic_load(&zones.large_count) == 0, "memory was lost");
		}
		must(refused, "no mapping was refused: this test shows nothing");
	}
}
