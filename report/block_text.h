/* SPDX-License-Identifier: MIT
 *
 * What an address is: the block at it or near it with the stacks that belong to it, or what else lies there.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_BLOCK_TEXT_H
#define MD_BLOCK_TEXT_H

#include <stdint.h>

#include "report/stack_text.h"
#include "report/text.h"
#include "src/finding.h"

/* A description of addr in whole lines: one sentence, and the stacks of the block if there is one. block may be NULL. */
void md_block_text(struct md_text *text, uintptr_t addr, const struct md_block_view *block, enum md_place place,
	const struct md_stack_printer *printer);

/* The sentence "0x... is on the stack of thread T1." with its newline. thread matters for MD_PLACE_STACK, module for MD_PLACE_GLOBAL,
 * block (may be NULL) for MD_PLACE_BLOCK and MD_PLACE_REDZONE. */
void md_place_text(struct md_text *text, uintptr_t addr, enum md_place place, const struct md_block_view *block, md_thread_id thread,
	uint16_t module, const struct md_modules *modules);

#endif
