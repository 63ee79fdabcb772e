/* SPDX-License-Identifier: MIT
 *
 * Profile over time in the format of Valgrind's massif, which ms_print and massif-visualizer read: totals for each moment, and for some a
 * tree of callers, from the allocating function outwards.
 *
 * How           The stacks of a moment are put into one tree by their frames, innermost first. Writing goes over it line by line, so that
 *               any tree goes through a small buffer; callers below one percent of the total are put together, as massif does.
 * Allocation and signal safety   none, and async-signal-safe; the tree's memory is the caller's, zeroed.
 */
#ifndef MD_PROFILE_MASSIF_H
#define MD_PROFILE_MASSIF_H

#include "report/profile_report.h"

/* Most bytes that one call of the functions below writes. */
#define MD_MASSIF_PIECE ((size_t)16384)

struct md_massif_node {
	uint32_t frame;  /* number; of the root and of blocks without a stack 0 */
	uint32_t places; /* callers that were put together in this one; 0: none */
	uint32_t parent, child, next; /* nodes; 0: none */
	uint64_t bytes;
};

/* The root is node 1. */
struct md_massif_tree {
	uint32_t count, capacity; /* nodes */
	uint32_t head_mask;
	uint32_t *heads; /* nodes by parent and frame */
	struct md_massif_node *nodes;
	uint32_t at, depth; /* the next line's node, 0 after the last */
};

/* Bytes of memory for a tree of so many frames in all its stacks. */
size_t md_massif_tree_bytes(size_t frames);

/* Lays an empty tree into zeroed memory of that size. */
void md_massif_tree_init(struct md_massif_tree *tree, void *memory, size_t frames);

void md_massif_tree_add(struct md_massif_tree *tree, const struct md_stack_store *stacks, md_stack_id stack, uint64_t bytes);

void md_massif_head(const char *program, uint32_t pid, struct md_text *out);

enum md_massif_detail { MD_MASSIF_EMPTY, MD_MASSIF_DETAILED, MD_MASSIF_PEAK };

/* A moment; unless it is empty, all lines of its tree have to follow. */
void md_massif_moment(size_t number, uint64_t milliseconds, uint64_t bytes, enum md_massif_detail detail, struct md_text *out);

/* The next line of a tree, to which nothing may be added from then on. False after the last. */
bool md_massif_tree_line(struct md_massif_tree *tree, const struct md_stack_printer *printer, struct md_text *out);

#endif
