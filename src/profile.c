/* SPDX-License-Identifier: MIT */
#include "src/profile.h"

#include "src/os.h"

static size_t page_up(size_t bytes)
{
	return (bytes + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1);
}

/* Puts live rows and counts together; what is counted for stacks that came into being since there was room counted is left for the next
 * profile. */
static void merge(struct md_profile *profile, size_t capacity, const struct md_snapshot *live, const struct md_profile_counts *counts)
{
	struct md_profile_row *without_stack = &profile->rows[profile->row_count++];
	uint64_t row_blocks = 0, row_bytes = 0, blocks = 0, bytes = 0;
	size_t i = 0;
	uint32_t counted = 0;

	if (counts) {
		md_profile_counts_get(counts, 0, &without_stack->all_blocks, &without_stack->all_bytes);
		counted = md_profile_counts_next(counts, 1, &blocks, &bytes);
	}
	for (; i < live->row_count && !live->rows[i].stack; i++)
		;
	while (i < live->row_count || counted) {
		bool has_live = i < live->row_count && (!counted || live->rows[i].stack <= counted);
		bool has_count = counted && (!has_live || counted == live->rows[i].stack);
		size_t needed = live->row_count - i; /* rows that must find room */

		if (has_live || profile->row_count + needed < capacity) {
			struct md_profile_row *row = &profile->rows[profile->row_count++];

			row->stack = has_live ? live->rows[i].stack : counted;
			row->live_blocks = has_live ? live->rows[i].blocks : 0;
			row->live_bytes = has_live ? live->rows[i].bytes : 0;
			row->all_blocks = has_count ? blocks : 0;
			row->all_bytes = has_count ? bytes : 0;
			row_blocks += row->live_blocks;
			row_bytes += row->live_bytes;
		}
		i += has_live;
		if (has_count)
			counted = md_profile_counts_next(counts, counted + 1, &blocks, &bytes);
	}
	without_stack->live_blocks = profile->live_blocks - row_blocks;
	without_stack->live_bytes = profile->live_bytes - row_bytes;
}

struct md_profile *md_profile_take(const struct md_heap *heap, const struct md_profile_counts *counts)
{
	struct md_snapshot *live = md_snapshot_take(heap); /* before the counts: so none of them is below what is live */
	uint64_t blocks, bytes;

	if (!live)
		return NULL;
	if (counts && !counts->counting)
		counts = NULL;
	size_t capacity = live->row_count + 1;

	for (uint32_t id = 0; counts && (id = md_profile_counts_next(counts, id + 1, &blocks, &bytes));)
		capacity++;
	size_t mapped_bytes = page_up(sizeof(struct md_profile) + capacity * sizeof(struct md_profile_row));
	struct md_profile *profile = md_os_map(0, mapped_bytes);

	if (profile) {
		profile->mapped_bytes = mapped_bytes;
		profile->has_all = counts != NULL;
		profile->live_blocks = live->blocks;
		profile->live_bytes = live->bytes;
		merge(profile, capacity, live, counts);
	}
	md_os_unmap(live, live->mapped_bytes);
	return profile;
}

void md_profile_destroy(struct md_profile *profile)
{
	md_os_unmap(profile, profile->mapped_bytes);
}

/* --- series ------------------------------------------------------------------- */

size_t md_series_peak(const struct md_series *series)
{
	size_t peak = 0;

	for (size_t i = 1; i < series->count; i++)
		if (series->moments[i].bytes > series->moments[peak].bytes)
			peak = i;
	return peak;
}

static void drop_stacks(struct md_series_moment *moment)
{
	struct md_snapshot *snapshot = atomic_exchange(&moment->snapshot, NULL);

	if (snapshot)
		md_os_unmap(snapshot, snapshot->mapped_bytes);
}

/* Of the moments between the first and the last, the one whose neighbours lie closest goes; the highest stays. */
static void drop_one(struct md_series *series)
{
	size_t peak = md_series_peak(series), least = 0;
	uint64_t least_gap = UINT64_MAX;

	for (size_t i = 1; i + 1 < series->count; i++) {
		uint64_t gap = series->moments[i + 1].ticks - series->moments[i - 1].ticks;

		if (i != peak && gap < least_gap) {
			least = i;
			least_gap = gap;
		}
	}
	drop_stacks(&series->moments[least]);
	for (size_t i = least; i + 1 < series->count; i++) {
		const struct md_series_moment *next = &series->moments[i + 1];
		struct md_series_moment *moment = &series->moments[i];

		moment->number = next->number;
		moment->ticks = next->ticks;
		moment->bytes = next->bytes;
		atomic_store(&moment->snapshot, atomic_load(&next->snapshot));
	}
	series->count--;
	atomic_store(&series->moments[series->count].snapshot, NULL);
}

void md_series_add(struct md_series *series, struct md_snapshot *snapshot)
{
	struct md_series_moment *moment = &series->moments[series->count++];

	moment->number = series->taken++;
	moment->ticks = snapshot->ticks;
	moment->bytes = snapshot->bytes;
	atomic_store(&moment->snapshot, snapshot);
	if (series->count > MD_SERIES_MAX)
		drop_one(series);
	size_t peak = md_series_peak(series);

	for (size_t i = 0; i + 1 < series->count; i++)
		if (i != peak && series->moments[i].number % MD_SERIES_DETAIL != 0)
			drop_stacks(&series->moments[i]);
}

bool md_series_memory(const struct md_series *series, size_t i, uintptr_t *begin, uintptr_t *end)
{
	*begin = *end = 0;
	if (i > MD_SERIES_MAX)
		return false;
	const struct md_snapshot *snapshot = atomic_load_explicit(&series->moments[i].snapshot, memory_order_relaxed);
	size_t bytes;

	/* Its owner may drop it at this moment. */
	if (snapshot && md_os_read((uintptr_t)snapshot, &bytes, sizeof bytes) == sizeof bytes) {
		*begin = (uintptr_t)snapshot;
		*end = *begin + bytes;
	}
	return true;
}
