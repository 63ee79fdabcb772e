/* SPDX-License-Identifier: MIT
 *
 * The map of the heap and the history as JSON, and as a page for browsers. Texts of a size that only the heap bounds (option map_blocks):
 * each is made in memory that is mapped for it, and written at once, so that a line of a file is whole.
 *
 * Locking, threads   as runtime/show.h.
 */
#ifndef MD_SHOW_JSON_H
#define MD_SHOW_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/show.h"

/* format: MD_SHOW_AS_JSON or MD_SHOW_AS_HTML. fd: a descriptor; MD_TO_MAP_FILE: the file of that option; MD_TO_SINK: JSON, to where the
 * options want JSON. Return 0 or a count, or a negated errno value; a file that cannot be written is told in the log. */
int md_show_map_json(int fd, enum md_show_format format);
long md_show_history_json(int fd, uintptr_t addr, size_t events_max, enum md_show_format format);

#endif
