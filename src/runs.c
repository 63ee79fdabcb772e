/* SPDX-License-Identifier: MIT */
#include "src/runs.h"

#include "src/arena.h"
#include "src/os.h"

#define MAP_BYTES_FIRST ((size_t)512 << 10)
#define MAP_BYTES_MAX ((size_t)16 << 20)
#define DIRTY_BYTES_MIN ((size_t)4 << 20)  /* kept for reuse whatever the size of the heap */
#define SPINS_MAX (1u << 22)
#define UNMAP_BYTES_MIN ((size_t)4 << 20)  /* free runs from here on are unmapped, not only dropped: others want address space too */

void md_runs_init(struct md_runs *runs, struct md_page_map *map, struct md_arena *arena)
{
	*runs = (struct md_runs){ .map = map, .arena = arena, .keep_dirty_bytes = DIRTY_BYTES_MIN };
	md_lock_init(&runs->lock, MD_LOCK_RUNS);
}

static unsigned bin_of(size_t bytes)
{
	size_t units = bytes / MD_UNIT_BYTES;

	if (units <= 32)
		return (unsigned)units - 1;
	return 32 + (63 - (unsigned)__builtin_clzl(units) - 5);
}

static void bin_put(struct md_runs *runs, struct md_run *run)
{
	unsigned bin = bin_of(run->bytes);

	run->previous = NULL;
	run->next = runs->bins[bin];
	if (run->next)
		run->next->previous = run;
	runs->bins[bin] = run;
	runs->bins_filled |= 1ull << bin;
	runs->free_bytes += run->bytes;
	if (run->dirty)
		runs->dirty_bytes += run->bytes;
}

static void bin_remove(struct md_runs *runs, struct md_run *run)
{
	unsigned bin = bin_of(run->bytes);

	if (run->previous)
		run->previous->next = run->next;
	else
		runs->bins[bin] = run->next;
	if (run->next)
		run->next->previous = run->previous;
	if (!runs->bins[bin])
		runs->bins_filled &= ~(1ull << bin);
	runs->free_bytes -= run->bytes;
	if (run->dirty)
		runs->dirty_bytes -= run->bytes;
}

static struct md_run *record_take(struct md_runs *runs)
{
	struct md_run *run = runs->unused;

	if (run)
		runs->unused = run->next;
	else
		run = md_arena_take(runs->arena, sizeof *run, 16);
	return run;
}

static void record_give(struct md_runs *runs, struct md_run *run)
{
	run->next = runs->unused;
	runs->unused = run;
}

static void mark(struct md_runs *runs, const struct md_run *run, uintptr_t value)
{
	md_page_map_set(runs->map, run->begin, MD_UNIT_BYTES, value);
	md_page_map_set(runs->map, run->begin + run->bytes - MD_UNIT_BYTES, MD_UNIT_BYTES, value);
}

/* Makes [begin, begin + bytes) free: merged, marked and in its bin. Should there be no record for it, the range goes back to the system
 * (or, while somebody watches, is lost). */
static void insert(struct md_runs *runs, uintptr_t begin, size_t bytes, bool dirty)
{
	struct md_run *before = begin ? md_page_map_run(runs->map, begin - MD_UNIT_BYTES) : NULL;
	struct md_run *after = md_page_map_run(runs->map, begin + bytes);
	struct md_run *run;

	md_page_map_set(runs->map, begin, bytes, 0);
	if (before) {
		bin_remove(runs, before);
		mark(runs, before, 0);
		run = before;
		run->bytes += bytes;
		run->dirty |= dirty;
	} else {
		run = record_take(runs);
		if (!run) {
			if (!runs->watchers)
				md_os_unmap((void *)begin, bytes);
			atomic_fetch_sub_explicit(&runs->mapped_bytes, bytes, memory_order_relaxed);
			return;
		}
		*run = (struct md_run){ .begin = begin, .bytes = bytes, .dirty = dirty };
	}
	if (after) {
		bin_remove(runs, after);
		mark(runs, after, 0);
		run->bytes += after->bytes;
		run->dirty |= after->dirty;
		record_give(runs, after);
	}
	mark(runs, run, (uintptr_t)run + 1);
	bin_put(runs, run);
}

/* Maps bytes at an address that is a multiple of the unit. The system tends to put mappings one below the other, so the hint mostly saves
 * the detour over a larger mapping that is cut. */
