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
 *             for each range of roots: md_leak_path_root(&path, &words);
 *     while (md_leak_path_step(&path));
 *     md_leak_path_finish(&path);
 *
 * Who asks for a block has its address himself, on his stack or in a register. A word there is called weak: if it points to the very block
 * that was asked for, it is counted, and is no root.
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

/* What words are that are shown as roots. */
enum md_root_kind {
	MD_ROOT_MEMORY,      /* a mapping, a module's data, a stack, thread-local variables: see their address */
	MD_ROOT_REGISTERS,   /* of a thread; of vector registers the address is where they are kept just now */
	MD_ROOT_THREAD_LIST, /* the C library's list of a thread's variables in modules that came later */
	MD_ROOT_STACK_BLOCK, /* a thread runs on this very block */
	MD_ROOT_ARGUMENT,    /* of a thread that is being created */
	MD_ROOT_REGISTERED   /* the program named the memory as one */
};

#define MD_ROOT_TID_NONE UINT32_MAX

struct md_root_words {
	const uintptr_t *words; /* or a copy of them */
	size_t count;
	uintptr_t address; /* of the first; 0 where they have none */
	enum md_root_kind kind;
	uint32_t tid;      /* of the thread; 0: the calling one; MD_ROOT_TID_NONE: one that has ended */
};

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
	uintptr_t address; /* where it lies; 0: nowhere */
	enum md_root_kind kind;
	uint32_t tid;
	uintptr_t word;
};

struct md_leak_path {
	/* In; the caller sets them after md_leak_path_begin */
	uint64_t until;                 /* md_os_nanoseconds() when it is given up; 0: never */
	uintptr_t weak_begin, weak_end; /* words that lie there are weak */
	bool own_registers_weak;        /* so are the registers of the calling thread */

	/* Out, after md_leak_path_finish */
	enum md_leak_path_end end;
	struct md_leak_root root; /* MD_LEAK_PATH_ROOT only */
	struct md_leak_link links[MD_LEAK_PATH_MAX]; /* from the root's side on; the last one is the block that was asked for */
	size_t link_count;
	uint64_t root_words, weak_words, block_words; /* how many point to the block that was asked for */

	/* Inside */
	struct md_leak *leak;
	uintptr_t target;
	unsigned level;      /* of the newest blocks, from 1 */
	uintptr_t low, high; /* the newest blocks lie between these */
	uintptr_t furthest;  /* one of them */
	bool has_root;
};

/* Begins at the live block that target lies in. The marks, which md_leak_begin has made, are cleared: what they said is lost. False if
 * there is no such block. */
bool md_leak_path_begin(struct md_leak_path *path, struct md_leak *leak, uintptr_t target);

/* Shows words that are roots. True if the rest of the roots need not be shown. */
bool md_leak_path_root(struct md_leak_path *path, const struct md_root_words *words);

/* After all roots: goes back one level. False when there is nothing more to look for. */
bool md_leak_path_step(struct md_leak_path *path);

/* Fills in the result. */
void md_leak_path_finish(struct md_leak_path *path);

#endif
