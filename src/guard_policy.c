/* SPDX-License-Identifier: MIT */
#include "src/guard_policy.h"

#include "src/clock.h"
#include "src/heap.h"
#include "src/os.h"

#define FIRST_BLOCKS 4                        /* of each stack, by thread */
#define BURST_BLOCKS 512                      /* of a process */
#define SUSPECTED_BLOCKS 65536
#define TIME_SHIFT 8                          /* 1/256 of the time that passes; faults at the first touch take as much again */
#define CREDIT_STEP_TICKS ((int64_t)1 << 16)  /* credit is renewed no more often */
#define CREDIT_BLOCKS_MAX 128                 /* credit never grows above the cost of so many */
#define BYTES_MIN ((size_t)4 << 20)           /* of live guarded pages, whatever the size of the heap */
#define INTERVAL_MIN 128
#define INTERVAL_MAX (1u << 17)

void md_guard_init(struct md_heap *heap)
{
	struct md_guard *guard = &heap->guard;

	guard->filter.list = heap->config.guard.stacks;
	atomic_store_explicit(&guard->ranges_max, heap->config.guard.mode == MD_GUARD_OFF ? 0 : md_os_guard_ranges_max(), memory_order_relaxed);
	if (!atomic_load_explicit(&guard->ranges_max, memory_order_relaxed))
		heap->config.guard.mode = MD_GUARD_OFF;
	atomic_store_explicit(&guard->burst, BURST_BLOCKS, memory_order_relaxed);
	atomic_store_explicit(&guard->children_left, BURST_BLOCKS, memory_order_relaxed);
	atomic_store_explicit(&guard->forked_at, md_clock_now(), memory_order_relaxed);
	atomic_store_explicit(&guard->suspected, SUSPECTED_BLOCKS, memory_order_relaxed);
	atomic_store_explicit(&guard->credited_at, md_clock_now(), memory_order_relaxed);
}

void md_guard_thread_init(struct md_heap *heap, struct md_thread *thread)
{
	struct md_guard_thread *own = &thread->guard;

	own->first = heap->config.guard.mode == MD_GUARD_OFF ? 0 : heap->config.guard.mode == MD_GUARD_ALL ? UINT8_MAX : FIRST_BLOCKS;
	own->interval = INTERVAL_MIN;
	own->sample_at = heap->config.guard.mode == MD_GUARD_AUTO ? INTERVAL_MIN : UINT64_MAX;
	own->random = 0x9e3779b97f4a7c15ull;
}

/* --- suspects ------------------------------------------------------------- */

bool md_guard_is_suspect(const struct md_guard *guard, md_stack_id stack)
{
	uint32_t count = atomic_load_explicit(&guard->suspect_count, memory_order_acquire);

	for (uint32_t i = 0; i < count && i < MD_GUARD_SUSPECTS; i++)
		if (atomic_load_explicit(&guard->suspects[i], memory_order_relaxed) == stack.value)
			return true;
	return false;
}

/* Whether a suspect has its entry in md_guard_thread.seen in common with that stack. */
static bool is_like_suspect(const struct md_guard *guard, md_stack_id stack)
{
	uint32_t count = atomic_load_explicit(&guard->suspect_count, memory_order_acquire);

	for (uint32_t i = 0; i < count && i < MD_GUARD_SUSPECTS; i++)
		if (atomic_load_explicit(&guard->suspects[i], memory_order_relaxed) % MD_GUARD_SEEN == stack.value % MD_GUARD_SEEN)
			return true;
	return false;
}

void md_guard_suspect(struct md_heap *heap, md_stack_id stack)
{
	struct md_guard *guard = &heap->guard;

	if (!stack.value)
		return;
	if (!md_guard_is_suspect(guard, stack)) {
		/* The oldest makes room: a process with that many buggy stacks has reports enough. */
		uint32_t place = atomic_fetch_add_explicit(&guard->suspect_count, 1, memory_order_acq_rel);

		atomic_store_explicit(&guard->suspects[place % MD_GUARD_SUSPECTS], stack.value, memory_order_relaxed);
	}
	for (struct md_thread *thread = atomic_load(&heap->threads); thread; thread = thread->next)
		atomic_store_explicit(&thread->guard.seen[stack.value % MD_GUARD_SEEN], 0, memory_order_relaxed);
}

