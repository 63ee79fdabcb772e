/* SPDX-License-Identifier: MIT */
#include "src/history.h"

#include "tests/unit/core_fixture.h"

#define CAPACITY 64

static struct md_event storage[3][CAPACITY];
static struct md_history_ring rings[3];
static const struct md_history_ring *const all[3] = { &rings[0], &rings[1], &rings[2] };
static struct md_event got[4 * CAPACITY];

static void init(void)
{
	for (int i = 0; i < 3; i++)
		rings[i] = (struct md_history_ring){ .events = storage[i], .mask = CAPACITY - 1 };
}

TestSuite(history, .init = init);

/* The event of a time: its address and size follow from it. */
static struct md_event event_at(uint64_t time, unsigned thread)
{
	return md_event_make(time % 2 ? MD_EVENT_FREE : MD_EVENT_ALLOC, time % 2 ? MD_API_FREE : MD_API_MALLOC, 0x10000 + time * 32, time,
		(md_stack_id){ (uint32_t)time + 1 }, (md_thread_id){ (uint16_t)thread }, time);
}

static bool is_event_at(const struct md_event *event, uint64_t time)
{
	struct md_event expected = event_at(time, md_event_thread(event).value);

	return memcmp(event, &expected, sizeof expected) == 0;
}

Test(history, an_event_keeps_what_it_was_made_of)
{
	struct md_event event = md_event_make(MD_EVENT_FREE, MD_API_DELETE_ARRAY_SIZED_ALIGNED, 0x7fffdeadbee0, (1ull << 47) + 5,
		(md_stack_id){ 0xfffffff0 }, (md_thread_id){ 65535 }, UINT64_MAX);

	cr_expect(eq(int, md_event_kind(&event), MD_EVENT_FREE));
	cr_expect(eq(int, md_event_api(&event), MD_API_DELETE_ARRAY_SIZED_ALIGNED));
	cr_expect(eq(ulong, md_event_addr(&event), 0x7fffdeadbee0));
	cr_expect(eq(u64, md_event_size(&event), (1ull << 47) + 5));
	cr_expect(eq(uint, md_event_thread(&event).value, 65535));
	cr_expect(eq(uint, event.stack, 0xfffffff0));
	cr_expect(eq(u64, event.time, UINT64_MAX));
	cr_expect(eq(uint, event.error, 0));
}

Test(history, nothing_is_read_of_empty_rings_and_of_none)
{
	uint64_t total = 99;

	cr_expect(eq(sz, md_history_read(all, 3, 0, 0, 1, got, 100, &total), 0));
	cr_expect(eq(u64, total, 0));
	cr_expect(eq(sz, md_history_read(all, 0, 0, 0, 1, got, 100, NULL), 0));
	rings[1].events = NULL; /* history=0 */
	md_history_put(&rings[1], event_at(1, 1));
	cr_expect(eq(sz, md_history_read(all, 3, 0, 0, 1, got, 100, NULL), 0));
}

/* For every number of events, less and more than the ring holds: the youngest are there, in order. One place is the writer's. */
Test(history, the_youngest_stay_when_a_ring_wraps)
{
	for (uint64_t written = 1; written <= 3 * CAPACITY + 1; written++) {
		uint64_t total, kept = written < CAPACITY ? written : CAPACITY - 1;

		md_history_put(&rings[0], event_at(written, 1));
		size_t count = md_history_read(all, 1, 0, 0, 0, got, sizeof got / sizeof *got, &total);

		must(count == kept && total == kept, "%lu written, %zu read, %lu in all", written, count, total);
		for (size_t i = 0; i < count; i++)
			must(is_event_at(&got[i], written - kept + 1 + i), "%lu written, event %zu", written, i);
	}
}

Test(history, rings_are_merged_by_time)
{
	uint64_t random = 5, total;

	for (uint64_t time = 1; time <= 100; time++) {
		unsigned ring = (unsigned)random_below(&random, 3);

		md_history_put(&rings[ring], event_at(time, ring + 1));
	}
	cr_assert(eq(sz, md_history_read(all, 3, 0, 0, 0, got, 200, &total), 100));
	cr_expect(eq(u64, total, 100));
	for (uint64_t i = 0; i < 100; i++)
		must(is_event_at(&got[i], i + 1), "event %lu is of time %lu", i, got[i].time);
	for (size_t most = 0; most <= 100; most++) {
		memset(got, 0, sizeof got);
		must(md_history_read(all, 3, 0, 0, 0, got, most, &total) == most && total == 100, "at most %zu of them", most);
		for (size_t i = 0; i < most; i++)
			must(is_event_at(&got[i], 101 - most + i), "the youngest %zu: event %zu is of time %lu", most, i, got[i].time);
		must(!got[most].time, "at most %zu of them: one more is written", most);
		must(md_history_read(all, 3, 0, 0, 0, got, most, NULL) == most, "without a total");
		for (size_t i = 0; i < most; i++)
			must(is_event_at(&got[i], 101 - most + i), "without a total, the youngest %zu: event %zu is of time %lu", most, i,
				got[i].time);
	}
}

Test(history, only_events_of_the_address_are_read)
{
	uint64_t total;

	for (uint64_t time = 1; time <= 40; time++) {
		struct md_event event = event_at(time, 1);

		event.addr_api = (event.addr_api & ~0xffffffffffffull) | (0x1000 + time % 4 * 0x100);
		md_history_put(&rings[time % 2], event);
	}
	cr_assert(eq(sz, md_history_read(all, 3, 0x1200, 0x1201, 0, got, 100, &total), 10));
	cr_expect(eq(u64, total, 10));
	for (size_t i = 0; i < 10; i++)
		must(md_event_addr(&got[i]) == 0x1200 && got[i].time == 4 * i + 2, "event %zu", i);
	cr_expect(eq(sz, md_history_read(all, 3, 0x1100, 0x1300, 0, got, 100, &total), 20));
	cr_expect(eq(sz, md_history_read(all, 3, 0x1201, 0x1300, 0, got, 100, &total), 0), "the end is not part of the range");
	cr_expect(eq(sz, md_history_read(all, 3, 0x1200, 0x1201, 0, got, 3, &total), 3));
	cr_expect(eq(u64, total, 10), "all that matched are counted");
	for (size_t i = 0; i < 3; i++)
		must(got[i].time == 30 + 4 * i, "the youngest three: %lu", got[i].time);
}

Test(history, failed_requests_are_read_when_asked_for)
{
	struct md_event failed = md_event_make(MD_EVENT_FAILED, MD_API_MALLOC, 0, 1ull << 46, MD_STACK_NONE, (md_thread_id){ 1 }, 2);
	uint64_t total;

	md_history_put(&rings[0], event_at(1, 1));
	md_history_put(&rings[0], failed);
	md_history_put(&rings[0], event_at(3, 1));
	cr_expect(eq(sz, md_history_read(all, 1, 0, 0, 0, got, 10, &total), 2));
	cr_expect(eq(u64, total, 2));
	cr_expect(eq(sz, md_history_read(all, 1, 0, 0, 1, got, 10, &total), 3));
	cr_expect(eq(u64, total, 3));
	cr_expect(eq(int, md_event_kind(&got[1]), MD_EVENT_FAILED));
	cr_expect(eq(u64, md_event_size(&got[1]), 1ull << 46));
	cr_expect(eq(sz, md_history_read(all, 1, 0, 4096, 1, got, 10, &total), 0), "they belong to no address");
}
