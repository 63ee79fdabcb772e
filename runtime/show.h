/* SPDX-License-Identifier: MIT
 *
 * Showing: the picture of the zones, the history, counters, an address, bytes; to a descriptor of the caller's or to the sink.
 *
 * Memory for the text is mapped for the call. Each function takes MD_LOCK_REPORT, and the calling thread must be busy.
 */
#ifndef MD_SHOW_H
#define MD_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/process.h"

/* A target that is no descriptor. */
#define MD_TO_SINK (-2)     /* where reports go */
#define MD_TO_MAP_FILE (-3) /* option map_file, or the sink if there is none */

#define MD_SHOW_EVENTS_MAX 16384 /* of one history */

enum md_show_format { MD_SHOW_AS_TEXT, MD_SHOW_AS_JSON, MD_SHOW_AS_HTML };

/* Each returns 0 (or a count) or a negated errno value. */
int md_show_map(int fd);
long md_show_history(int fd, uintptr_t addr, size_t events_max);
int md_show_stats(int fd);
int md_show_address(int fd, uintptr_t addr);
int md_show_bytes(int fd, uintptr_t addr, size_t context);

/* Whether text to fd, a descriptor or MD_TO_SINK, is to have colour. */
bool md_show_color(int fd);

/* Prints the items of the option show; everything when `all`. False, having done nothing, if a report is being written just now. */
bool md_show_items(bool all, bool wait);

/* Installs the handler of the option signal_show. */
void md_show_init(void);

/* Shows what a signal asked for while the thread was busy. */
void md_show_pending(struct md_thread *self);

#endif
