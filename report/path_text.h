/* SPDX-License-Identifier: MIT
 *
 * Who points to a block, as text: a chain of pointers from a root to it, a line or two for each step.
 *
 *     0x55a41c004040  global variable (/usr/bin/app+0x4040)
 *       points to the start of
 *     0x7f65b2c02010  48-byte block by malloc in T0: server.c:40 in main
 *       at offset 16 points 8 bytes into
 *     0x7f65b2c03010  32-byte block by calloc in T0: server.c:44 in add
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_PATH_TEXT_H
#define MD_PATH_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "report/stack_text.h"
#include "report/text.h"
#include "src/finding.h"
#include "src/leak_path.h"

/* A finished path, and what is known of its root's place. */
struct md_path_view {
	const struct md_leak_path *path;
	enum md_place place;       /* of a root in memory: MD_PLACE_STACK, MD_PLACE_GLOBAL or else */
	uint16_t module;           /* MD_PLACE_GLOBAL */
	bool thread_local_storage; /* goes before place */
	md_thread_id thread;       /* whose stack, registers, thread-local variables; MD_THREAD_NONE: unknown */
};

/* The chain alone, each line indented by `indent`. */
void md_path_chain_text(struct md_text *text, const struct md_path_view *view, size_t indent, const struct md_stack_printer *printer);

/* The answer to "who points here?": how many words do, the chain, and what it means. certainty: one line on why it may be less than
 * certain, or NULL. */
void md_path_text(struct md_text *text, const struct md_path_view *view, const char *certainty, const struct md_stack_printer *printer);

#endif
