/* SPDX-License-Identifier: MIT
 *
 * Memory for what is to be read after the process's death: history rings, stacks and what they consist of, the table of threads.
 *
 * Whoever keeps such a file (runtime/history_file.h) gives the heap a function that maps parts of it; they are used as any other memory is.
 * Without that function, or where it has no room left, memory of our own takes their place.
 */
#ifndef MD_LASTING_H
#define MD_LASTING_H

#include <stddef.h>
#include <stdint.h>

enum md_lasting_kind {
	MD_LASTING_THREADS = 1, /* struct md_thread_info by id                          */
	MD_LASTING_RING,        /* struct md_event; index: one for each ring             */
	MD_LASTING_STACKS,      /* a chunk of the stack store's lists; index: of it      */
	MD_LASTING_FRAMES,      /* a chunk of the stack store's frames; index: of it     */
	MD_LASTING_MODULE,      /* a row of the module table, see history_file.h         */
	MD_LASTING_KINDS
};

/* Both are called with locks of ranks up to MD_LOCK_STACKS held. */
struct md_lasting {
	/* Zeroed memory, aligned to 64 bytes, never given back; NULL if there is none. */
	void *(*map)(enum md_lasting_kind kind, uint32_t index, size_t bytes);
	/* Called before threads, stacks or frames are written to: a child that was forked behind our back still shares them with its
	 * parent, and gets its own. */
	void (*own)(void);
};

#endif
