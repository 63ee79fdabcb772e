/* SPDX-License-Identifier: MIT */
#include "src/watch_budget.h"

/* Ticks of 2.5 GHz; of a slower counter there are fewer, and the burst is longer in time. */
#define MICROSECONDS(us) ((uint64_t)(us)*2500)

#define SPEND_MAX MICROSECONDS(40)
#define TRAP MICROSECONDS(12)
#define BURST MICROSECONDS(800)
#define SHARE 128 /* of the time that passes, one in so many */
#define WINDOW_BURST MICROSECONDS(20000)
#define WINDOW_SHARE 50
#define HUNTING_BURST MICROSECONDS(200000)
#define HUNTING_SHARE 2
#define PASSIVE_BURST MICROSECONDS(4000)
#define PASSIVE_SHARE 32

/* Measured with four watchpoints set, less what it takes without. */
static const uint64_t passive_ticks[MD_WATCH_PASSIVE_KINDS] = {
	[MD_WATCH_THREAD] = MICROSECONDS(20),
	[MD_WATCH_FORK] = MICROSECONDS(25),
	[MD_WATCH_SWITCH] = MICROSECONDS(1) / 2,
};

void md_watch_budget_begin(struct md_watch_budget *budget, uint64_t now)
{
	budget->began = now;
	atomic_store_explicit(&budget->spent, 0, memory_order_relaxed);
	atomic_store_explicit(&budget->hunting, 0, memory_order_relaxed);
	atomic_store_explicit(&budget->windows, 0, memory_order_relaxed);
	atomic_store_explicit(&budget->passive, 0, memory_order_relaxed);
}

void md_watch_budget_spend(struct md_watch_budget *budget, uint64_t ticks, bool hunting)
{
	if (ticks > SPEND_MAX)
		ticks = SPEND_MAX;
	atomic_fetch_add_explicit(hunting ? &budget->hunting : &budget->spent, ticks, memory_order_relaxed);
}

void md_watch_budget_trap(struct md_watch_budget *budget)
{
	atomic_fetch_add_explicit(&budget->spent, TRAP, memory_order_relaxed);
}

void md_watch_budget_window(struct md_watch_budget *budget, uint64_t ticks)
{
	atomic_fetch_add_explicit(&budget->windows, ticks, memory_order_relaxed);
}

uint64_t md_watch_budget_next(const struct md_watch_budget *budget, bool hunting)
{
	uint64_t spent = atomic_load_explicit(hunting ? &budget->hunting : &budget->spent, memory_order_relaxed);
	uint64_t burst = hunting ? HUNTING_BURST : BURST;

	uint64_t next = spent <= burst ? 0 : (spent - burst) * (hunting ? HUNTING_SHARE : SHARE);
	uint64_t windows = atomic_load_explicit(&budget->windows, memory_order_relaxed);

	if (!hunting && windows > WINDOW_BURST && (windows - WINDOW_BURST) * WINDOW_SHARE > next)
		next = (windows - WINDOW_BURST) * WINDOW_SHARE;
	return budget->began + next;
}

void md_watch_budget_suffer(struct md_watch_budget *budget, enum md_watch_passive kind, uint64_t count)
{
	atomic_fetch_add_explicit(&budget->passive, passive_ticks[kind] * count, memory_order_relaxed);
}

bool md_watch_budget_is_over(const struct md_watch_budget *budget, uint64_t now)
{
	return atomic_load_explicit(&budget->passive, memory_order_relaxed) > PASSIVE_BURST + (now - budget->began) / PASSIVE_SHARE;
}
