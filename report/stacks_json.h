/* SPDX-License-Identifier: MIT
 *
 * Stacks of reports that name thousands of blocks or events: these have ids of stacks, each stack is written once, as numbers of frames,
 * and each frame once. Filled while the report is gathered, so that names can be asked for, and written at its end.
 *
 * Fixed room: a stack or a frame too many is left out and remembered in `lost`.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_STACKS_JSON_H
#define MD_STACKS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/json.h"
#include "report/stack_text.h"
#include "src/ids.h"
#include "src/stack_store.h"

#define MD_STACKS_JSON_STACKS 16384
#define MD_STACKS_JSON_FRAMES 16384

/* Less than a megabyte, in memory of the caller's that is zero to begin with. */
struct md_stacks_json {
	uint32_t stack_count, frame_count;
	bool lost;
	md_stack_id stacks[MD_STACKS_JSON_STACKS];
	uint64_t live_blocks[MD_STACKS_JSON_STACKS], live_bytes[MD_STACKS_JSON_STACKS]; /* of maps: what each stack has allocated */
	struct md_frame frames[MD_STACKS_JSON_FRAMES];
	uint32_t entry_first[MD_STACKS_JSON_FRAMES + 1]; /* filled when frames are written: where a frame's entries begin */
	uint32_t stack_slots[2 * MD_STACKS_JSON_STACKS]; /* hash tables of number + 1; 0: empty */
	uint32_t frame_slots[2 * MD_STACKS_JSON_FRAMES];
};

/* Adds a stack, once however often it is met, and its frames. MD_STACK_NONE is nothing. */
void md_stacks_json_add(struct md_stacks_json *table, const struct md_stack_store *stacks, md_stack_id stack);

/* The same, for a live block of that stack, which is counted. */
void md_stacks_json_add_live(struct md_stacks_json *table, const struct md_stack_store *stacks, md_stack_id stack, uint64_t bytes);

/* Writes the members "frames" and "stacks" of the object that is open. */
void md_stacks_json_put(struct md_json *json, struct md_stacks_json *table, const struct md_stack_printer *printer);

#endif
