/* SPDX-License-Identifier: MIT */
#include "src/snapshot.h"

#include <string.h>

#include "src/clock.h"
#include "src/inspect.h"
#include "src/os.h"

#define CAPACITY_MIN 1024
#define CAPACITY_MAX ((size_t)1 << 22) /* of the table by stack: as many rows as all snapshots may take */

/* Rows under way: a hash table; a row with no blocks is empty. */
struct table {
	struct md_snapshot_row *rows;
	size_t capacity, used, used_max;
};

static size_t page_up(size_t bytes)
{
	return (bytes + MD_PAGE_BYTES - 1) & ~(size_t)(MD_PAGE_BYTES - 1);
}

static bool begin_table(struct table *table, const struct md_heap *heap)
{
	/* Stacks that come into being meanwhile find room, too. */
	size_t want = 2 * (size_t)atomic_load_explicit(&heap->stacks->stack_count, memory_order_relaxed);

	table->capacity = CAPACITY_MIN;
	while (table->capacity < want && table->capacity < CAPACITY_MAX)
		table->capacity *= 2;
	table->used = 0;
	table->used_max = table->capacity - table->capacity / 8;
	table->rows = md_os_map(0, page_up(table->capacity * sizeof *table->rows));
	return table->rows != NULL;
}

static void end_table(struct table *table)
{
	md_os_unmap(table->rows, page_up(table->capacity * sizeof *table->rows));
}

/* The row of a stack, added when new; NULL when there is no room. */
static struct md_snapshot_row *row_of(struct table *table, uint32_t stack)
{
	for (size_t at = stack * 0x9e3779b97f4a7c15ull >> 20;; at++) {
		struct md_snapshot_row *row = &table->rows[at & (table->capacity - 1)];

		if (row->blocks && row->stack == stack)
			return row;
		if (row->blocks)
			continue;
		if (table->used == table->used_max)
			return NULL;
		table->used++;
		row->stack = stack;
		return row;
	}
}

static void count_block(struct md_snapshot *total, struct table *table, uint32_t stack, size_t size)
{
	struct md_snapshot_row *row = row_of(table, stack);

	total->blocks++;
	total->bytes += size;
	if (!row) {
		total->stacks_lost = true;
		return;
	}
	row->blocks += row->blocks < UINT32_MAX;
	row->bytes += size;
}

static void count_zone(struct md_snapshot *total, struct table *table, const struct md_zone *zone)
{
	uint32_t slots = zone->kind == MD_ZONE_LARGE ? 1 : zone->carved < zone->slot_count ? zone->carved : zone->slot_count;

	for (uint32_t slot = 0; slot < slots; slot++) {
		const struct md_record *record = &zone->records[slot];

		if (atomic_load_explicit(&record->state, memory_order_acquire) != MD_BLOCK_LIVE)
			continue;
		uint32_t stack = record->alloc_stack;
		size_t size = md_record_size(zone, record);

		/* Freed meanwhile: what was read may be half of another block's. */
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&record->state, memory_order_relaxed) == MD_BLOCK_LIVE)
			count_block(total, table, stack, size);
	}
}

static void sift(struct md_snapshot_row *rows, size_t root, size_t count)
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && rows[child].stack < rows[child + 1].stack)
			child++;
		if (rows[root].stack >= rows[child].stack)
			return;
		struct md_snapshot_row row = rows[root];

		rows[root] = rows[child];
		rows[child] = row;
	}
}

/* Heap sort: in place, and no worse on sorted input. */
static void sort_rows(struct md_snapshot_row *rows, size_t count)
{
	for (size_t i = count / 2; i-- > 0;)
		sift(rows, i, count);
	for (size_t i = count; i-- > 1;) {
		struct md_snapshot_row row = rows[0];

		rows[0] = rows[i];
		rows[i] = row;
		sift(rows, 0, i);
	}
}

static struct md_snapshot *pack(const struct md_snapshot *total, const struct table *table)
{
	size_t bytes = page_up(sizeof *total + table->used * sizeof *table->rows);
	struct md_snapshot *snapshot = md_os_map(0, bytes);

	if (!snapshot)
		return NULL;
	*snapshot = *total;
	snapshot->mapped_bytes = bytes;
	for (size_t i = 0; i < table->capacity; i++)
		if (table->rows[i].blocks)
			snapshot->rows[snapshot->row_count++] = table->rows[i];
	sort_rows(snapshot->rows, snapshot->row_count);
	return snapshot;
}

struct md_snapshot *md_snapshot_take(const struct md_heap *heap)
{
	struct md_snapshot total = { .ticks = md_clock_now() };
	struct table table;
	uintptr_t from = 0;

	if (!begin_table(&table, heap))
		return NULL;
	for (const struct md_zone *zone; (zone = md_inspect_zone_from(heap, from));) {
		uintptr_t next = zone->begin + zone->bytes;

		count_zone(&total, &table, zone);
		from = next > from ? next : from + MD_UNIT_BYTES; /* its struct may have become that of another zone just now */
	}
	total.since = md_clock_coarse(md_clock_now()) + 1;
	struct md_snapshot *snapshot = pack(&total, &table);

	end_table(&table);
	return snapshot;
}

/* --- those that are kept -------------------------------------------------------- */

static struct md_snapshot *kept(const struct md_snapshots *snapshots, uint32_t id)
{
	struct md_snapshot *snapshot = id ? atomic_load_explicit(&snapshots->kept[id % MD_SNAPSHOTS_MAX], memory_order_relaxed) : NULL;

	return snapshot && snapshot->id == id ? snapshot : NULL;
}