/* Takes one of what is left. */
static bool take(_Atomic uint32_t *left)
{
	uint32_t count = atomic_load_explicit(left, memory_order_relaxed);

	while (count)
		if (atomic_compare_exchange_weak_explicit(left, &count, count - 1, memory_order_relaxed, memory_order_relaxed))
			return true;
	return false;
}

/* --- budgets -------------------------------------------------------------- */

static void renew_credit(struct md_guard *guard)
{
	uint64_t now = md_clock_now(), then = atomic_load_explicit(&guard->credited_at, memory_order_relaxed);

	if ((int64_t)(now - then) < CREDIT_STEP_TICKS || /* signed: another processor's clock may be a little ahead */
		!atomic_compare_exchange_strong_explicit(&guard->credited_at, &then, now, memory_order_relaxed, memory_order_relaxed))
		return;
	int64_t credit = atomic_fetch_add_explicit(&guard->credit_ticks, (int64_t)((now - then) >> TIME_SHIFT), memory_order_relaxed);
	int64_t most = (int64_t)(atomic_load_explicit(&guard->block_ticks, memory_order_relaxed) * CREDIT_BLOCKS_MAX);

	if (credit + (int64_t)((now - then) >> TIME_SHIFT) > most)
		atomic_store_explicit(&guard->credit_ticks, most, memory_order_relaxed);
}

/* The burst is for first blocks: samples of one busy stack would use it up. */
static bool has_time(struct md_guard *guard, bool first)
{
	int32_t burst = atomic_load_explicit(&guard->burst, memory_order_relaxed);

	if (first && burst > 0) {
		atomic_store_explicit(&guard->burst, burst - 1, memory_order_relaxed);
		return true;
	}
	renew_credit(guard);
	return atomic_load_explicit(&guard->credit_ticks, memory_order_relaxed) > 0;
}

void md_guard_spend(struct md_heap *heap, enum md_guard_reason reason, uint64_t since)
{
	struct md_guard *guard = &heap->guard;
	uint64_t ticks = md_clock_now() - since, known = atomic_load_explicit(&guard->block_ticks, memory_order_relaxed);

	/* An average that forgets; one that was interrupted counts no more than eight times the usual. */
	if (known && ticks > known * 8)
		ticks = known * 8;
	atomic_store_explicit(&guard->block_ticks, known ? known - known / 32 + ticks / 32 : ticks, memory_order_relaxed);
	if (reason != MD_GUARD_FIRST || atomic_load_explicit(&guard->burst, memory_order_relaxed) <= 0)
		atomic_fetch_sub_explicit(&guard->credit_ticks, (int64_t)ticks, memory_order_relaxed);
}

void md_guard_after_fork(struct md_heap *heap, bool child)
{
	struct md_guard *guard = &heap->guard;
	uint64_t now = md_clock_now(), then = atomic_load_explicit(&guard->forked_at, memory_order_relaxed);
	uint64_t cost = atomic_load_explicit(&guard->block_ticks, memory_order_relaxed);
	uint64_t left = atomic_load_explicit(&guard->children_left, memory_order_relaxed);

	if (cost && (int64_t)(now - then) > 0)
		left += ((now - then) >> TIME_SHIFT) / cost;
	if (left > BURST_BLOCKS)
		left = BURST_BLOCKS;
	uint32_t share = (uint32_t)left / 2;

	atomic_store_explicit(&guard->forked_at, now, memory_order_relaxed);
	atomic_store_explicit(&guard->children_left, child ? share / 2 : (uint32_t)left - share, memory_order_relaxed);
	if (!child)
		return;
	if (atomic_load_explicit(&guard->burst, memory_order_relaxed) > (int32_t)share)
		atomic_store_explicit(&guard->burst, (int32_t)share, memory_order_relaxed);
	if (atomic_load_explicit(&guard->credit_ticks, memory_order_relaxed) > 0) /* the parent's, which spends it itself */
		atomic_store_explicit(&guard->credit_ticks, 0, memory_order_relaxed);
	atomic_store_explicit(&guard->credited_at, now, memory_order_relaxed);
}

