/* SPDX-License-Identifier: MIT
 *
 * Guarded blocks: an access past their end, before their begin, or after their free faults at once.
 *
 * A guarded zone (MD_ZONE_GUARDED) is a row of slots of one to eight data pages with a guard page behind each; the zone begins with one
 * more, so that neighbours share a guard page as other neighbours share a red zone. The user bytes end (or begin) where a page does; what
 * is left of the data pages is slack with the pattern, verified as everywhere.
 *
 *     zone | guard | data pages: slack, user bytes | guard | data pages ... | guard | rest, guarded too
 *                  |<------------ slot ----------------->|
 *
 * All of a zone is inaccessible but the data pages of blocks in use: they are opened when a slot is handed out, and closed when its block
 * is freed, which gives their memory back. Before that the first and the last bytes of the block are kept for hexdumps.
 *
 * Large blocks (MD_ZONE_LARGE) may have a guard page on each side, and are closed when they are freed and would have been dropped.
 *
 * Locking   Each slot has a byte that says who may open or close its data pages (enum md_guard_door); it changes by exchange only, so that
 *           a fault handler may open what an allocating thread would hand out at the same moment.
 */
#ifndef MD_GUARD_H
#define MD_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/guard_policy.h"
#include "src/zone.h"

struct md_call;
struct md_extent;
struct md_heap;
struct md_thread;

/* --- for the fault handler ------------------------------------------------ */

/* True where we made the page at addr inaccessible, and did not open it since: a guard page, the bytes of a freed block, a slot that waits
 * for its next block. Async-signal-safe, takes no lock. */
bool md_guard_is_guard(const struct md_heap *heap, uintptr_t addr);

/* Makes the page at addr (and, in a freed block, all of that block's) accessible until its slot is handed out again, so that an access
 * which was reported can go on: a freed block then has the freed fill in the first fill_free bytes and what was kept of it, a guard page
 * reads as zero. True if an access to addr may now be tried again, also because another thread opened it, or the block there is in use
 * again meanwhile. False where the address is not ours, or the system refuses. Async-signal-safe, takes no lock. */
bool md_guard_open(struct md_heap *heap, uintptr_t addr);

/* --- for those who read memory -------------------------------------------- */

/* Copies [begin, end), which lies in one zone, as far as it can be read; what cannot is 0, but for what was kept of a closed block. Between
 * md_runs_watch_begin and md_runs_watch_end. */
void md_guard_copy(const struct md_heap *heap, uintptr_t begin, uintptr_t end, unsigned char *copy);

/* Whether addr is one of the bytes that were kept of a closed block. */
bool md_guard_is_kept(const struct md_heap *heap, uintptr_t addr);

enum md_guard_page { MD_PAGE_OTHER, MD_PAGE_DATA, MD_PAGE_FRONT, MD_PAGE_REAR, MD_PAGE_REST };

/* What the page at addr, in a guarded or large zone, is to the block in *slot. */
enum md_guard_page md_guard_page_at(const struct md_zone *zone, uintptr_t addr, uint32_t *slot);

/* Where the bytes of the closed block in a slot are; false if none ever was there. */
bool md_guard_extent(const struct md_zone *zone, uint32_t slot, struct md_extent *extent);

/* --- for the heap --------------------------------------------------------- */

/* Live blocks in slots, whose record tells where in the slot they are. */
static inline uintptr_t md_guard_user(const struct md_zone *zone, const struct md_record *record, uintptr_t slot_begin)
{
	return md_layout_flush(slot_begin, slot_begin + zone->slot_bytes - MD_PAGE_BYTES, record->size, record->user_offset16);
}

/* Allocates a guarded block in a slot if policy wants it, as md_heap_allocate. NULL: an ordinary one is to be allocated. */
void *md_guard_allocate(struct md_heap *heap, struct md_thread *thread, size_t size, size_t alignment, bool zero, const struct md_call *call);

/* Closes a guarded or large block that is being freed: keeps its first and last bytes, and gives its memory back. False if it stays
 * accessible. */
bool md_guard_close(struct md_heap *heap, struct md_zone *zone, const struct md_record *record, const struct md_extent *extent);

/* The block is not in use any more. */
void md_guard_end(struct md_heap *heap, struct md_zone *zone, const struct md_record *record);

/* Whether a block in a guarded slot, or a large one, is closed. */
static inline bool md_guard_is_closed(const struct md_zone *zone, const struct md_record *record)
{
	return zone->guards && atomic_load_explicit(&zone->guards[record - zone->records].door, memory_order_acquire) != MD_DOOR_OPEN;
}

/* Puts guard pages around a large block that has none, for that reason (MD_GUARD_NOT: does nothing): behind large_end, where the zone has
 * room, and at its begin, where the front red zone leaves that page free. */
void md_guard_large(struct md_heap *heap, struct md_zone *zone, enum md_guard_reason reason);

/* Takes them away: its pages are to be moved, or its end will be. False if refused: it has to stay as it is. */
bool md_guard_large_lift(struct md_heap *heap, struct md_zone *zone);

#endif
