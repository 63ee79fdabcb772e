/* SPDX-License-Identifier: MIT
 *
 * Leak path: the shortest chain of pointers from a root to a block, or, if no root leads there, from the furthest block that does.
 *
 * How   Backwards, a level at a time: which roots point to a block of the newest level, and if none does, which blocks? Those are the next
 *       level. The mark of a slot is its level, so that nothing else has to be kept; the chain is then read forwards, from each block to
 *       one of the level below. The caller knows the roots: begin, then show all roots and step in turns until either says that this was
 *       it, then finish.
 *
 *     md_leak_path_begin(&path, &leak, target);
 *     do
 *             for each range of roots: md_leak_path_root(&path, words, count, address, false);
 *     while (md_leak_path_step(&path));
 *     md_leak_path_finish(&path);
 *
 * Who asks for a block has its address himself, on his stack or in a register. A root there is called weak, and if it points to the very
 * block that was asked for, it counts only if there is no other.
 *
 * Memory    the marks of struct md_leak, and a fixed number of links. Locking as in leak.h.
 */
#ifndef MD_LEAK_PATH_H
#define MD_LEAK_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/leak.h"

#define MD_LEAK_PATH_MAX 32 /* blocks in a chain */

/* One block of a chain. */
struct md_leak_link {
	uintptr_t block;
	size_t size;
	md_stack_id stack;
	enum md_api api;
	md_thread_id thread;
	size_t entered; /* offset in this block that what comes before points to */
	size_t offset;  /* of the pointer to the next block; meaningless in the last one */
};

enum md_leak_path_end {
	MD_LEAK_PATH_ROOT,    /* a root was found                                                     */
	MD_LEAK_PATH_NOTHING, /* no root leads to the block: the chain begins at the block furthest from it */
	MD_LEAK_PATH_DEEP,    /* the same, but the chain would have become longer than MD_LEAK_PATH_MAX */
	MD_LEAK_PATH_LATE,    /* the same, but the time was up                                        */
	MD_LEAK_PATH_CHANGED  /* the program changed pointers meanwhile (a thread that did not stop): there is no chain */
};

/* A word outside of all blocks. */
struct md_leak_root {
	uintptr_t address; /* where it lies; as md_leak_path_root was told */
	bool weak;
	uintptr_t word;
};

struct md_leak_path {
	uint64_t until; /* md_os_nanoseconds() when it is given up; 0: never. The caller sets it after md_leak_path_begin */

	/* Out, after md_leak_path_finish */
	enum md_leak_path_end end;
	struct md_leak_root root; /* MD_LEAK_PATH_ROOT only; weak: there is no other, the chain is the block alone */
	struct md_leak_link links[MD_LEAK_PATH_MAX]; /* from the root's side on; the last one is the block that was asked for */
	size_t link_count;
	uint64_t root_words, weak_words, block_words; /* how many point to the block that was asked for */

	/* Inside */
	struct md_leak *leak;
	uintptr_t target;
	unsigned level;      /* of the newest blocks, from 1 */
	uintptr_t low, high; /* the newest blocks lie between these */
	uintptr_t furthest;  /* one of them */
	struct md_leak_root weak_root;
	bool has_root, has_weak_root;
};

/* Begins at the live block that target lies in. The marks, which md_leak_begin has made, are cleared: what they said is lost. False if
 * there is no such block. */
bool md_leak_path_begin(struct md_leak_path *path, struct md_leak *leak, uintptr_t target);

/* Shows words that are roots, the first of which lies at address. True if the rest of the roots need not be shown. */
bool md_leak_path_root(struct md_leak_path *path, const uintptr_t *words, size_t count, uintptr_t address, bool weak);

/* After all roots: goes back one level. False when there is nothing more to look for. */
bool md_leak_path_step(struct md_leak_path *path);

/* Fills in the result. */
void md_leak_path_finish(struct md_leak_path *path);

#endif