static void drop(struct md_snapshots *snapshots, uint32_t id)
{
	struct md_snapshot *snapshot = kept(snapshots, id);

	if (!snapshot)
		return;
	atomic_store(&snapshots->kept[id % MD_SNAPSHOTS_MAX], NULL);
	md_os_unmap(snapshot, snapshot->mapped_bytes);
}

uint32_t md_snapshots_put(struct md_snapshots *snapshots, struct md_snapshot *snapshot)
{
	uint32_t id = ++snapshots->last_id;
	size_t bytes = snapshot->mapped_bytes;

	for (uint32_t age = 1; age <= MD_SNAPSHOTS_MAX && age < id; age++) { /* the younger ones stay */
		const struct md_snapshot *older = kept(snapshots, id - age);

		if (!older)
			continue;
		bytes += older->mapped_bytes;
		if (age == MD_SNAPSHOTS_MAX || bytes > MD_SNAPSHOTS_BYTES_MAX)
			drop(snapshots, id - age);
	}
	snapshot->id = id;
	atomic_store(&snapshots->kept[id % MD_SNAPSHOTS_MAX], snapshot);
	return id;
}

const struct md_snapshot *md_snapshots_find(const struct md_snapshots *snapshots, uint32_t id)
{
	return kept(snapshots, id);
}

size_t md_snapshots_newest(const struct md_snapshots *snapshots, const struct md_snapshot **newest, size_t snapshots_max)
{
	size_t count = 0;

	while (count < snapshots_max && count < snapshots->last_id && kept(snapshots, snapshots->last_id - (uint32_t)count))
		count++;
	for (size_t i = 0; i < count; i++)
		newest[i] = kept(snapshots, snapshots->last_id - (uint32_t)(count - 1 - i));
	return count;
}

bool md_snapshots_memory(const struct md_snapshots *snapshots, size_t i, uintptr_t *begin, uintptr_t *end)
{
	const struct md_snapshot *snapshot = atomic_load(&snapshots->kept[i]);
	size_t bytes;

	/* Its owner may drop it at this moment. */
	if (!snapshot || md_os_read((uintptr_t)snapshot, &bytes, sizeof bytes) != sizeof bytes)
		return false;
	*begin = (uintptr_t)snapshot;
	*end = *begin + bytes;
	return true;
}

struct md_snapshot_row md_snapshot_row_of(const struct md_snapshot *snapshot, md_stack_id stack)
{
	size_t low = 0, high = snapshot->row_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (snapshot->rows[middle].stack < stack.value)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < snapshot->row_count && snapshot->rows[low].stack == stack.value)
		return snapshot->rows[low];
	return (struct md_snapshot_row){ .stack = stack.value };
}

/* --- growth ----------------------------------------------------------------------- */

static bool rose_less(const struct md_growth *a, const struct md_growth *b)
{
	return a->rise != b->rise ? a->rise < b->rise : a->stack.value > b->stack.value;
}

/* The one that rose least is at the root. */
static void sift_growth(struct md_growth *growths, size_t root, size_t count)
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && rose_less(&growths[child + 1], &growths[child]))
			child++;
		if (!rose_less(&growths[child], &growths[root]))
			return;
		struct md_growth growth = growths[root];

		growths[root] = growths[child];
		growths[child] = growth;
	}
}

/* Adds one to the `count` that rose most so far. Returns how many there are then. */
static size_t keep_growth(struct md_growth *growths, size_t count, size_t growths_max, struct md_growth growth)
{
	if (count < growths_max) {
		growths[count++] = growth;
		if (count == growths_max)
			for (size_t i = count / 2; i-- > 0;)
				sift_growth(growths, i, count);
	} else if (count && rose_less(&growths[0], &growth)) {
		growths[0] = growth;
		sift_growth(growths, 0, count);
	}
	return count;
}

static void sort_growths(struct md_growth *growths, size_t count)
{
	for (size_t i = count / 2; i-- > 0;)
		sift_growth(growths, i, count);
	for (size_t i = count; i-- > 1;) {
		struct md_growth growth = growths[0];

		growths[0] = growths[i];
		growths[i] = growth;
		sift_growth(growths, 0, i);
	}
}

size_t md_growth_find(
	const struct md_snapshot *const *snapshots, size_t count, struct md_growth *growths, size_t growths_max, struct md_growth_total *total)
{
	size_t at[MD_SNAPSHOTS_MAX] = { 0 }, found = 0;

	*total = (struct md_growth_total){ 0 };
	if (count < 2 || count > MD_SNAPSHOTS_MAX)
		return 0;
	const struct md_snapshot *last = snapshots[count - 1];

	/* All are in order of stacks: one walk over all of them. */
	for (size_t i = 0; i < last->row_count; i++) {
		const struct md_snapshot_row *row = &last->rows[i];
		uint64_t before = 0, first = 0;
		bool rises = true;

		for (size_t k = 0; k < count; k++) {
			const struct md_snapshot *snapshot = snapshots[k];

			while (at[k] < snapshot->row_count && snapshot->rows[at[k]].stack < row->stack)
				at[k]++;
			bool has = at[k] < snapshot->row_count && snapshot->rows[at[k]].stack == row->stack;
			uint64_t bytes = has ? snapshot->rows[at[k]].bytes : 0;

			if (k == 0)
				first = bytes;
			else
				rises &= bytes > before;
			before = bytes;
		}
		if (!rises)
			continue;
		total->stacks++;
		total->rise += before - first;
		found = keep_growth(growths, found, growths_max, (struct md_growth){ { row->stack }, before - first });
	}
	sort_growths(growths, found);
	return found;
}
