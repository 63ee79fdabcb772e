/* SPDX-License-Identifier: MIT */
#include "src/history.h"

#include <stdbool.h>

/* One event of a ring by its number; false if it was overwritten before or while it was copied. */
static bool copy_event(const struct md_history_ring *ring, uint64_t number, struct md_event *event)
{
	*event = ring->events[number & ring->mask];
	atomic_thread_fence(memory_order_acquire);
	/* The writer may be in the middle of the entry that it fills next, hence one less than the capacity. */
	return number + ring->mask >= atomic_load_explicit(&ring->next, memory_order_acquire);
}

static bool matches(const struct md_event *event, uintptr_t addr_begin, uintptr_t addr_end, int include_failed)
{
	if (md_event_kind(event) == MD_EVENT_FAILED)
		return include_failed && !addr_end;
	return !addr_end || (md_event_addr(event) >= addr_begin && md_event_addr(event) < addr_end);
}

/* Keeps the youngest events_max, sorted by time, oldest first. */
static void insert_event(struct md_event *events, size_t *count, size_t events_max, struct md_event event)
{
	size_t at = *count;

	if (at == events_max) {
		if (!events_max || event.time < events[0].time)
			return;
		for (at = 1; at < events_max && events[at].time <= event.time; at++)
			events[at - 1] = events[at];
		events[at - 1] = event;
		return;
	}
	for (; at > 0 && events[at - 1].time > event.time; at--)
		events[at] = events[at - 1];
	events[at] = event;
	++*count;
}


size_t md_history_read(const struct md_history_ring *const *rings, size_t ring_count, uintptr_t addr_begin, uintptr_t addr_end,
	int include_failed, struct md_event *events, size_t events_max, uint64_t *total)
{
	size_t count = 0;
	uint64_t matched = 0;

	for (size_t i = 0; i < ring_count; i++) {
		const struct md_history_ring *ring = rings[i];

		if (!ring->events)
			continue;
		uint64_t next = atomic_load_explicit(&ring->next, memory_order_acquire), first = next > ring->mask ? next - ring->mask : 0;

		for (uint64_t number = next; number-- > first;) { /* youngest first: once the list is full of younger ones, a ring is done early */
			struct md_event event;

			if (!copy_event(ring, number, &event))
				break;
			if (!matches(&event, addr_begin, addr_end, include_failed))
				continue;
			matched++;
			if (count == events_max && (!events_max || event.time < events[0].time) && !total)
				break;
			insert_event(events, &count, events_max, event);
		}
	}
	if (total)
		*total = matched;
	return count;
}
