/* SPDX-License-Identifier: MIT
 *
 * Watch: which few bytes of the heap the processor's watchpoints stand on, and whether an access that one of them saw is an error. No
 * system calls: the runtime sets the watchpoints (runtime/watch_linux.c).
 *
 * A guard page can touch a block on one side only. So the places stand on the other side of the newest guarded blocks, mostly on the last
 * bytes before them. A stack whose block was found damaged gets more: what lies between its newest block and the guard page behind it (or
 * the first bytes of the red zone where there is none) is covered as far as the places reach.
 *
 * Invariant   An access is an error only if its range lies wholly before, or wholly behind, the very block that the place was chosen for,
 *             and that block is still live. A place that is out of date costs time, and never a false report: what its block has become
 *             does not matter.
 * Vectors     Functions for strings read whole vectors at their own alignment, which never crosses a page: some of those lie wholly
 *             outside (memrchr takes four at a time). So no read of 16 bytes or more at such an address is an error, and reads behind
 *             blocks are not watched at all.
 * Locking     struct md_watches is changed by one thread at a time. A signal handler may read a place at any moment: it copies it, and
 *             believes the copy only if the generation is the one of the trap, before and after.
 */
#ifndef MD_WATCH_H
#define MD_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/block.h"
#include "src/finding.h"

#define MD_WATCHES 4 /* debug registers of a processor */
#define MD_WATCH_BYTES_MAX 8
#define MD_WATCH_TRAPS_MAX 64 /* until a place is given up: each costs some 10 us */

enum md_watch_why {
	MD_WATCH_NOTHING,
	MD_WATCH_FRONT,  /* last bytes before a block   */
	MD_WATCH_REAR,   /* first bytes behind a block  */
	MD_WATCH_ADDRESS /* what the user named         */
};

/* A range that one watchpoint can cover: 1, 2, 4 or 8 bytes, aligned to as many. */
struct md_watch_range {
	uintptr_t addr;
	unsigned bytes; /* 0: nothing */
};

struct md_watch_place {
	_Atomic uint32_t generation; /* changes with the rest; 0 while it does */
	enum md_watch_why why;
	struct md_watch_range range;
	bool writes_only; /* a write is looked for: reads are everyday behind a block, and our own checks make some, too */
	/* The block, as it was when the place was chosen. */
	uintptr_t user;
	size_t size;
	md_stack_id stack;
	uint32_t time; /* md_clock_coarse() */
	_Atomic uint32_t traps;
};

struct md_watches {
	struct md_watch_place places[MD_WATCHES];
	unsigned usable;      /* how many of them there are */
	uint32_t generations; /* given out so far */
	unsigned next;        /* of the ring of places that are all the same */
	unsigned rear;        /* places kept for what lies behind blocks of damaged stacks: the first ones */
	unsigned next_rear;
};

/* From when on (md_clock_now()) the heap may ask for a block to be watched; of a heap. Set by whoever sets watchpoints. */
struct md_watch_wishes {
	_Atomic uint64_t after;
	_Atomic uint64_t hunting_after; /* likewise, while there are stacks with damaged blocks */
};

/* What the option watch says. */
enum md_watch_mode { MD_WATCH_OFF, MD_WATCH_AUTO, MD_WATCH_AT_ADDRESS, MD_WATCH_OF_STACK };

struct md_watch_setting {
	enum md_watch_mode mode;
	struct md_watch_range range; /* MD_WATCH_AT_ADDRESS */
	md_stack_id stack;           /* MD_WATCH_OF_STACK   */
};

/* Reads the option: auto, off, an address (0x and hex digits, or decimal), stack:NUMBER or #NUMBER. False if it is none of these; setting
 * is then auto. */
bool md_watch_parse(const char *text, struct md_watch_setting *setting);

/* The ranges that cover [begin, end), from begin on; how many (at most ranges_max) are needed. Those that do not fit into ranges are left
 * out. */
unsigned md_watch_cover(uintptr_t begin, uintptr_t end, struct md_watch_range *ranges, unsigned ranges_max);

/* The largest range that ends at end and begins at or after begin; .bytes is 0 where there is none. */
struct md_watch_range md_watch_before(uintptr_t begin, uintptr_t end);

/* A new block is worth watching. damaged: it is of a stack whose blocks are. Returns a bit for each place that has to be set anew; the
 * places say where to. */
unsigned md_watch_choose(struct md_watches *watches, const struct md_block_view *block, bool damaged);

/* Makes the first place stand on what the user named. Returns 1, as above, or 0 if there is no place. */
unsigned md_watch_choose_address(struct md_watches *watches, struct md_watch_range range);

/* Nothing is watched by this place any more. */
void md_watch_leave(struct md_watch_place *place);

/* Copies a place for a trap that came with that generation and address. False if it is another one's by now. Async-signal-safe. */
bool md_watch_copy(const struct md_watch_place *place, uint32_t generation, uintptr_t addr, struct md_watch_place *copy);

/* True if the access that this place saw is an error for certain. now: the block that is there now. */
bool md_watch_is_error(const struct md_watch_place *place, const struct md_block_view *now, const struct md_access *access);

#endif
