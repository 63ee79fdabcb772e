/* SPDX-License-Identifier: MIT
 *
 * Picture of the heap: for each zone a line of facts, one character for each slot, and the list of runs; then free runs, totals, legend.
 *
 *   small zone [0x7f2a4c000000,0x7f2a4c010000) 64.0 KiB, 128 slots of 512 B: 76 live (33.1 KiB), 1 quarantined, 51 free
 *     free slots 16 % fragmented: the largest free run has 43 of 51
 *     0x7f2a4c000000  ################################################################
 *     0x7f2a4c008000  ######q!........#####.......................--------------------
 *
 * A zone at a time, so that a caller with a small buffer can flush between.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_MAP_TEXT_H
#define MD_MAP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/text.h"
#include "src/view.h"

#define MD_MAP_DAMAGED 0x80  /* or-ed to a slot's state: damage was found there */
#define MD_MAP_ROW 64        /* slots in a row of the picture */
#define MD_MAP_RUNS_SHOWN 64 /* lines in the list of runs of one zone; the picture shows all */

void md_map_text_begin(struct md_text *text);

/* One zone. slot_states has an enum md_block_state, MD_MAP_DAMAGED or-ed in, for each of zone->slot_count slots. runs may be NULL if
 * run_count is 0. */
void md_map_text_zone(struct md_text *text, const struct md_zone_view *zone, const unsigned char *slot_states,
	const struct md_run_view *runs, size_t run_count);

/* Pages that no zone uses. dirty: they may still hold memory of the system. */
void md_map_text_free_run(struct md_text *text, uintptr_t begin, uintptr_t end, bool dirty);

/* Totals and legend. */
void md_map_text_end(struct md_text *text, const struct md_heap_totals *totals);

#endif