static uintptr_t map_aligned(struct md_runs *runs, size_t bytes, size_t alignment)
{
	uintptr_t begin = (uintptr_t)md_os_map(runs->hint > bytes ? (runs->hint - bytes) & ~(uintptr_t)(alignment - 1) : 0, bytes);

	if (begin && begin % alignment) {
		size_t wide = bytes + alignment;

		md_os_unmap((void *)begin, bytes);
		if (wide < bytes)
			return 0;
		begin = (uintptr_t)md_os_map(0, wide);
		if (!begin)
			return 0;
		uintptr_t aligned = (begin + alignment - 1) & ~(uintptr_t)(alignment - 1);

		if (aligned > begin)
			md_os_unmap((void *)begin, aligned - begin);
		if (begin + wide > aligned + bytes)
			md_os_unmap((void *)(aligned + bytes), begin + wide - aligned - bytes);
		begin = aligned;
	}
	if (begin)
		runs->hint = begin;
	return begin;
}

/* Maps room for a request, and more than it asks for as the heap grows. */
static bool grow(struct md_runs *runs, size_t bytes, size_t alignment)
{
	size_t more = atomic_load_explicit(&runs->mapped_bytes, memory_order_relaxed) / 4;

	more = more < MAP_BYTES_FIRST ? MAP_BYTES_FIRST : more > MAP_BYTES_MAX ? MAP_BYTES_MAX : more & ~(MD_UNIT_BYTES - 1);
	size_t sizes[2] = { bytes >= more ? bytes : more, bytes };

	for (int i = 0; i < 2; i++) { /* when the generous size is refused, the bare one may still fit */
		uintptr_t begin = map_aligned(runs, sizes[i], alignment);

		if (!begin)
			continue;
		if (!md_page_map_reserve(runs->map, begin, sizes[i])) {
			md_os_unmap((void *)begin, sizes[i]);
			return false;
		}
		atomic_fetch_add_explicit(&runs->mapped_bytes, sizes[i], memory_order_relaxed);
		insert(runs, begin, sizes[i], false);
		return true;
	}
	return false;
}

/* A free run with room for an aligned range: the first that fits from the smallest bin on. */
static struct md_run *find(struct md_runs *runs, size_t bytes, size_t alignment)
{
	unsigned first = bin_of(bytes);

	for (uint64_t bins = runs->bins_filled & ~0ull << first; bins; bins &= bins - 1) {
		struct md_run *best = NULL;

		for (struct md_run *run = runs->bins[__builtin_ctzll(bins)]; run; run = run->next) {
			uintptr_t aligned = (run->begin + alignment - 1) & ~(uintptr_t)(alignment - 1);

			if (aligned + bytes <= run->begin + run->bytes && aligned >= run->begin && (!best || run->bytes < best->bytes))
				best = run;
			if (best && best->bytes == bytes)
				break;
		}
		if (best)
			return best;
	}
	return NULL;
}

static void cut(struct md_runs *runs, struct md_run *run, uintptr_t begin, size_t bytes)
{
	struct md_run old = *run;

	bin_remove(runs, run);
	mark(runs, run, 0);
	record_give(runs, run);
	if (begin > old.begin)
		insert(runs, old.begin, begin - old.begin, old.dirty);
	if (begin + bytes < old.begin + old.bytes)
		insert(runs, begin + bytes, old.begin + old.bytes - begin - bytes, old.dirty);
	bytes += atomic_fetch_add_explicit(&runs->used_bytes, bytes, memory_order_relaxed);
	if (bytes > atomic_load_explicit(&runs->used_peak, memory_order_relaxed))
		atomic_store_explicit(&runs->used_peak, bytes, memory_order_relaxed);
}

uintptr_t md_runs_take(struct md_runs *runs, size_t bytes, size_t alignment, bool *fresh)
{
	uintptr_t begin = 0;

	md_lock_take(&runs->lock);
	struct md_run *run = find(runs, bytes, alignment);

	if (!run && grow(runs, bytes, alignment))
		run = find(runs, bytes, alignment);
	if (run) {
		begin = (run->begin + alignment - 1) & ~(uintptr_t)(alignment - 1);
		*fresh = !run->dirty;
		cut(runs, run, begin, bytes);
	}
	md_lock_release(&runs->lock);
	return begin;
}

bool md_runs_extend(struct md_runs *runs, uintptr_t begin, size_t bytes, bool *fresh)
{
	bool taken = false;

	md_lock_take(&runs->lock);
	struct md_run *run = md_page_map_run(runs->map, begin);

	if (run && run->begin == begin && run->bytes >= bytes) {
		*fresh = !run->dirty;
		cut(runs, run, begin, bytes);
		taken = true;
	}
	md_lock_release(&runs->lock);
	return taken;
}

