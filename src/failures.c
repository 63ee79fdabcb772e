/* SPDX-License-Identifier: MIT */
#include "src/failures.h"

#include "src/heap.h"
#include "src/os.h"

#define MET_PLACES ((size_t)128 << 10) /* a power of two */

static bool may_fail(const struct md_failures_config *config)
{
	return config->after || config->rate || config->count || config->size || (config->stacks && *config->stacks);
}

bool md_failures_wanted(const struct md_failures_config *config)
{
	return may_fail(config) || config->list;
}

bool md_failures_init(struct md_heap *heap)
{
	heap->failures.filter.list = heap->config.failures.stacks;
	if (!heap->config.failures.list || may_fail(&heap->config.failures))
		return true;
	heap->failures.met = md_os_map(0, MET_PLACES * sizeof *heap->failures.met);
	return heap->failures.met != NULL;
}

/* --- deciding ------------------------------------------------------------- */

static bool by_chance(uint64_t seed, uint64_t number, uint64_t rate)
{
	uint64_t x = number + seed * 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull; /* splitmix64 (Steele, Lea, Flood 2014) */
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return (x ^ x >> 31) % rate == 0;
}

/* One more fails, unless enough did. */
static bool take(_Atomic uint64_t *failed, uint64_t most)
{
	uint64_t count = atomic_load_explicit(failed, memory_order_relaxed);

	while (!most || count < most)
		if (atomic_compare_exchange_weak_explicit(failed, &count, count + 1, memory_order_relaxed, memory_order_relaxed))
			return true;
	return false;
}

static bool decide(struct md_heap *heap, size_t size, md_stack_id stack)
{
	const struct md_failures_config *config = &heap->config.failures;
	struct md_failures *failures = &heap->failures;

	if (!may_fail(config) || size < config->size || !md_stack_filter_passes(&failures->filter, heap->stacks, &heap->modules, stack))
		return false;
	uint64_t number = atomic_fetch_add_explicit(&failures->counted, 1, memory_order_relaxed) + 1;

	if (number < config->after || (config->rate > 1 && !by_chance(config->seed, number, config->rate)))
		return false;
	return take(&failures->failed, config->count);
}

/* --- listing -------------------------------------------------------------- */

static bool is_new(struct md_failures *failures, md_stack_id stack)
{
	size_t at = (stack.value * 0x9e3779b97f4a7c15ull) >> 40;

	if (!stack.value)
		return false;
	for (;; at++) {
		_Atomic uint32_t *place = &failures->met[at % MET_PLACES];
		uint32_t found = atomic_load_explicit(place, memory_order_relaxed);

		if (found == stack.value)
			return false;
		if (found)
			continue;
		if (atomic_fetch_add_explicit(&failures->met_count, 1, memory_order_relaxed) >= MD_FAILURES_STACKS_MAX) {
			atomic_fetch_sub_explicit(&failures->met_count, 1, memory_order_relaxed);
			return false;
		}
		if (atomic_compare_exchange_strong_explicit(place, &found, stack.value, memory_order_relaxed, memory_order_relaxed))
			return true;
		atomic_fetch_sub_explicit(&failures->met_count, 1, memory_order_relaxed);
		if (found == stack.value)
			return false;
	}
}

bool md_failures_ask(struct md_heap *heap, struct md_thread *thread, size_t size, const struct md_call *call)
{
	struct md_failure_thread *own = &thread->failure;
	bool is_operator = md_api_family(call->api) != MD_FAMILY_MALLOC;

	if (own->handed_on) { /* operators may hand on to each other; the last one calls malloc */
		own->handed_on = is_operator;
		return true;
	}
	if (heap->failures.met && is_new(&heap->failures, call->stack)) {
		own->met = call->stack;
		own->api = call->api;
		own->size = size;
		thread->attended = true;
	}
	if (!decide(heap, size, call->stack))
		return false;
	own->handed_on = is_operator;
	atomic_store_explicit(&heap->failures.last, call->stack.value, memory_order_relaxed);
	if (heap->config.failures.tell || heap->config.failures.list) {
		own->failed = call->stack;
		own->api = call->api;
		own->size = size;
		thread->attended = true;
	}
	return true;
}
