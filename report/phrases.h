/* SPDX-License-Identifier: MIT
 *
 * Phrases: wording that several explainers share, so that one thing is called the same everywhere.
 *
 * Allocation and signal safety   as text.h: none, and async-signal-safe.
 */
#ifndef MD_PHRASES_H
#define MD_PHRASES_H

#include "report/text.h"
#include "src/block.h"

/* "1.250 s", with that many digits after the point (at most 6). A time that is no time ("unknown", below 0) prints as "?". */
void md_phrase_seconds(struct md_text *text, double seconds, unsigned digits);

/* "T0"; "T?" when unknown. */
void md_phrase_thread(struct md_text *text, md_thread_id thread);

/* "live", "freed, in quarantine", ... */
const char *md_phrase_state(enum md_block_state state);

/* "[0x602000000010,0x60200000001a)": the block's bytes as the program asked for them. */
void md_phrase_range(struct md_text *text, const struct md_block_view *block);

/* "3 bytes before", "the start of", "4 bytes inside", "directly after": where an address is, said of the block from user on. */
void md_phrase_relation(struct md_text *text, uint64_t addr, uint64_t user, uint64_t size);

/* Where addr lies to a block: "3 bytes after the 10-byte block [...)", "directly after ...", "4 bytes inside ...", "16 bytes before ...",
 * "the start of ...". */
void md_phrase_where(struct md_text *text, uintptr_t addr, const struct md_block_view *block);

/* "1 slot", "3 slots". */
void md_phrase_count(struct md_text *text, uint64_t count, const char *one, const char *many);

/* A number at the right of `width` columns. */
void md_phrase_right(struct md_text *text, uint64_t value, size_t width);

/* A size as md_text_size, at the right of `width` columns. */
void md_phrase_right_size(struct md_text *text, uint64_t bytes, size_t width);

/* Share of part in whole in percent, rounded; 0 when whole is 0, at most 100. */
unsigned md_phrase_percent(uint64_t part, uint64_t whole);

/* How much of the free space is not in its largest piece, in percent: 0 for one piece (or none), near 100 for crumbs. */
unsigned md_phrase_fragmentation(uint64_t largest, uint64_t total);

#endif
