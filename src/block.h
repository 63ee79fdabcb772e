/* SPDX-License-Identifier: MIT
 *
 * One block of the program: the record we keep of it, and a copy of all we know for those who look at it.
 *
 * Records live in our own pages, away from the bytes that the program may write (see arena.h), one for each slot of a zone.
 *
 * Locking   A record belongs to whoever brought it into its state: the allocating thread until MD_BLOCK_LIVE, then nobody, and the one
 *           thread whose exchange LIVE -> FREEING succeeded until the slot is handed on. Readers that are none of these copy it and look at
 *           the state before and after (md_block_view_get in inspect.h).
 */
#ifndef MD_BLOCK_H
#define MD_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/api.h"
#include "src/ids.h"

enum md_block_state {
	MD_BLOCK_FREE = 0,    /* slot in the zone's free set; zero so that fresh records need no writing */
	MD_BLOCK_CACHED,      /* free, in a thread's cache                                               */
	MD_BLOCK_LIVE,        /* the program's                                                           */
	MD_BLOCK_FREEING,     /* one thread is between free() and the quarantine, or checks it (check.h) */
	MD_BLOCK_QUARANTINED, /* freed, held back, its bytes filled                                      */
	MD_BLOCK_STATE_COUNT
};

enum md_block_flag {
	MD_BLOCK_USED = 1 << 0,     /* the slot was handed out before: its bytes are not fresh zero pages */
	MD_BLOCK_DAMAGED = 1 << 1,  /* damage was found in or around it                                   */
	MD_BLOCK_IGNORED = 1 << 2,  /* the program asked not to see it as a leak                          */
	MD_BLOCK_DROPPED = 1 << 3,  /* freed and big: its pages beyond the filled part went back          */
	MD_BLOCK_TOLD = 1 << 4,     /* damage around it was reported when it was done, and left in place  */
};

/* 24 bytes a slot; apis and times are packed because there is one of these for every block. */
struct md_record {
	_Alignas(8) uint32_t size; /* requested; for large blocks see struct md_zone, which has all 64 bits */
	uint32_t alloc_stack;
	uint32_t free_stack;
	uint32_t alloc_time; /* md_clock_coarse() */
	uint16_t alloc_thread;
	uint16_t free_thread;
	_Atomic uint8_t state; /* enum md_block_state */
	uint8_t flags;         /* enum md_block_flag */
	uint8_t apis;          /* allocating api in the low half, freeing api less MD_API_FIRST_FREE in the high half */
	uint8_t user_offset16; /* user bytes begin this many times 16 bytes into the slot (aligned requests); in a guarded slot see md_layout_flush */
};

_Static_assert(sizeof(struct md_record) == 24, "budget: 24 bytes a block");

enum md_zone_kind { MD_ZONE_TINY, MD_ZONE_SMALL, MD_ZONE_LARGE, MD_ZONE_GUARDED, MD_ZONE_KIND_COUNT };

/* Which end of a block lies at a guard page. */
enum md_flush { MD_FLUSH_NONE, MD_FLUSH_END, MD_FLUSH_BEGIN };

/* All that is known of one block, copied: stays true while the block moves on. */
struct md_block_view {
	bool valid;         /* false: there is no such block, the rest is zero */
	uintptr_t user;     /* first byte the program may use */
	size_t size;        /* bytes the program asked for */
	uintptr_t begin;    /* first byte of its front red zone */
	uintptr_t end;      /* one past its rear red zone; user + size up to here is slack and red zone */
	uintptr_t redzone_rear; /* first byte of the rear red zone proper; user + size up to here is slack */
	enum md_block_state state;
	uint8_t flags; /* enum md_block_flag */
	enum md_api alloc_api;
	enum md_api free_api; /* MD_API_NONE unless freed */
	md_stack_id alloc_stack;
	md_stack_id free_stack; /* MD_STACK_NONE unless freed */
	md_thread_id alloc_thread;
	md_thread_id free_thread;
	uint32_t alloc_time; /* md_clock_coarse() */
	enum md_zone_kind zone_kind;
	uintptr_t zone_begin, zone_end;
	bool guard_before, guard_after; /* the page before begin, or from end on, is a guard page */
	bool closed;                    /* freed, and all of it inaccessible: its bytes are gone, but for the first and the last MD_KEPT_BYTES */
	enum md_flush flush;            /* of blocks with guard pages */
};

#define MD_KEPT_BYTES 64

#endif