/* Gives one free run back: address space and all if unmap is set and nobody watches. Returns the bytes the system got. */
static size_t give_back(struct md_runs *runs, struct md_run *run, bool unmap)
{
	size_t bytes = run->bytes;

	bin_remove(runs, run);
	if (unmap && !runs->watchers) {
		mark(runs, run, 0);
		md_os_unmap((void *)run->begin, bytes);
		atomic_fetch_sub_explicit(&runs->mapped_bytes, bytes, memory_order_relaxed);
		record_give(runs, run);
		return bytes;
	}
	if (run->dirty && md_os_drop((void *)run->begin, bytes)) {
		run->dirty = false;
		bin_put(runs, run);
		return bytes;
	}
	bin_put(runs, run);
	return 0;
}

/* Drops used runs, large ones first, until half of what may stay is left: the next ones that come free are then kept again for a while. */
static void drop_some(struct md_runs *runs)
{
	size_t keep = atomic_load_explicit(&runs->used_bytes, memory_order_relaxed) / 8;

	if (keep < runs->keep_dirty_bytes)
		keep = runs->keep_dirty_bytes;
	if (runs->dirty_bytes <= keep)
		return;
	for (int bin = MD_RUN_BINS - 1; bin >= 0 && runs->dirty_bytes > keep / 2; bin--) {
		for (struct md_run *run = runs->bins[bin], *next; run && runs->dirty_bytes > keep / 2; run = next) {
			next = run->next;
			if (run->dirty && give_back(runs, run, run->bytes >= UNMAP_BYTES_MIN) == 0)
				return; /* refused (locked memory): no use to go on */
		}
	}
}

void md_runs_give(struct md_runs *runs, uintptr_t begin, size_t bytes, bool dirty)
{
	md_lock_take(&runs->lock);
	atomic_fetch_sub_explicit(&runs->used_bytes, bytes, memory_order_relaxed);
	insert(runs, begin, bytes, dirty);
	drop_some(runs);
	md_lock_release(&runs->lock);
}

void md_runs_forget(struct md_runs *runs, uintptr_t begin, size_t bytes)
{
	md_lock_take(&runs->lock);
	if (!runs->watchers)
		md_os_unmap((void *)begin, bytes);
	atomic_fetch_sub_explicit(&runs->used_bytes, bytes, memory_order_relaxed);
	atomic_fetch_sub_explicit(&runs->mapped_bytes, bytes, memory_order_relaxed);
	md_lock_release(&runs->lock);
}

bool md_runs_move(struct md_runs *runs, uintptr_t begin, size_t bytes, uintptr_t to, size_t move_bytes)
{
	bool moved = false;

	/* All under the lock: who begins to watch afterwards finds nothing in the page map where nothing is mapped. */
	md_lock_take(&runs->lock);
	if (!runs->watchers && md_os_move((void *)begin, (void *)to, move_bytes)) {
		if (bytes > move_bytes)
			md_os_unmap((void *)(begin + move_bytes), bytes - move_bytes);
		md_page_map_set(runs->map, begin, bytes, 0);
		atomic_fetch_sub_explicit(&runs->used_bytes, bytes, memory_order_relaxed);
		atomic_fetch_sub_explicit(&runs->mapped_bytes, bytes, memory_order_relaxed);
		moved = true;
	}
	md_lock_release(&runs->lock);
	return moved;
}

void md_runs_watch_begin(struct md_runs *runs)
{
	md_lock_take(&runs->lock);
	atomic_fetch_add(&runs->watchers, 1);
	md_lock_release(&runs->lock);
	/* Who shuts something now has seen no watcher. It is done soon, unless it is stopped (a search for leaks) or was not forked with
	 * us: then what it is at is a block that is being freed, which nobody looks into. */
	for (uint32_t spins = 0; atomic_load(&runs->shutting) && spins < SPINS_MAX; spins++)
		;
}

bool md_runs_shut(struct md_runs *runs, uintptr_t begin, size_t bytes)
{
	atomic_fetch_add(&runs->shutting, 1);
	bool shut = !atomic_load(&runs->watchers) && md_os_guard_install((void *)begin, bytes);

	atomic_fetch_sub(&runs->shutting, 1);
	return shut;
}

void md_runs_watch_end(struct md_runs *runs)
{
	md_lock_take(&runs->lock);
	atomic_fetch_sub(&runs->watchers, 1);
	md_lock_release(&runs->lock);
}

size_t md_runs_trim(struct md_runs *runs, size_t keep_bytes)
{
	size_t given = 0;

	md_lock_take(&runs->lock);
	for (int bin = MD_RUN_BINS - 1; bin >= 0 && runs->free_bytes > keep_bytes; bin--)
		for (struct md_run *run = runs->bins[bin], *next; run && runs->free_bytes > keep_bytes; run = next) {
			next = run->next;
			given += give_back(runs, run, true);
		}
	md_lock_release(&runs->lock);
	return given;
}
