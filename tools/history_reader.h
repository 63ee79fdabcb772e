/* SPDX-License-Identifier: MIT
 *
 * Reads a history file (src/history_file.h), live or after its process's death.
 *
 * Nothing in it is trusted: it may be cut, half written, or made up. Each row is checked before it is used, and what cannot be is counted and
 * left out; stacks become a stack store of ours, whose ids are those of the file, and in which every list is known to lie inside of its chunk.
 */
#ifndef MD_HISTORY_READER_H
#define MD_HISTORY_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/arena.h"
#include "src/history_file.h"
#include "src/history.h"
#include "src/module.h"
#include "src/stack_store.h"
#include "src/thread.h"

struct md_history_reader {
	struct md_history_file_header header; /* its texts end with a NUL, whatever the file says */
	double tick_nanoseconds;              /* by the header's two moments; 0: they make no sense */
	struct md_arena arena;
	struct md_stack_store *stacks;
	struct md_modules *modules;
	struct md_thread_info *threads; /* MD_THREAD_INFOS_MAX rows; those that the file does not have are zero */
	size_t thread_count;            /* that it has */
	struct md_event *events;        /* of all rings, by time */
	size_t event_count, event_room;
	size_t ring_count;
	size_t bad_events, bad_chunks; /* left out */
};

/* Reads a whole file. NULL, or why it cannot be read at all (a literal). The reader, zeroed before, then has to be closed in either case. */
const char *md_history_reader_open(struct md_history_reader *reader, const unsigned char *bytes, size_t count);
void md_history_reader_close(struct md_history_reader *reader);

/* Whether the frames of a stack are known. */
bool md_history_reader_knows(const struct md_history_reader *reader, md_stack_id stack);

struct md_history_filter {
	uint64_t begin, end; /* blocks that have bytes in [begin, end), or begin there; end == 0: all, failed requests included */
	int thread;          /* id; 0: all */
	size_t last;         /* at most so many, the youngest; 0: all */
};

/* Takes the events that do not fit out of reader->events. Returns how many fitted, kept or not. */
size_t md_history_reader_select(struct md_history_reader *reader, const struct md_history_filter *filter);

#endif
