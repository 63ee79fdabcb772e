/* SPDX-License-Identifier: MIT
 *
 * Stack store: keeps each distinct stack once, and names it by a 32-bit id.
 *
 * A frame is a return address and the module it lies in. Frames are numbered, and a stack is a list of frame numbers, so it takes four
 * bytes a frame. The table that finds a frame by its address also keeps a word for the unwinder (how to step from there: its rule), so that
 * walking a stack and numbering its frames are one lookup. Nothing is removed, but the frames of a module that was unloaded are no longer
 * found by their address: the next code at the same place gets numbers of its own.
 *
 * Invariants   A stack id is the place of its list in the storage and never changes. 0 is no stack; frame number 0 is no frame.
 * Locking      MD_LOCK_STACKS for adding; looking up takes none. Tables that were outgrown stay readable.
 * Background   Serebryany et al., "AddressSanitizer" (2012), section 3.5, stack depot.
 */
#ifndef MD_STACK_STORE_H
#define MD_STACK_STORE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "src/ids.h"
#include "src/lasting.h"
#include "src/lock.h"

#define MD_STACK_FRAMES_MAX 128

struct md_arena;

struct md_frame {
	uintptr_t pc;    /* a return address: the call is in the instruction before it */
	uint16_t module; /* row of the module table, or MD_MODULE_NONE */
};

/* One entry of the table of frames. */
struct md_frame_slot {
	_Atomic uintptr_t pc;       /* 0: empty; written last */
	_Atomic uint64_t rule_number; /* the unwinder's word in the high half, the frame's number in the low one */
};

struct md_frame_table {
	uint32_t mask; /* capacity - 1; a power of two */
	uint32_t count;
	struct md_frame_slot slots[];
};

#define MD_STACK_CHUNK_BITS 18 /* numbers in a chunk of storage */
#define MD_STACK_CHUNKS_MAX 4096
#define MD_FRAME_CHUNK_BITS 12
#define MD_FRAME_CHUNKS_MAX 1024

struct md_stack_index;

struct md_stack_store {
	struct md_lock lock;
	struct md_arena *arena;
	const struct md_lasting *lasting; /* for lists and frames; NULL, or without room: the arena */
	_Atomic(struct md_frame_table *) frames;
	_Atomic(struct md_frame *) frame_chunks[MD_FRAME_CHUNKS_MAX]; /* frame number to frame */
	_Atomic uint32_t frame_count;
	_Atomic(struct md_stack_index *) index; /* hash of a stack to its id */
	_Atomic(uint32_t *) chunks[MD_STACK_CHUNKS_MAX]; /* storage: count, then frame numbers, for each stack */
	uint32_t next;                                   /* first unused place in storage */
	_Atomic uint32_t stack_count;
};

/* A new store in arena's memory, or NULL. */
struct md_stack_store *md_stack_store_create(struct md_arena *arena);

/* Entry for a return address, or NULL if it is not known (yet). Lock-free. */
static inline const struct md_frame_slot *md_frame_find(const struct md_stack_store *store, uintptr_t pc)
{
	const struct md_frame_table *table = atomic_load_explicit(&store->frames, memory_order_acquire);

	for (uint32_t i = (uint32_t)((pc * 0x9e3779b97f4a7c15ull) >> 32);; i++) {
		const struct md_frame_slot *slot = &table->slots[i & table->mask];
		uintptr_t found = atomic_load_explicit(&slot->pc, memory_order_acquire);

		if (found == pc)
			return slot;
		if (!found)
			return NULL;
	}
}

/* Number of a frame, added with that rule when new (a known frame keeps the rule it has). 0 when there is no memory. */
uint32_t md_frame_put(struct md_stack_store *store, struct md_frame frame, uint32_t rule);

/* Frames with addresses in [begin, end) are found no more: the code there is gone. */
void md_frames_forget(struct md_stack_store *store, uintptr_t begin, uintptr_t end);

/* Hash of a stack: a polynomial in its frame numbers from the outermost inwards, so that a stack that goes on from a known one costs only
 * its new frames, and the innermost part of a stack is hashed from two known values. Two stacks with one hash (64 bits) are taken for the
 * same. */
#define MD_STACK_HASH_FACTOR 0xd1342543de82ef95ull

static inline uint64_t md_stack_hash_add(uint64_t prefix, uint32_t number)
{
	uint64_t mixed = (number + 0x9e3779b97f4a7c15ull) * 0xff51afd7ed558ccdull;

	return prefix * MD_STACK_HASH_FACTOR + (mixed ^ mixed >> 32);
}

/* Hash of the innermost `count` frames: prefix is of all, outer of those further out (0 if there are none). */
static inline uint64_t md_stack_hash_window(uint64_t prefix, uint64_t outer, size_t count)
{
	uint64_t power = 1, factor = MD_STACK_HASH_FACTOR;

	if (outer)
		for (size_t n = count; n; n >>= 1, factor *= factor)
			if (n & 1)
				power *= factor;
	uint64_t hash = prefix - outer * power;

	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15ull;
	return hash | 1; /* 0 is no hash */
}

/* The stack with that hash, or MD_STACK_NONE. Lock-free. */
md_stack_id md_stack_store_find(const struct md_stack_store *store, uint64_t hash);

/* Stores a stack of frame numbers, innermost first, once however often it is put. MD_STACK_NONE when count is 0 or the store is full. */
md_stack_id md_stack_store_put_numbers(struct md_stack_store *store, const uint32_t *numbers, size_t count);

/* The same from frames. */
md_stack_id md_stack_store_put(struct md_stack_store *store, const struct md_frame *frames, size_t count);

/* Copies the frames of a stack, innermost first. Returns how many there are (at most frames_max are written); 0 for an unknown id. */
size_t md_stack_store_frames(const struct md_stack_store *store, md_stack_id id, struct md_frame *frames, size_t frames_max);

/* Number of the i-th frame of a stack, for those who keep something for each frame. 0 if there is none. */
uint32_t md_stack_store_number(const struct md_stack_store *store, md_stack_id id, size_t i);

/* The frame with a number; all zero if there is none. */
struct md_frame md_frame_get(const struct md_stack_store *store, uint32_t number);

/* The i-th frame of a stack, for those who have no room for all. False if there is none. */
bool md_stack_store_frame(const struct md_stack_store *store, md_stack_id id, size_t i, struct md_frame *frame);

#endif
