/* SPDX-License-Identifier: MIT
 *
 * Guarded blocks: an access past their end, before their begin, or after their free faults at once.
 *
 * A guarded zone (MD_ZONE_GUARDED) is a row of slots of one to eight data pages with a guard page behind each; the zone begins with one more, so that
 * neighbours share a guard page as other neighbours share a red zone. The user bytes end (or begin) where a page does; what is left of the data pages is
 * slack with the pattern, verified as everywhere.
 *
 *     zone | guard | data pages: slack, user bytes | guard | data pages ... | guard | rest, guarded too
 *                  |<------------ slot ----------------->|
 *
 * All of a zone is inaccessible but the data pages of blocks in use: they are opened when a slot is handed out, and closed when its block is freed,
 * which gives their memory back. Before that the first and the last bytes of the block are kept for hexdumps.
 *
 * Large blocks (MD_ZONE_LARGE) may have a guard page on each side, and are closed when they are freed and would have been dropped.
 *
 * Locking   Each slot has a byte that says who may open or close its data pages (enum md_guard_door); it changes by exchange only, so that a fault handler
 *           may open what an allocating thread would hand out at the same moment.
 */
#ifndef MD_GUARD_H
#define MD_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct md_heap;

/* True where we made the page at addr inaccessible, and did not open it since: a guard page, the bytes of a freed block, a slot that waits for its next
 * block. Async-signal-safe, takes no lock. */
bool md_guard_is_guard(const struct md_heap *heap, uintptr_t addr);

/* Makes the page at addr (and, in a freed block, all of that block's) accessible until its slot is handed out again, so that an access which was reported
 * can go on: a freed block then has the freed fill in the first fill_free bytes and what was kept of it, a guard page reads as zero. True if an access
 * to addr may now be tried again, also because another thread opened it, or the block there is in use again meanwhile. False where the address is not
 * ours, or the system refuses. Async-signal-safe, takes no lock. */
bool md_guard_open(struct md_heap *heap, uintptr_t addr);

#endif
