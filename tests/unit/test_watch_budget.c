/* SPDX-License-Identifier: MIT
 *
 * What watchpoints may cost: a burst, then a share of the time, whatever is asked for.
 */
#include "src/watch_budget.h"

#include "tests/unit/core_fixture.h"

#define MS ((uint64_t)2500000)

/* Asks for something of that many ticks as often as it may, for so long. Returns what was spent. */
static uint64_t ask_always(struct md_watch_budget *budget, uint64_t from, uint64_t until, uint64_t ticks, bool hunting)
{
	uint64_t spent = 0, now = from;

	while (now < until) {
		uint64_t next = md_watch_budget_next(budget, hunting);

		if (next > now) {
			now = next;
			continue;
		}
		md_watch_budget_spend(budget, ticks, hunting);
		spent += ticks;
		now += ticks;
	}
	return spent;
}

Test(watch_budget, a_burst_and_then_one_percent)
{
	struct md_watch_budget budget;

	md_watch_budget_begin(&budget, 1000 * MS);
	uint64_t start = ask_always(&budget, 1000 * MS, 1010 * MS, MS / 200, false),
		 later = ask_always(&budget, 1010 * MS, 2010 * MS, MS / 200, false);

	cr_assert(start > MS / 2 && start < MS, "%lu", start);
	cr_assert(later > 6 * MS && later < 10 * MS, "%lu", later);
}

Test(watch_budget, hunting_has_a_budget_of_its_own)
{
	struct md_watch_budget budget;

	md_watch_budget_begin(&budget, 0);
	uint64_t spent = ask_always(&budget, 0, 1000 * MS, MS / 100, true);

	cr_assert(spent > 400 * MS && spent < 750 * MS, "%lu", spent);
	cr_assert_leq(md_watch_budget_next(&budget, false), 0, "the other one is untouched");
}

Test(watch_budget, windows_are_few)
{
	struct md_watch_budget budget;
	uint64_t on = 0;

	md_watch_budget_begin(&budget, 0);
	for (uint64_t now = 0; now < 2000 * MS;) {
		uint64_t next = md_watch_budget_next(&budget, false);

		if (next > now) {
			now = next;
			continue;
		}
		md_watch_budget_window(&budget, MS);
		now += MS;
		on += MS;
	}
	cr_assert(on > 30 * MS && on < 70 * MS, "%lu", on);
	cr_assert_leq(md_watch_budget_next(&budget, true), 0, "who is hunted is hunted");
}

Test(watch_budget, one_that_was_interrupted_does_not_use_it_up)
{
	struct md_watch_budget budget;

	md_watch_budget_begin(&budget, 0);
	md_watch_budget_spend(&budget, 10000 * MS, false);
	cr_assert_leq(md_watch_budget_next(&budget, false), 0);
}

Test(watch_budget, traps_count)
{
	struct md_watch_budget budget;

	md_watch_budget_begin(&budget, 0);
	for (int i = 0; i < 1000; i++)
		md_watch_budget_trap(&budget);
	cr_assert_gt(md_watch_budget_next(&budget, false), 100 * MS);
}

Test(watch_budget, many_threads_end_it_few_do_not)
{
	struct md_watch_budget budget;

	md_watch_budget_begin(&budget, 0);
	md_watch_budget_suffer(&budget, MD_WATCH_THREAD, 64);
	cr_assert_not(md_watch_budget_is_over(&budget, 1));
	for (uint64_t now = 0; now < 10000 * MS; now += 10 * MS) {
		md_watch_budget_suffer(&budget, MD_WATCH_THREAD, 5);
		must(!md_watch_budget_is_over(&budget, now), "500 threads a second are no matter: %lu", now / MS);
	}
	for (uint64_t now = 0; now < 100 * MS; now += MS)
		md_watch_budget_suffer(&budget, MD_WATCH_THREAD, 50);
	cr_assert(md_watch_budget_is_over(&budget, 100 * MS));
}

Test(watch_budget, a_shell_may_fork)
{
	struct md_watch_budget budget;

	md_watch_budget_begin(&budget, 0);
	for (uint64_t now = 0; now < 10000 * MS; now += MS) { /* one a millisecond is as fast as they start programs */
		md_watch_budget_suffer(&budget, MD_WATCH_FORK, 1);
		md_watch_budget_suffer(&budget, MD_WATCH_SWITCH, 2);
		if (now > 2000 * MS)
			break;
	}
	cr_assert_not(md_watch_budget_is_over(&budget, 2000 * MS));
}
