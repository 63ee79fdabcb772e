/* SPDX-License-Identifier: MIT
 *
 * Rings are read while their threads write them: whatever is read was written as it stands, oldest first, and none is missing in the
 * middle.
 */
#include <unistd.h>

#include "src/history.h"
#include "tests/threads/race.h"

#define CAPACITY 256
#define WRITERS_MAX 8

static struct md_event storage[WRITERS_MAX][CAPACITY];
static struct md_history_ring rings[WRITERS_MAX];
static const struct md_history_ring *all[WRITERS_MAX];
static _Atomic unsigned writing;
static _Atomic uint64_t clock_now, events_read;
static unsigned writers;

static struct md_event event_of(uint64_t time, unsigned writer)
{
	return md_event_make(MD_EVENT_ALLOC, (enum md_api)(time % 9), 0x10000 + time % 1000003 * 16, time * 2654435761u % (1ull << 40),
		(md_stack_id){ (uint32_t)(time * 7) }, (md_thread_id){ (uint16_t)(writer + 1) }, time);
}

static void write_events(unsigned writer)
{
	/* On a busy machine the readers may come late: not before they have seen something is there anything to be learned. */
	for (uint64_t round = 0; round < round_count || atomic_load(&events_read) < 1000; round++)
		md_history_put(&rings[writer], event_of(atomic_fetch_add(&clock_now, 1) + 1, writer));
	atomic_fetch_sub(&writing, 1);
}

static void read_events(void)
{
	static __thread struct md_event events[WRITERS_MAX * CAPACITY];
	uint64_t last_of[WRITERS_MAX], total;

	while (atomic_load(&writing)) {
		size_t count = md_history_read(all, writers, 0, 0, 1, events, sizeof events / sizeof *events, &total);

		must(count == total && count <= writers * (CAPACITY - 1), "%zu of %lu events", count, total);
		memset(last_of, 0, sizeof last_of);
		for (size_t i = 0; i < count; i++) {
			unsigned writer = md_event_thread(&events[i]).value - 1u;
			struct md_event expected = event_of(events[i].time, writer);

			must(writer < writers && !memcmp(&events[i], &expected, sizeof expected),
				"an event that nobody wrote: time %lu, of writer %u", events[i].time, writer);
			must(i == 0 || events[i].time >= events[i - 1].time, "time goes back from %lu to %lu", events[i - 1].time,
				events[i].time);
			must(events[i].time > last_of[writer], "an event is read twice");
			last_of[writer] = events[i].time;
		}
		atomic_fetch_add(&events_read, count);
	}
}

static void *run(void *number)
{
	if ((uintptr_t)number < writers)
		write_events((unsigned)(uintptr_t)number);
	else
		read_events();
	return NULL;
}

int main(int argc, char **argv)
{
	race_arguments(argc, argv, 5, RACE_SCALE(3000000, 300000));
	writers = thread_count > 2 ? thread_count - 2 : 1;
	must(writers <= WRITERS_MAX, "at most %d threads", WRITERS_MAX + 2);
	for (unsigned i = 0; i < writers; i++) {
		rings[i] = (struct md_history_ring){ .events = storage[i], .mask = CAPACITY - 1 };
		all[i] = &rings[i];
	}
	atomic_store(&writing, writers);
	race_run(thread_count, run);
	printf("race_history: %u writers, %lu events read\n", writers, atomic_load(&events_read));
	return 0;
}
