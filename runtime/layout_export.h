/* SPDX-License-Identifier: MIT
 *
 * What a debugger needs of us, on a live process or in a core file, without debug information: one exported object that describes itself,
 * and one function to stop at.
 *
 * `malloc_debug_layout` is a head and rows. A row has a name and a number: where an object lies ("at.heap"), how far a member is from the
 * begin of its struct, and how long it is ("zone.slot_bytes"), a size ("size.record"), a constant ("number.unit_shift"), a name
 * ("state:live", "api:malloc"). Readers look rows up by name and must bear that there are more, or fewer, of them; version rises when the
 * meaning of a row changes. gdb/malloc_debug.py is such a reader; malloc-debug-gdb(7) lists the rows.
 */
#ifndef MD_RUNTIME_LAYOUT_EXPORT_H
#define MD_RUNTIME_LAYOUT_EXPORT_H

#include <stddef.h>
#include <stdint.h>

#define MD_LAYOUT_MAGIC "MDLAYOUT" /* 8 bytes, without a NUL */
#define MD_LAYOUT_VERSION 1

struct md_layout_row {
	char name[52];
	uint32_t bytes; /* of a member; 0: the value is no offset */
	uint64_t value;
};

struct md_layout_head {
	char magic[8];
	uint32_t version;
	uint32_t head_bytes, row_bytes, row_count;
};

/* Called, in the thread that noticed it, after an error was reported and before what on_error says is done: for breakpoints. error:
 * "double-free" or the like; address: the pointer concerned. Does nothing. */
__attribute__((visibility("default"))) void malloc_debug_break(const char *error, const void *address);

/* Keeps the text of a report, cut if it is long, in place of the one before. Under MD_LOCK_REPORT. */
void md_layout_keep_report(const char *text, size_t bytes);

/* Notes the time by both clocks, so that a debugger can tell seconds. */
void md_layout_note_time(void);

#endif
