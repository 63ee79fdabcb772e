/* SPDX-License-Identifier: MIT
 *
 * Who points to a block: runs the search of src/leak_path.h over the roots of this process, and finds out what its root is.
 */
#ifndef MD_WHO_H
#define MD_WHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/path_text.h"
#include "runtime/leaks.h"
#include "runtime/roots.h"
#include "src/leak_path.h"

/* One answer. */
struct md_who {
	struct md_leak_path path;
	uint32_t tid; /* as in struct md_root_words: of the root, or of the thread-local variable that it is */
	bool thread_local_storage;
};

/* Looks for the shortest chain to the block that target lies in, until the given md_os_nanoseconds(). The other threads stand still; leak
 * has begun, and what its marks say is lost. asked: the calling thread's own stack and registers count only if nothing else leads there.
 * False if there is no block, or the roots cannot be read. */
bool md_who_find(struct md_who *who, struct md_leak *leak, struct md_roots *roots, uintptr_t target, uint64_t until, bool asked);

/* What is printed of it. The other threads may run. */
struct md_path_view md_who_view(const struct md_who *who);

/* Adds the frames of the blocks on the chain. Returns how many there are then. */
size_t md_who_frames(const struct md_who *who, struct md_frame *frames, size_t count, size_t frames_max);

/* Reports to fd who points to the live block that the complement of `inverted` lies in (the address itself must not be on the caller's
 * stack). Returns the number of blocks in the chain, 0 if no root leads there, -EINVAL if there is no such block, or another negated errno
 * value as md_leaks_search. */
long md_who_show(const struct md_leaks_here *here, int fd, uintptr_t inverted);

#endif