static bool has_bytes(struct md_heap *heap, size_t size, size_t times)
{
	size_t most = atomic_load_explicit(&heap->runs.used_bytes, memory_order_relaxed) / 8;

	if (most < BYTES_MIN)
		most = BYTES_MIN;
	if (most > heap->config.guard.budget_bytes)
		most = heap->config.guard.budget_bytes;
	if (atomic_load_explicit(&heap->guard.live_bytes, memory_order_relaxed) + size <= most * times)
		return true;
	atomic_store_explicit(&heap->guard.bytes_short, true, memory_order_relaxed);
	return false;
}

static bool has_ranges(struct md_guard *guard)
{
	if (atomic_load_explicit(&guard->live, memory_order_relaxed) < atomic_load_explicit(&guard->ranges_max, memory_order_relaxed))
		return true;
	atomic_store_explicit(&guard->ranges_short, true, memory_order_relaxed);
	return false;
}

/* --- deciding ------------------------------------------------------------- */

/* The next sample: sooner if this one was had, later if not; at random distances, or a loop of as many allocations would always show the same one. */
static void plan_sample(struct md_thread *thread, bool had)
{
	struct md_guard_thread *own = &thread->guard;

	if (had && own->interval > INTERVAL_MIN)
		own->interval /= 2;
	else if (!had && own->interval < INTERVAL_MAX)
		own->interval *= 2;
	own->random ^= own->random << 13;
	own->random ^= own->random >> 7;
	own->random ^= own->random << 17;
	own->sample_at = thread->counters.allocations + own->interval / 2 + own->random % own->interval;
}

/* One more block of that stack; false if it had its first ones. An entry that a suspect uses too stays, or the suspect would ask no more. */
static bool count_as_seen(struct md_heap *heap, struct md_thread *thread, md_stack_id stack)
{
	_Atomic uint8_t *seen = &thread->guard.seen[stack.value % MD_GUARD_SEEN];

	if (atomic_load_explicit(seen, memory_order_relaxed) >= thread->guard.first || is_like_suspect(&heap->guard, stack))
		return false;
	atomic_fetch_add_explicit(seen, 1, memory_order_relaxed);
	return true;
}

static enum md_guard_reason decide_auto(struct md_heap *heap, struct md_thread *thread, md_stack_id stack, size_t size)
{
	struct md_guard *guard = &heap->guard;
	bool sample = thread->counters.allocations >= thread->guard.sample_at;

	if (md_guard_is_suspect(guard, stack))
		return has_bytes(heap, size, 4) && take(&guard->suspected) ? MD_GUARD_DAMAGED : MD_GUARD_NOT;
	bool first = count_as_seen(heap, thread, stack);

	if (!first && !sample)
		return MD_GUARD_NOT;
	bool had = has_bytes(heap, size, 1) && has_time(guard, first);

	if (sample)
		plan_sample(thread, had);
	return !had ? MD_GUARD_NOT : first ? MD_GUARD_FIRST : MD_GUARD_SAMPLE;
}

static bool may(struct md_heap *heap, md_stack_id stack, size_t size)
{
	return size >= heap->config.guard.size_min && size <= heap->config.guard.size_max && has_ranges(&heap->guard) &&
		md_stack_filter_passes(&heap->guard.filter, heap->stacks, &heap->modules, stack);
}

enum md_guard_reason md_guard_decide(struct md_heap *heap, struct md_thread *thread, md_stack_id stack, size_t size)
{
	if (!may(heap, stack, size)) {
		if (heap->config.guard.mode == MD_GUARD_AUTO) { /* or it would ask for ever */
			count_as_seen(heap, thread, stack);
			if (thread->counters.allocations >= thread->guard.sample_at)
				plan_sample(thread, false);
		}
		return MD_GUARD_NOT;
	}
	return heap->config.guard.mode == MD_GUARD_ALL ? MD_GUARD_EVERY : decide_auto(heap, thread, stack, size);
}

enum md_guard_reason md_guard_decide_large(struct md_heap *heap, struct md_thread *thread, md_stack_id stack, size_t size)
{
	if (heap->config.guard.mode == MD_GUARD_OFF || !may(heap, stack, size))
		return MD_GUARD_NOT;
	if (heap->config.guard.mode == MD_GUARD_ALL)
		return MD_GUARD_EVERY;
	if (md_guard_is_suspect(&heap->guard, stack) && take(&heap->guard.suspected))
		return MD_GUARD_DAMAGED;
	return has_time(&heap->guard, count_as_seen(heap, thread, stack)) ? MD_GUARD_LARGE : MD_GUARD_NOT;
}
