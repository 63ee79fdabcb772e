/* SPDX-License-Identifier: MIT
 *
 * The map of the heap as one report of type "map": all zones with their blocks, free runs, totals, and the stacks that blocks name. See
 * malloc-debug-report(5).
 *
 * In parts, in this order: begin, each zone with its blocks, zones_end, each free run, end. What there is no room for is left out as a
 * whole, zones first; totals are always there.
 *
 * Allocation and signal safety   none, and async-signal-safe.
 */
#ifndef MD_MAP_JSON_H
#define MD_MAP_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/json.h"
#include "report/origin.h"
#include "report/stacks_json.h"
#include "src/view.h"

/* A block; or, where a heap has too many of them, several of a zone that lie next to each other. */
struct md_map_block {
	uintptr_t addr, end; /* user bytes of the first and the last one; end is one past */
	size_t blocks;       /* 1 or more */
	uint64_t bytes;      /* requested, of all */
	enum md_block_state state;
	bool states_differ;            /* the state is that of the first one only */
	bool damaged;                  /* one of them */
	md_stack_id stack, free_stack; /* MD_STACK_NONE: unknown, or they differ */
	md_thread_id thread;           /* that allocated them; the same */
	double seconds;                /* when the oldest was allocated, since our start; below 0: unknown */
};

#define MD_MAP_SIZES 65

/* How large live blocks are: those of 0 bytes, of 1, of 2 to 3, of 4 to 7, and so on. */
struct md_map_sizes {
	uint64_t blocks[MD_MAP_SIZES], bytes[MD_MAP_SIZES];
};

struct md_map_writer {
	struct md_json json;
	size_t reserve; /* what json.reserve was in the beginning */
	bool cut;       /* something was left out in an earlier part */
};

/* for_page: see struct md_json. grouped: blocks are put together. */
void md_map_json_begin(struct md_map_writer *writer, struct md_text *text, const struct md_origin *origin,
	const struct md_heap_totals *totals, bool grouped, bool for_page);
void md_map_json_zone_begin(struct md_map_writer *writer, const struct md_zone_view *zone);
void md_map_json_block(struct md_map_writer *writer, const struct md_map_block *block);
void md_map_json_zone_end(struct md_map_writer *writer);
void md_map_json_zones_end(struct md_map_writer *writer);
void md_map_json_free_run(struct md_map_writer *writer, uintptr_t begin, uintptr_t end, bool dirty);
void md_map_json_end(struct md_map_writer *writer, const struct md_map_sizes *sizes, struct md_stacks_json *stacks,
	const struct md_stack_printer *printer, const char *names_missing);

/* Counts a live block. */
void md_map_sizes_add(struct md_map_sizes *sizes, uint64_t bytes);

#endif
