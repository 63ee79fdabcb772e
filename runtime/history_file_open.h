/* SPDX-License-Identifier: MIT
 *
 * The file of runtime/history_file.h as a file: its name, whose it is, and how much of the disk it has.
 *
 * All functions use raw system calls, allocate nothing, leave errno alone and are async-signal-safe. Results are 0, or a descriptor, or a
 * negated errno value.
 */
#ifndef MD_RUNTIME_HISTORY_FILE_OPEN_H
#define MD_RUNTIME_HISTORY_FILE_OPEN_H

#include <stdbool.h>
#include <stdint.h>

#define MD_HISTORY_PATH_BYTES 1024

struct md_history_place {
	char path[MD_HISTORY_PATH_BYTES]; /* absolute: the program may go to another folder */
	uint64_t device, inode;           /* what was made there */
};

/* The absolute path that a pattern means in this process. */
void md_history_place_path(const char *pattern, char path[MD_HISTORY_PATH_BYTES]);

/* Makes an empty file at place->path, for this process alone, and notes which it is. Until the descriptor is closed, which is to be when
 * its header says whose it is, others leave it alone, empty as it is. A history file of another time that is there becomes PATH.1 (but for
 * what this process had written as a forked child, before it became another program); -EBUSY if its process lives (*owner says which) or is
 * just making it (*owner is 0), -EEXIST if it is something else. */
long md_history_place_create(struct md_history_place *place, uint32_t *owner);

/* Opens it again; -ESTALE if another file is there by now. */
long md_history_place_open(const struct md_history_place *place);

/* Has the system set room aside for [offset, offset + bytes), which is at the file's end. The file is as before if it does not. */
long md_history_place_extend(long fd, uint64_t offset, uint64_t bytes);

/* Removes the file that was made. */
void md_history_place_remove(const struct md_history_place *place);

/* Whether it is the parent of this process, or of its parent, and so on. */
bool md_history_process_is_ancestor(uint32_t pid);

/* When a process was started, as /proc/PID/stat has it; 0 if it is not there. */
uint64_t md_history_process_start(uint32_t pid);

#endif
